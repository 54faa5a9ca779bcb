"""Inspection of images that qemu-img created: which ones are refused."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kumoi.engines.images import qcow2
from kumoi.engines.images.inspection import KNOWN_FORMATS, Finding, Inspection
from kumoi.engines.images.interface import ImageRefused
from kumoi.kernel import processes

MIB = 1 << 20
QEMUS = {"qcow2": "qcow2", "vmdk": "vmdk", "vhd": "vpc", "vhdx": "vhdx", "vdi": "vdi"}

Make = Callable[..., bytes]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(disk_format: str, *options: str) -> bytes:
        place = tmp_path / "image"
        processes.run(["qemu-img", "create", "-q", "-f", QEMUS[disk_format], *options, str(place), "64M"])
        processes.run(["qemu-io", "-f", QEMUS[disk_format], "-c", "write -P 7 0 1M", str(place)])
        return place.read_bytes()

    return made


def inspect(data: bytes, disk_format: str | None, chunk: int = 65536) -> Finding:
    inspection = Inspection(disk_format)
    for start in range(0, len(data), chunk):
        inspection.feed(data[start : start + chunk])
    return inspection.finish()


def iso() -> bytes:
    descriptor = bytearray(2048)
    descriptor[0:7] = b"\x01CD001\x01"
    descriptor[80:84] = (600).to_bytes(4, "little")
    descriptor[128:130] = (2048).to_bytes(2, "little")
    return bytes(32768) + bytes(descriptor) + bytes(600 * 2048)


def partitioned() -> bytes:
    disk = bytearray(2 * MIB)
    disk[446:462] = b"\x80\x20\x21\x00\x83\xaa\x28\x82\x00\x08\x00\x00\x00\x08\x00\x00"
    disk[510:512] = b"\x55\xaa"
    return bytes(disk)


@pytest.mark.parametrize("chunk", [100, 4096, 1 << 20])
@pytest.mark.parametrize("disk_format", sorted(QEMUS))
def test_what_is_what_it_says_is_taken(make: Make, disk_format: str, chunk: int) -> None:
    data = make(disk_format)
    found = inspect(data, disk_format, chunk)
    assert found.detected_format == disk_format
    assert found.virtual_size is not None and 64 * MIB <= found.virtual_size < 65 * MIB
    assert inspect(data, None, chunk) == found


@pytest.mark.parametrize("subformat", ["monolithicSparse", "streamOptimized"])
def test_vmdks_that_are_one_file_are_taken(make: Make, tmp_path: Path, subformat: str) -> None:
    made, to = tmp_path / "raw", tmp_path / "vmdk"
    made.write_bytes(os.urandom(3 * MIB))
    processes.run(
        ["qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", f"subformat={subformat}", str(made), str(to)]
    )
    assert inspect(to.read_bytes(), "vmdk") == Finding("vmdk", 3 * MIB)


@pytest.mark.parametrize("declared", sorted(KNOWN_FORMATS))
@pytest.mark.parametrize("content", sorted(QEMUS))
def test_what_is_another_format_is_refused(make: Make, content: str, declared: str) -> None:
    if declared != content:
        with pytest.raises(ImageRefused, match=f"disk_format is {declared} but the content is {content}"):
            inspect(make(content), declared)


@pytest.mark.parametrize("declared", sorted(set(KNOWN_FORMATS) - {"raw", "ami", "aki", "ari"}))
@pytest.mark.parametrize("data", [b"", b"x", b"QFI\xfb", b"hello " * 100_000, bytes(3 * MIB)])
def test_junk_is_no_disk_format(data: bytes, declared: str) -> None:
    with pytest.raises(ImageRefused, match=f"disk_format is {declared} but the content is"):
        inspect(data, declared)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"QFI",
        os.urandom(3 * MIB),
        bytes(3 * MIB),
        b"hello " * 100_000,
        b"ascii first " * 100 + "雲居".encode() * 100_000,
        partitioned(),
    ],
)
def test_raw_is_anything_that_is_nothing_else(data: bytes) -> None:
    assert inspect(data, "raw") == Finding("raw", len(data))
    assert inspect(data, "ami") == Finding("raw", len(data))
    assert inspect(data, "aki") == Finding("raw", None)
    assert inspect(data, None) == Finding("raw", len(data))


def test_an_iso_is_an_iso_with_a_partition_table_too() -> None:
    plain = iso()
    hybrid = partitioned()[:512] + plain[512:]
    for data in (plain, hybrid):
        assert inspect(data, "iso") == Finding("iso", len(data))
        with pytest.raises(ImageRefused, match="content is iso"):
            inspect(data, "raw")


def test_two_formats_at_once_are_refused(make: Make) -> None:
    both = bytearray(make("qcow2"))
    both[32769:32774] = b"CD001"
    for declared in ("qcow2", "iso", "raw"):
        with pytest.raises(ImageRefused, match="several formats at once: iso, qcow2"):
            inspect(bytes(both), declared)


def test_a_fixed_vhd_says_at_its_end_what_it_is(make: Make) -> None:
    data = make("vhd", "-o", "subformat=fixed,force_size=on")
    assert inspect(data, "vhd") == Finding("vhd", 64 * MIB)
    with pytest.raises(ImageRefused, match="not of any known"):
        inspect(data[:-512], "vhd")


def test_wrong_content_is_refused_before_all_of_it_came() -> None:
    inspection = Inspection("qcow2")
    with pytest.raises(ImageRefused):
        list(map(inspection.feed, [bytes(65536)] * 100))
    assert inspection.size < 2 * MIB


def test_other_peoples_files_are_not_named(make: Make, tmp_path: Path) -> None:
    (tmp_path / "backing").write_bytes(bytes(64 * MIB))
    backed = make("qcow2", "-b", str(tmp_path / "backing"), "-F", "raw")
    with pytest.raises(ImageRefused, match="backing file"):
        inspect(backed, "qcow2")
    with pytest.raises(ImageRefused, match="data file"):
        inspect(make("qcow2", "-o", f"data_file={tmp_path / 'outside'}"), "qcow2")


def test_vmdks_that_name_other_files_are_refused(make: Make) -> None:
    text = (
        '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\n'
        'RW 8 FLAT "/etc/passwd" 0\n'
    )
    with pytest.raises(ImageRefused, match="vmdk"):
        inspect(text.encode(), "vmdk")
    sparse = make("vmdk")
    flat = sparse.replace(b'createType="monolithicSparse"', b'createType="monolithicFlat"  ')
    assert flat != sparse
    with pytest.raises(ImageRefused, match="Unsupported subformat"):
        inspect(flat, "vmdk")
    start = sparse.index(b"RW ")
    end = sparse.index(b"\n", start)
    line = b'RW 8 FLAT "/etc/shadow"'.ljust(end - start)
    with pytest.raises(ImageRefused, match="extent"):
        inspect(sparse[:start] + line + sparse[end:], "vmdk")


@pytest.mark.parametrize("bit", [1, 2, 4, 5, 40, 63])
def test_unknown_and_unsafe_features_are_refused(make: Make, bit: int) -> None:
    data = bytearray(make("qcow2"))
    data[72:80] = (1 << bit).to_bytes(8, "big")
    with pytest.raises(ImageRefused, match="qcow2 image is refused"):
        inspect(bytes(data), "qcow2")


@pytest.mark.parametrize("size", [4, 100, 511, 512, 4096, 70_000])
def test_a_qcow2_cut_short_is_refused(make: Make, size: int) -> None:
    with pytest.raises(ImageRefused):
        inspect(make("qcow2")[:size], "qcow2")


@pytest.mark.parametrize("disk_format", ["vmdk", "vhd", "vhdx", "vdi"])
@pytest.mark.parametrize("size", [4, 100, 511])
def test_other_headers_cut_short_are_refused(make: Make, disk_format: str, size: int) -> None:
    with pytest.raises(ImageRefused):
        inspect(make(disk_format)[:size], disk_format)


def test_no_bytes_make_it_fail_otherwise(make: Make) -> None:
    """Mutated headers are accepted or refused, and never cause another error."""
    for disk_format in QEMUS:
        data = make(disk_format)[: 2 * MIB]
        for step in range(120):
            broken = bytearray(data)
            for position in (step * 7 % 512, step * 131 % 4096, 196608 + step * 3 % 256, 131072 + step * 5 % 256):
                if position < len(broken):
                    broken[position] ^= 0xFF
            with contextlib.suppress(ImageRefused):
                inspect(bytes(broken), disk_format, 1 << 20)


def test_headers_of_our_own(make: Make, tmp_path: Path) -> None:
    made = make("qcow2")
    (tmp_path / "below").write_bytes(made)
    header = qcow2.parse(make("qcow2", "-b", "below", "-F", "qcow2", "-o", "cluster_size=4k"))
    assert (header.virtual_size, header.backing, header.backing_format) == (64 * MIB, "below", "qcow2")
    assert header.cluster_bits == 12
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "image")
    with pytest.raises(OSError, match="symbolic"):
        qcow2.read(link)


def lacking(path: Path) -> str | None:
    with path.open("rb") as file:
        return qcow2.refusal_of_clusters(file)


@pytest.mark.parametrize("options", [(), ("-c",), ("-o", "cluster_size=4k"), ("-o", "compat=0.10")])
def test_a_qcow2_that_lacks_clusters_is_found_out(tmp_path: Path, options: tuple[str, ...]) -> None:
    raw, made = tmp_path / "raw", tmp_path / "image"
    raw.write_bytes(os.urandom(MIB) + bytes(7 * MIB) + os.urandom(MIB + 700))
    processes.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, str(raw), str(made)])
    assert lacking(made) is None
    size = made.stat().st_size
    for cut in (size - MIB // 2, size // 2, size // 4):
        os.truncate(made, cut)
        assert f"it is cut short: it has {cut} bytes" in str(lacking(made))


def test_tables_that_point_to_one_another_cost_one_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "image"
    processes.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=512", str(made), "64M"])
    with made.open("r+b") as file:
        header = qcow2.read(made)
        file.seek(header.l1_offset)
        file.write((0x8000_0000_0000_0000 + header.l1_offset // 512 * 512).to_bytes(8, "big") * header.l1_entries)
    read: list[int] = []
    entries = qcow2._entries
    monkeypatch.setattr(qcow2, "_entries", lambda handle, at, count: read.append(count) or entries(handle, at, count))  # type: ignore[func-returns-value]
    lacking(made)
    assert sum(read) <= header.l1_entries + 64

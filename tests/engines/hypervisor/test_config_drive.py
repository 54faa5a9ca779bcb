"""Config drives in both formats, read as a guest would."""

from pathlib import Path

import pytest

from kumoi.engines.hypervisor.qemu import config_drive
from kumoi.kernel import processes

DOCUMENTS = {
    "openstack/latest/meta_data.json": b'{"uuid": "a"}',
    "openstack/2018-08-27/network_data.json": b"{}",
    "openstack/latest/user_data": b"x" * 300_000,
    "ec2/latest/meta-data.json": b"[]",
}


def test_a_fat_file_system(tmp_path: Path) -> None:
    image = tmp_path / "config.iso"
    for _ in range(2):
        config_drive.write(DOCUMENTS, image, "vfat")
    for path, content in DOCUMENTS.items():
        place = tmp_path / "read"
        processes.run(["mcopy", "-n", "-o", "-i", str(image), f"::{path}", str(place)])
        assert place.read_bytes() == content
    assert config_drive.LABEL in processes.run(["mlabel", "-s", "-i", str(image), "::"]).lower()
    assert config_drive.device(image) == "scsi-hd"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.iso", "read"]


def test_large_user_data_fits(tmp_path: Path) -> None:
    config_drive.write({"openstack/latest/user_data": b"x" * (70 << 20)}, tmp_path / "config.iso", "vfat")


def test_an_iso_image(tmp_path: Path) -> None:
    image = tmp_path / "config.iso"
    config_drive.write(DOCUMENTS, image)
    assert config_drive.device(image) == "scsi-cd" == config_drive.device(tmp_path / "none")


@pytest.mark.parametrize("kind", ["iso9660", "vfat"])
def test_a_failure_leaves_the_image_before(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "config.iso"
    config_drive.write(DOCUMENTS, image, kind)
    before = image.read_bytes()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises((config_drive.HypervisorError, OSError)):
        config_drive.write({**DOCUMENTS, "openstack/latest/user_data": b"y"}, image, kind)
    assert image.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ["config.iso"]

"""`kumoi up` refuses before it starts anything, each time with a sentence that says what to do."""

import os
import shutil
import socket
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from kumoi import migrations
from kumoi.cli import preconditions
from kumoi.engines.hypervisor.qemu import accelerator
from kumoi.kernel.settings import Folder, Settings
from tests.ports import free_port

PORT = free_port()


def problems(folder: Path, **settings: object) -> str:
    made = Settings(cloud_id="abcdef", **{"hypervisor": "fake", "network": "fake", "port": PORT} | settings)  # type: ignore[arg-type]
    return "\n".join(preconditions.problems(Folder(folder), made, running=False))


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A data folder's path, absent."""
    return Path(f"/tmp/k-{os.getpid()}")


def test_nothing_is_wrong_with_a_cloud_of_fakes(short: Path) -> None:
    assert problems(short) == ""


def test_a_path_too_long_for_sockets(short: Path) -> None:
    assert "at most 60" in problems(short / ("x" * 60))


def test_a_port_that_is_taken(short: Path) -> None:
    with socket.create_server(("127.0.0.1", PORT)):
        assert f"port {PORT} cannot be had" in problems(short)


def test_a_missing_program_names_its_package(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preconditions, "PATH", "/nowhere")
    assert problems(short) == "nginx is missing: apt-get install --no-install-recommends nginx"
    if os.geteuid() == 0:
        assert "ovn-controller is missing: apt-get install --no-install-recommends ovn-host" in problems(
            short, network="ovn", external_cidr="198.51.100.0/24"
        ).replace("nft, ", "") or "iproute2" in problems(short, network="ovn")


def test_a_disk_nearly_full(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=50 << 20))
    assert "50 MiB free, 100 MiB are needed" in problems(short)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_real_engines_without_root(short: Path) -> None:
    assert "--set hypervisor=fake" in problems(short, hypervisor="qemu")


@pytest.mark.skipif(os.geteuid() != 0, reason="only as root is it looked at")
def test_a_folder_that_guests_may_not_enter(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    short = Path(f"/tmp/k-{os.getpid()}-link")
    (tmp_path / "d").mkdir()
    short.mkdir(mode=0o700)
    try:
        assert f"may not enter {short}" in problems(short / "d", hypervisor="qemu")
    finally:
        short.rmdir()


@pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed")
def test_an_external_network_that_this_machine_is_already_in(short: Path) -> None:
    assert "overlaps 127.0.0.0/8 of this machine's lo" in problems(short, network="ovn", external_cidr="127.7.0.0/16")
    assert "external_cidr" in problems(short, network="ovn", external_cidr="127.7.0.1/16")


def test_a_locked_database(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preconditions, "WAIT_FOR_LOCK", 0.1)
    (short / "database").mkdir(parents=True)
    try:
        connection = sqlite3.connect(short / "database" / "kumoi.db", isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        assert "database is locked" in problems(short)
        connection.close()
    finally:
        shutil.rmtree(short)


def test_a_database_server_that_is_away_without_its_password(short: Path) -> None:
    told = problems(short, database="postgresql://kumoi:secret@127.0.0.1:1/kumoi")
    assert "cannot be used" in told
    assert "secret" not in told


def test_half_a_certificate(short: Path) -> None:
    assert "tls_key" in problems(short, tls_certificate="/etc/hostname")
    assert "tls_key: /nowhere cannot be read" in problems(short, tls_certificate="/etc/hostname", tls_key="/nowhere")


def test_a_kvm_that_was_tried_in_vain_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, settings = Folder(tmp_path), Settings(hypervisor="qemu")
    monkeypatch.setattr(accelerator, "kvm_may_work", lambda: True)
    exists = Path.exists
    monkeypatch.setattr(
        Path, "exists", lambda path: {"/dev/kvm": True, "/sys/module/kvm_pvm": False}.get(str(path), exists(path))
    )
    assert preconditions.notes(folder, settings) == []
    for works, told in ((True, []), (False, ["was tried with it did not start"])):
        monkeypatch.setattr(accelerator, "boots", lambda kind, user, works=works: works)
        (folder.host / "accelerator.json").unlink(missing_ok=True)
        accelerator.choose("auto", folder.host / "accelerator.json", None)
        notes = preconditions.notes(folder, settings)
        assert len(notes) == len(told) and all(text in note for text, note in zip(told, notes, strict=True))


@pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed")
@pytest.mark.parametrize("running", [False, True])
def test_a_card_that_this_machine_does_not_have(short: Path, running: bool) -> None:
    made = Settings(cloud_id="abcdef", hypervisor="fake", network="ovn", external_interface="eth99", port=PORT)
    told = "\n".join(preconditions.problems(Folder(short), made, running=running))
    if os.geteuid() == 0:
        assert (
            "external_interface: this machine has no network card eth99" in told and "--set external_interface=" in told
        )


def test_a_running_cloud_is_refused_an_address_of_another_machine(short: Path) -> None:
    made = Settings(cloud_id="abcdef", hypervisor="fake", network="fake", port=PORT, address="192.0.2.1")
    (told,) = preconditions.problems(Folder(short), made, running=True, held_port=PORT)
    assert told.startswith("address: 192.0.2.1 is none of this machine's")


def test_a_running_cloud_holds_its_port_itself(short: Path) -> None:
    made = Settings(cloud_id="abcdef", hypervisor="fake", network="fake", port=PORT)
    with socket.create_server(("127.0.0.1", PORT)):
        assert preconditions.problems(Folder(short), made, running=True, held_port=PORT) == []
        (told,) = preconditions.problems(Folder(short), made, running=True, held_port=PORT + 1)
    assert f"port {PORT} cannot be had" in told


def test_a_certificate_that_is_none(short: Path) -> None:
    told = problems(short, tls_certificate="/etc/hostname", tls_key="/etc/hostname")
    assert "/etc/hostname cannot be used" in told and "PEM" in told


def test_a_name_server_that_is_none(short: Path) -> None:
    assert "dns_servers: '1.2.3' does not appear to be" in problems(short, dns_servers="1.2.3")
    assert problems(short, dns_servers="192.0.2.1, 2001:db8::1") == problems(short, dns_servers="none") == ""


def test_an_external_network_too_small(short: Path) -> None:
    assert "external_cidr: 198.51.100.0/30" in problems(short, network="ovn", external_cidr="198.51.100.0/30")


@pytest.mark.skipif(os.geteuid() != 0, reason="real guests need root")
@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed")
def test_a_kvm_that_does_not_work_is_refused_where_it_is_asked_for(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for may, boots in ((False, True), (True, False), (True, True)):
        monkeypatch.setattr(accelerator, "kvm_may_work", lambda may=may: may)
        monkeypatch.setattr(accelerator, "boots", lambda kind, user, boots=boots: boots)
        told = problems(short, hypervisor="qemu", accelerator="kvm")
        assert ("KVM does not work" in told) is not (may and boots)
        assert ("--set accelerator=auto" in told) is not (may and boots)
    monkeypatch.setattr(accelerator, "kvm_may_work", lambda: False)
    assert problems(short, hypervisor="qemu", accelerator="auto") == ""


def test_a_damaged_database_names_the_way_back(short: Path) -> None:
    path = short / "database" / "kumoi.db"
    path.parent.mkdir(parents=True)
    try:
        path.write_bytes(b"this is no database" * 1000)
        assert "is damaged" in problems(short) and "kumoi restore" in problems(short)
        path.unlink()
        connection = sqlite3.connect(path)
        connection.executescript("create table t (x text); create index i on t (x);")
        connection.executemany("insert into t values (?)", [(f"{number:0100}",) for number in range(2000)])
        connection.commit()
        connection.close()
        assert problems(short) == ""
        pages = path.read_bytes()
        path.write_bytes(pages[:40960] + b"\xff" * 8192 + pages[49152:])
        assert "is damaged" in problems(short) and "kumoi restore" in problems(short)
    finally:
        shutil.rmtree(short)


def test_a_database_of_a_newer_kumoi_is_left_alone(short: Path) -> None:
    (short / "database").mkdir(parents=True)
    try:
        for revision, said in (
            (migrations.scripts().get_current_head(), ""),
            ("abcdef", "its tables are of a newer version of Kumoi"),
        ):
            connection = sqlite3.connect(short / "database" / "kumoi.db")
            connection.executescript(
                "drop table if exists alembic_version; create table alembic_version (version_num text);"
            )
            connection.execute("insert into alembic_version values (?)", (revision,))
            connection.commit()
            connection.close()
            assert said in problems(short) and bool(problems(short)) == bool(said)
    finally:
        shutil.rmtree(short)


def test_an_address_open_to_others_without_tls_is_told(tmp_path: Path) -> None:
    def notes(**settings: str) -> list[str]:
        return preconditions.notes(Folder(tmp_path), Settings(hypervisor="fake", network="fake", **settings))  # type: ignore[arg-type]

    (told,) = notes(address="0.0.0.0")
    assert "address: 0.0.0.0" in told and "--set tls_certificate=" in told
    assert notes(address="0.0.0.0", tls_certificate="/a", tls_key="/b") == notes() == notes(address="::1") == []


@pytest.mark.parametrize(
    ("uids", "said"),
    [
        ("9-7", "is not a range of uids"),
        ("700000-4294967295", "is not a range of uids"),
        ("1-999999", "contains the uid of"),
    ],
)
def test_uids_of_guests_that_cannot_be_theirs(short: Path, uids: str, said: str) -> None:
    assert said in problems(short, guest_uids=uids)
    assert problems(short, guest_uids="700000-765535") == ""


def test_realms_of_other_clouds(short: Path, tmp_path: Path) -> None:
    file = tmp_path / "realms.conf"
    assert "realms.conf cannot be used" in problems(short, container_sync_realms=str(file))
    file.write_text("[east]\ncluster_here = http://here/v1\n")
    assert "the realm east has no key" in problems(short, container_sync_realms=str(file))
    file.write_text("[east]\nkey = k\ncluster_here = http://here/v1\n")
    good = {
        "container_sync_realms": str(file),
        "container_sync_current": "//EAST/HERE",
        "container_copies": "//east/here",
    }
    assert problems(short, **good) == ""
    for name in ("container_sync_current", "container_copies"):
        assert f"{name}: //east/there is no cluster" in problems(short, **{**good, name: "//east/there"})
        assert f"{name}: //east/here is no cluster" in problems(short, **{name: "//east/here"})


def test_rates_of_writes(short: Path) -> None:
    assert problems(short, writes_per_container="0:100, 1000:5.5") == ""
    for wrong in ("1", "0:0", "1:1:1", ":"):
        assert "writes_per_container" in problems(short, writes_per_container=wrong), wrong

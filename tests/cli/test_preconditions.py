"""What `kumoi up` refuses before it begins, each with a sentence that says what to do."""

import os
import shutil
import socket
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

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

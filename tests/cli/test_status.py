"""What `kumoi status` says of the disk and of guests' limits."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from kumoi.cli import status
from kumoi.engines.hypervisor.qemu import control_groups
from kumoi.kernel.settings import Folder, Settings
from kumoi.services.object_store import synced


@pytest.mark.parametrize(
    ("free", "said", "healthy"),
    [(3000, "", True), (2000, "nearly full (2000 MiB free)", True), (7, "is full (7 MiB free)", False)],
)
def test_a_disk_is_told_before_it_is_full_and_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, said: str, healthy: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free << 20))
    monkeypatch.setattr(status, "ask", lambda *_: {"supervisor": 1, "processes": [], "settled": True})
    monkeypatch.setattr(status, "answers", lambda _: True)
    found = status.status(Folder(tmp_path), Settings(hypervisor="fake"))
    assert found.healthy is healthy
    assert len(found.warnings) == bool(said) and all(said in warning for warning in found.warnings)


def test_limits_that_guests_lack_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(control_groups, "mounted", lambda: tmp_path)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    assert ["limits of io:" in warning for warning in status.guest_warnings(Settings())] == [True]
    (tmp_path / "cgroup.controllers").write_text("cpu io memory pids\n")
    assert list(status.guest_warnings(Settings())) == []


def test_copies_in_other_clouds_are_told(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert status.copies(folder) == []
    folder.run.mkdir()
    there = [("fine", 5.0, ""), ("late", 700.0, ""), ("broken", 1.0, "no answer")]
    rows = [status.CopyStatus(name, "//EAST/THERE", lag, error) for name, lag, error in there]
    (folder.run / synced.STATUS).write_bytes(msgspec.json.encode(rows))
    found = status.copies(folder)
    assert found == rows
    late, broken = status.copy_warnings(found)
    assert "late at //EAST/THERE is 700 s behind" in late and broken.endswith("is 1 s behind: no answer")
    (folder.run / synced.STATUS).write_bytes(b"{")
    assert status.copies(folder) == []

"""What `kumoi status` says of the disk and of guests' limits."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from kumoi.cli import status
from kumoi.engines.hypervisor.qemu import control_groups
from kumoi.kernel.settings import Folder, Settings


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

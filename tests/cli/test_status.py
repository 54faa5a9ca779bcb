"""What `kumoi status` says of the disk."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from kumoi.cli import status
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
    found = status.status(Folder(tmp_path), Settings())
    assert found.healthy is healthy
    assert len(found.warnings) == bool(said) and all(said in warning for warning in found.warnings)

"""Completed `kumoi backup` and `kumoi restore` survive a power cut."""

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.power_cut.__main__ import Recording
from tests.power_cut.afterwards import fresh
from tests.power_cut.disk import Luck
from tests.power_cut.trace import Event


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which records the writes, is not installed")
def test_a_backup_and_what_it_was_restored_to_are_whole(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "recorded", program="tests.power_cut.backing_up")
    recording.make()
    after = tmp_path / "after"
    for _, disk, _, _, event in recording.walk():
        if event == Event("sync", str(recording.data)):  # the last one comes at the very end
            disk.lay_out(fresh(after), Luck.NOTHING, Random(1))
    assert _files(after / "elsewhere" / "second") == _files(recording.data / "elsewhere" / "second")
    assert _files(after / "elsewhere" / "second")["images/image"] == b"bytes" * 1000
    assert (after / "backup.tar.gz").read_bytes() == (recording.data / "backup.tar.gz").read_bytes()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

"""What the API answered with success survives a power cut: after each reply, and at random points."""

import shutil

import pytest

from kumoi import app
from tests.matrix import report
from tests.power_cut import __main__ as power_cut

app.load_services()
CUTS = 56
WITH_GUESTS = 24
WITH_DISKS = 48


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which records the writes, is not installed")
def test_what_was_answered_is_there_after_a_power_cut() -> None:
    found = power_cut.play(CUTS, seed=1)
    report.note("power-cut", "test", dict(found.counts))
    assert found.broken == []
    assert found.counts["cuts"] == CUTS
    assert found.counts["answers"] >= 30
    assert found.counts["promises checked"] >= 400


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which records the writes, is not installed")
def test_objects_on_several_disks_survive_a_power_cut() -> None:
    pytest.importorskip("pyeclib")
    found = power_cut.play(WITH_DISKS, seed=1, guests="disks")
    report.note("power-cut", "test with disks", dict(found.counts))
    assert found.broken == []
    assert found.counts["cuts"] == WITH_DISKS
    assert found.counts["answers"] >= 15


@pytest.mark.real
def test_guests_come_up_again_after_a_power_cut() -> None:
    found = power_cut.play(WITH_GUESTS, seed=1, guests="qemu")
    report.note("power-cut", "test with guests", dict(found.counts))
    assert found.broken == []
    assert found.counts["cuts"] == WITH_GUESTS

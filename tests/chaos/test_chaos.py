"""The short run of chaos: a real cloud, four clients, a kill every two and a half seconds."""

import os
import random

import pytest

from tests.chaos.__main__ import play

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.chaos,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests and networks need root"),
]
SECONDS, PAUSE = 90.0, 2.4


def test_a_cloud_whose_processes_are_killed() -> None:
    """The seed is printed, and another one each time: `make chaos SEED=…` chooses the same kills and lives."""
    seed = os.environ.get("KUMOI_SEED", str(random.SystemRandom().randrange(10**6)))
    assert play(SECONDS, seed, PAUSE, "test") == []

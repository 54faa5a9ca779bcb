"""The short run of chaos: a real cloud, four clients, a kill every two and a half seconds."""

import os

import pytest

from tests.chaos.__main__ import play

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.chaos,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests and networks need root"),
]
SECONDS, PAUSE = 45.0, 2.4
"""`make chaos SECONDS=300` is the long form (`make prove`)."""
SEEDS = {"sqlite": "135351", "postgresql": "77"}


@pytest.mark.parametrize("database", SEEDS)
def test_a_cloud_whose_processes_are_killed(database: str) -> None:
    """`make chaos` uses another seed each time. Even the same seed gives different coincidences."""
    seed = os.environ.get("KUMOI_SEED", SEEDS[database])
    assert play(SECONDS, seed, PAUSE, f"test, {database}", database=database) == []

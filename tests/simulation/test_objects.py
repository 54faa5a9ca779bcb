"""The object store's threads and sweeps in orders that seeds decide."""

import os
from pathlib import Path

from tests.simulation import objects

SEEDS = int(os.environ.get("KUMOI_SEEDS", "1000")) // 5


def test_writers_groups_and_sweeps_by_seeds(tmp_path: Path) -> None:
    seen = objects.play(tmp_path, 1, max(SEEDS, 10))
    if SEEDS >= 60:
        assert [kind for kind in objects.KINDS if not seen[kind]] == []

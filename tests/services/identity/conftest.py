"""A cloud that checks real tokens: users of the bootstrap, and more that tests make."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.identity.cloud import IdentityCloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[IdentityCloud]:
    made = IdentityCloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}")
    yield made
    made.close()

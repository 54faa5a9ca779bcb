"""A cloud that checks real tokens: users of the bootstrap, and more that tests make."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.identity.cloud import IdentityCloud


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[IdentityCloud]:
    made = IdentityCloud(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def admin(cloud: IdentityCloud) -> str:
    """A token of the cloud's admin."""
    return cloud.log_in("admin")


@pytest.fixture
def member(cloud: IdentityCloud) -> str:
    """A token of a member of the project demo."""
    return cloud.log_in("demo")

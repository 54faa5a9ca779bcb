"""Fixtures for compute's tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import Cloud
from tests.services.compute import world as worlds


@pytest.fixture
def world(cloud: Any) -> worlds.World:
    """A cloud with a host, flavors, an image and a network, in which servers can be created."""
    return worlds.make(cloud)


@pytest.fixture
def world_on_each_database(tmp_path: Path, database_url: str) -> Iterator[worlds.World]:
    """As `world`, on SQLite and on PostgreSQL."""
    cloud = Cloud(tmp_path, database_url)
    yield worlds.make(cloud)
    cloud.close()

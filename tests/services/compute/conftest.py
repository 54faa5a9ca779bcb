"""Fixtures for compute's tests."""

from typing import Any

import pytest

from tests.services.compute import world as worlds


@pytest.fixture
def world(cloud: Any) -> worlds.World:
    """A cloud with a host, flavors, an image and a network: servers can be made at once."""
    return worlds.make(cloud)

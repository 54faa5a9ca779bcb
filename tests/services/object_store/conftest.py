"""The object store's tests run on the fake and on real files."""

from functools import partial
from typing import Any

import pytest

from kumoi.engines.objects.fake import FakeObjects
from kumoi.engines.objects.interface import ObjectStore
from tests.services.object_store.sending import ask


@pytest.fixture(params=["fake", "disk"])
def store(request: pytest.FixtureRequest, cloud: Any) -> Any:
    if request.param == "fake":
        cloud.engines[ObjectStore] = FakeObjects(cloud.folder.objects)
    return cloud.engines[ObjectStore]


@pytest.fixture
def swift(cloud: Any, store: Any) -> Any:
    """`swift("PUT", "/container")`."""
    return partial(ask, cloud)

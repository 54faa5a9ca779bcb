"""The object store in memory."""

from pathlib import Path

import pytest

from kumoi.engines.objects.fake import FakeObjects
from kumoi.engines.objects.interface import NoRoom
from tests.engines.objects.contract import ObjectStoreContract
from tests.engines.objects.doing import container


class TestFakeObjects(ObjectStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FakeObjects:
        return FakeObjects(tmp_path)

    def test_it_can_be_full(self, store: FakeObjects) -> None:
        store.full = True
        with pytest.raises(NoRoom):
            container(store)
        with pytest.raises(NoRoom):
            store.begin().write(b"x")

"""One cloud for each file. Its requests are refused, so they change nothing."""

from collections.abc import Iterator

import pytest

from tests.cloud import Cloud


@pytest.fixture(scope="module")
def one_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    made = Cloud(folder, f"sqlite:///{folder / 'kumoi.db'}")
    yield made
    made.close()

"""What the kernel's tests share."""

from collections.abc import Iterator

import pytest

from kumoi.kernel.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """One with all tables, of each kind in turn."""
    made = Database(database_url)
    made.create_all()
    yield made
    made.close()

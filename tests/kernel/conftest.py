"""Common fixtures of the kernel's tests."""

from collections.abc import Iterator

import pytest

from kumoi.kernel.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with all tables, on each kind in turn."""
    made = Database(database_url)
    made.create_all()
    yield made
    made.close()

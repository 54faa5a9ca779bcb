"""Fixtures for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cloud import Cloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """A whole cloud on fakes and SQLite; callers are named by their token (see tests/cloud.py)."""
    made = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}")
    yield made
    made.close()


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database."""
    return f"sqlite:///{tmp_path / 'kumoi.db'}"

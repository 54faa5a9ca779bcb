"""Fixtures for every test."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi import app
from kumoi.kernel.database import Database
from tests.cloud import Cloud
from tests.databases import PostgreSQL, programs
from tests.side_by_side import begin_with_the_longest, scheduler
from tests.times import Times


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", metavar="NAME", help="write what each file costs to reports/tests-NAME.json")


MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Free bytes of memory that are required to place tests' folders there."""


def pytest_configure(config: pytest.Config) -> None:
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    if name := config.getoption("--times"):
        config.pluginmanager.register(Times(name), "times")


LONG = {"simulation", "matrix", "fuzz", "power_cut", "chaos"}
LIMIT_OF_LONG = 0.0 if os.environ.get("KUMOI_MATRIX") == "whole" else 1800.0
"""Seconds for a test of a folder in LONG, or with real engines; 0: no limit. `timeout` in pyproject.toml is the limit of
all others. The limits only end tests that wait for ever, so they are generous for a slow machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    begin_with_the_longest(items)
    for item in items:
        kinds = {mark.name for mark in item.iter_markers()} | set(item.nodeid.split("/"))
        if kinds & {"real", "end_to_end", *LONG}:
            item.add_marker(pytest.mark.timeout(LIMIT_OF_LONG))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return scheduler(config, log)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """A whole cloud on fakes and SQLite. A caller's name is used as the token (see tests/cloud.py)."""
    made = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}")
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One PostgreSQL for the session, started by the first test that needs it."""
    if programs() is None and os.getuid() != 0:
        pytest.skip("PostgreSQL is not installed and cannot be without root")
    server = PostgreSQL.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def filled_template(postgresql: PostgreSQL) -> str:
    """The name of a database with every table and no row: copying it is quicker than making the tables."""
    with contextlib.suppress(Exception):  # a service that cannot be loaded fails only its own tests
        app.load_services()
    name = postgresql.fresh()
    database = Database(postgresql.url(name))
    database.create_all()
    database.close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database without rows, on each supported kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'kumoi.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.lent(request.getfixturevalue("filled_template")) as name:
        yield server.url(name)

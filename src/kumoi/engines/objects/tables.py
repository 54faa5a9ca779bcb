"""The tables of the index, and connections to it."""

import sqlite3
from pathlib import Path
from typing import Any, Protocol

PATIENCE_MS = 10_000
"""How long a writer waits for another process's transaction."""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS accounts (
        name TEXT PRIMARY KEY, created_at INTEGER NOT NULL, containers INTEGER NOT NULL, objects INTEGER NOT NULL,
        bytes INTEGER NOT NULL, metadata BLOB NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS containers (
        id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL, policy TEXT NOT NULL, objects INTEGER NOT NULL, bytes INTEGER NOT NULL,
        metadata BLOB NOT NULL, UNIQUE (account, name))""",
    """CREATE TABLE IF NOT EXISTS objects (
        container INTEGER NOT NULL, name TEXT NOT NULL, entry TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
        content_type TEXT NOT NULL, at INTEGER NOT NULL, metadata BLOB NOT NULL, delete_at INTEGER, place TEXT,
        bytes INTEGER, PRIMARY KEY (container, name)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS objects_by_end ON objects (delete_at) WHERE delete_at IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS objects_by_place ON objects (place) WHERE place IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS small_bytes (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS unwanted (place TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID",
)  # fmt: skip
_VERSIONS = (
    "ALTER TABLE containers ADD COLUMN versions INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE containers ADD COLUMN versioning TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE objects ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE objects ADD COLUMN named INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE objects ADD COLUMN marker INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX objects_old_nulls ON objects (container, name) WHERE container < 0 AND named = 0",
)
"""A row whose `container` is negative is an old version of an object in that container (`versions.py`)."""
_POLICIES = (
    """CREATE TABLE policies (
        account TEXT NOT NULL, policy TEXT NOT NULL, containers INTEGER NOT NULL, objects INTEGER NOT NULL,
        bytes INTEGER NOT NULL, PRIMARY KEY (account, policy)) WITHOUT ROWID""",
)
"""Counters of an account's containers with another policy than the default one."""
_CHANGES = (
    "CREATE TABLE followers (container INTEGER PRIMARY KEY, state BLOB NOT NULL)",
    """CREATE TABLE changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, container INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
        gone INTEGER NOT NULL, waiting INTEGER NOT NULL, UNIQUE (container, name))""",
    "CREATE INDEX changes_waiting ON changes (container, id) WHERE waiting",
    "CREATE INDEX changes_by_age ON changes (at) WHERE NOT waiting",
)
_STEPS = (_TABLES, _VERSIONS, _POLICIES, _CHANGES)
"""Each makes the next version of the tables."""


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection for one thread at a time. `readonly`: no changes; the file itself is opened for writing, because a
    reader must open the WAL too."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        f"busy_timeout={PATIENCE_MS}", "journal_mode=WAL", "synchronous=FULL", "cache_size=-4096", "temp_store=MEMORY",
        f"query_only={'ON' if readonly else 'OFF'}",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    return connection


def make_tables(connection: sqlite3.Connection) -> bool:
    """Create them unless they exist, and change those of an older version. Returns whether anything was done."""
    if _made(connection) == len(_STEPS):
        return False
    connection.execute("BEGIN IMMEDIATE")
    for step in _STEPS[_made(connection) :]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(_STEPS)}")
    connection.execute("COMMIT")
    return True


def _made(connection: sqlite3.Connection) -> int:
    made: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return made


class Asked(Protocol):
    """A connection, or what records its statements."""

    def execute(self, sql: str, values: Any = ..., /) -> sqlite3.Cursor: ...

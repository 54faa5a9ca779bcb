"""Counters that invalidate the caches of all processes, from the next request on."""

import contextlib
import sqlite3
from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Database, Table, Transaction, metadata


class EpochRow(TypedDict):
    name: str
    value: int


epochs = Table[EpochRow](
    "kernel_epochs",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)


_CURRENT = sa.select(epochs.c.value).where(epochs.c.name == sa.bindparam("name"))
"""Built once, because every request of every service executes it."""
_LATEST = f"SELECT value FROM {epochs.name} WHERE name = ?"  # noqa: S608


def current(tx: Transaction, name: str) -> int:
    return int(tx.scalar(_CURRENT, {"name": name}) or 0)


def latest(database: Database, name: str) -> int:
    """As `current`, in no transaction of the caller's."""
    if database.glances is not None:
        # After an error `read` waits, or tells what is wrong.
        with contextlib.suppress(sqlite3.Error):
            return int(database.glances.value(_LATEST, name) or 0)
    return database.read(lambda tx: current(tx, name))


_TOTAL = sa.select(sa.func.sum(epochs.c.value))


def total(tx: Transaction) -> int:
    """Grows when any of them advances."""
    return int(tx.scalar(_TOTAL) or 0)


def advance(tx: Transaction, name: str) -> None:
    """Invalidate everything that processes cached under this name, when this transaction commits."""
    tx.upsert(epochs, {"name": name}, {"value": current(tx, name) + 1})

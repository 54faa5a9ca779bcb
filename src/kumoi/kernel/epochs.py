"""Counters that tell every process at once that something it remembers has changed."""

import sqlalchemy as sa

from kumoi.kernel.database import Transaction, metadata

epochs = sa.Table(
    "kernel_epochs",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)


_CURRENT = sa.select(epochs.c.value).where(epochs.c.name == sa.bindparam("name"))
"""Built once: every request of every service asks it."""


def current(tx: Transaction, name: str) -> int:
    return int(tx.scalar(_CURRENT, {"name": name}) or 0)


def advance(tx: Transaction, name: str) -> None:
    """What other processes remember under this name is void once this transaction commits."""
    tx.upsert(epochs, {"name": name}, {"value": current(tx, name) + 1})

"""The SQL of hosts out of use."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage.services.models import VolumeServiceRow
from kumoi.services.block_storage.services.models import volume_services as table


def every(tx: Transaction) -> dict[str, VolumeServiceRow]:
    """Host → its row."""
    return {row["host"]: row for row in tx.all(sa.select(table), VolumeServiceRow)}


def update(tx: Transaction, host: str, **values: Any) -> None:
    """Of a host with or without a row."""
    before = every(tx).get(host) or {"disabled": False, "disabled_reason": None, "frozen": False}
    kept = {name: before[name] for name in ("disabled", "disabled_reason", "frozen")}
    tx.upsert(table, {"host": host}, {**kept, **values})

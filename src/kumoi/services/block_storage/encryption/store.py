"""The SQL of encryption."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage.encryption.models import EncryptionRow
from kumoi.services.block_storage.encryption.models import encryption as table


def insert(tx: Transaction, row: EncryptionRow) -> EncryptionRow:
    tx.insert_row(table, row)
    return row


def of_type(tx: Transaction, volume_type_id: str) -> EncryptionRow | None:
    return tx.one(sa.select(table).where(table.c.volume_type_id == volume_type_id), EncryptionRow)


def update(tx: Transaction, volume_type_id: str, **values: Any) -> None:
    changed = table.update().where(table.c.volume_type_id == volume_type_id)
    tx.execute(changed.values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, volume_type_id: str) -> None:
    tx.execute(table.delete().where(table.c.volume_type_id == volume_type_id))

"""The SQL of QoS specs and of the volume types that name them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.pagination import page
from kumoi.services.block_storage.qos_specs.models import QosSpecsRow
from kumoi.services.block_storage.qos_specs.models import qos_specs as table
from kumoi.services.block_storage.volume_types.models import VolumeTypeRow
from kumoi.services.block_storage.volume_types.models import volume_types as types_table


def insert(tx: Transaction, row: QosSpecsRow) -> QosSpecsRow:
    tx.insert_row(table, row)
    return row


def find(tx: Transaction, qos_specs_id: str) -> QosSpecsRow | None:
    return tx.one(sa.select(table).where(table.c.id == qos_specs_id), QosSpecsRow)


def named(tx: Transaction, name: str) -> QosSpecsRow | None:
    return tx.one(sa.select(table).where(table.c.name == name), QosSpecsRow)


def update(tx: Transaction, qos_specs_id: str, **values: Any) -> None:
    tx.execute(table.update().where(table.c.id == qos_specs_id).values(**{"updated_at": tx.now, **values}))


def delete(tx: Transaction, qos_specs_id: str) -> None:
    tx.execute(table.delete().where(table.c.id == qos_specs_id))


def list_of(
    tx: Transaction,
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[sa.ColumnElement[Any], str]],
    marker: QosSpecsRow | None,
    limit: int,
    offset: int = 0,
) -> list[QosSpecsRow]:
    query = sa.select(table).where(*conditions)
    return page(tx, query.offset(offset) if offset else query, QosSpecsRow, sort=sort, marker=marker, limit=limit)


def types_of(tx: Transaction, qos_specs_id: str) -> list[VolumeTypeRow]:
    """The volume types that name it."""
    return tx.all(
        sa.select(types_table).where(types_table.c.qos_specs_id == qos_specs_id).order_by(types_table.c.name),
        VolumeTypeRow,
    )


def release(tx: Transaction, qos_specs_id: str) -> None:
    """No volume type names it any more."""
    tx.execute(
        types_table.update()
        .where(types_table.c.qos_specs_id == qos_specs_id)
        .values(qos_specs_id=None, updated_at=tx.now)
    )

"""The SQL of members."""

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.image.images.models import PENDING, MemberRow
from kumoi.services.image.images.models import members as members_table


def find(tx: Transaction, image_id: str, member_id: str) -> MemberRow | None:
    return tx.one(
        sa.select(members_table).where(members_table.c.image_id == image_id, members_table.c.member_id == member_id),
        MemberRow,
    )


def of_image(tx: Transaction, image_id: str) -> list[MemberRow]:
    return tx.all(
        sa.select(members_table).where(members_table.c.image_id == image_id).order_by(members_table.c.member_id),
        MemberRow,
    )


def insert(tx: Transaction, image_id: str, member_id: str) -> None:
    tx.insert(
        members_table, image_id=image_id, member_id=member_id, status=PENDING, created_at=tx.now, updated_at=tx.now
    )


def set_status(tx: Transaction, image_id: str, member_id: str, status: str) -> None:
    tx.execute(
        members_table.update()
        .where(members_table.c.image_id == image_id, members_table.c.member_id == member_id)
        .values(status=status, updated_at=tx.now)
    )


def delete(tx: Transaction, image_id: str, member_id: str) -> bool:
    return (
        tx.changed(
            members_table.delete().where(members_table.c.image_id == image_id, members_table.c.member_id == member_id)
        )
        > 0
    )

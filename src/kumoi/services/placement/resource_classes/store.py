"""The SQL of resource classes."""

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.placement.resource_classes.models import resource_classes


def custom(tx: Transaction) -> list[str]:
    query = sa.select(resource_classes.c.name).order_by(resource_classes.c.name)
    return tx.column(query)


def insert(tx: Transaction, name: str) -> None:
    tx.insert(resource_classes, name=name, created_at=tx.now)


def rename(tx: Transaction, name: str, new: str) -> None:
    tx.execute(resource_classes.update().where(resource_classes.c.name == name).values(name=new))


def delete(tx: Transaction, name: str) -> None:
    tx.execute(resource_classes.delete().where(resource_classes.c.name == name))

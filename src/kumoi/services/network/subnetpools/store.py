"""The SQL of subnet pools."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel.counts import Count
from kumoi.kernel.database import Transaction
from kumoi.kernel.quotas import UNLIMITED, Quota
from kumoi.kernel.who import Who
from kumoi.services.network import standard_attributes
from kumoi.services.network.listing import Asked, Listing
from kumoi.services.network.subnetpools.models import SubnetpoolRow, subnetpools
from kumoi.services.network.tags import store as tags_store

LISTING = Listing(
    subnetpools,
    {
        name: subnetpools.c[name]
        for name in (
            "ip_version",
            "default_prefixlen",
            "min_prefixlen",
            "max_prefixlen",
            "default_quota",
            "shared",
            "is_default",
        )
    },
)


def visible(who: Who) -> sa.ColumnElement[bool] | None:
    project_id = who.only_project
    return None if project_id is None else sa.or_(subnetpools.c.project_id == project_id, subnetpools.c.shared)


def page(tx: Transaction, who: Who, asked: Asked) -> list[SubnetpoolRow]:
    return LISTING.rows(tx, asked, visible(who), is_admin=who.sees(None))


def find(tx: Transaction, pool_id: str) -> SubnetpoolRow | None:
    return tx.one(sa.select(subnetpools).where(subnetpools.c.id == pool_id), SubnetpoolRow)


def default_of(tx: Transaction, version: int) -> SubnetpoolRow | None:
    query = sa.select(subnetpools).where(subnetpools.c.is_default, subnetpools.c.ip_version == version)
    return tx.one(query, SubnetpoolRow)


def insert(tx: Transaction, row: SubnetpoolRow) -> None:
    tx.insert_row(subnetpools, row)


def change(tx: Transaction, pool_id: str, **values: Any) -> None:
    standard_attributes.change(tx, subnetpools, pool_id, **values)


def delete(tx: Transaction, pool_id: str) -> None:
    tags_store.forget(tx, [pool_id])
    tx.execute(subnetpools.delete().where(subnetpools.c.id == pool_id))


SUBNETPOOL = Quota("network", "subnetpool", UNLIMITED, Count("network.subnetpool", subnetpools.c.project_id))

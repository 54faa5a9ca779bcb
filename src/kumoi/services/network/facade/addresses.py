"""Finding devices by the addresses of their ports."""

import re
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.database import Transaction
from kumoi.services.network.addresses.models import addresses as addresses_table
from kumoi.services.network.port_rows.models import ports as ports_table

_WHOLE = re.compile(r"\^?\d{1,3}(\\?\.\d{1,3}){3}\$?|\^[0-9a-f:]+\$")


def is_whole(pattern: str) -> bool:
    """Whether the expression is one whole address, so that few devices have it."""
    return _WHOLE.fullmatch(pattern) is not None


def devices_with(tx: Transaction, pattern: str, version: int) -> sa.Select[Any]:
    """A query for the devices of all projects with a fixed address of this IP version that matches the regular
    expression. The caller joins it with its own query, which is limited to a project. The caller has checked the
    expression (`tx.check_pattern`), because only the caller knows the parameter's name."""
    is_ipv6 = addresses_table.c.address.contains(":")
    return (
        sa.select(ports_table.c.device_id)
        .join(addresses_table, addresses_table.c.port_id == ports_table.c.id)
        .where(
            ports_table.c.device_position >= 0,
            patterns.matches(addresses_table.c.address, pattern, tx.dialect),
            is_ipv6 if version == 6 else sa.not_(is_ipv6),
        )
    )

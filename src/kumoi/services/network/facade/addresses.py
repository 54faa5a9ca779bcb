"""Finding devices by the addresses of their ports."""

import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.database import Transaction
from kumoi.services.network.addresses.models import addresses
from kumoi.services.network.ports.models import ports
from kumoi.services.network.subnets.models import subnets


def devices_with(tx: Transaction, project_id: str | None, pattern: str, version: int) -> list[str]:
    """Devices of the project (None: of all) with a fixed address of this IP version that the regular expression finds.
    The caller has checked the expression (`patterns.check`), because the caller knows what its client calls it."""
    query = (
        sa.select(ports.c.device_id, addresses.c.address)
        .join(addresses, addresses.c.port_id == ports.c.id)
        .join(subnets, subnets.c.id == addresses.c.subnet_id)
        .where(ports.c.device_position >= 0, subnets.c.ip_version == version)
    )
    if project_id is not None:
        query = query.where(ports.c.project_id == project_id)
    return sorted({device_id for device_id, address in tx.tuples(query) if patterns.found(pattern, address)})

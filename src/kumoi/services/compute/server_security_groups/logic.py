"""Reading and changing a server's security groups."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import VmState
from kumoi.services.network import facade as networks

CHANGEABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED)


def list_of(tx: Transaction, who: Who, server_id: str) -> list[dict[str, Any]]:
    changes.visible(tx, who, server_id)
    return networks.security_groups_of(tx, server_id)


def add(tx: Transaction, who: Who, server_id: str, name: str) -> None:
    row = changes.ready(tx, who, server_id, "addSecurityGroup", CHANGEABLE, idle=False)
    networks.add_security_group(tx, row["project_id"], server_id, name)
    changes.publish(tx, row)


def remove(tx: Transaction, who: Who, server_id: str, name: str) -> None:
    row = changes.ready(tx, who, server_id, "removeSecurityGroup", CHANGEABLE, idle=False)
    networks.remove_security_group(tx, row["project_id"], server_id, name)
    changes.publish(tx, row)

"""Reading and changing a server's security groups."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import translated
from kumoi.kernel.who import Who
from kumoi.services.compute import words
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import VmState
from kumoi.services.network.facade import security_groups

CHANGEABLE = (
    VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED, VmState.RESIZED, VmState.RESCUED, VmState.SHELVED,
    VmState.SHELVED_OFFLOADED,
)  # fmt: skip


def list_of(tx: Transaction, who: Who, server_id: str) -> list[security_groups.SecurityGroup]:
    changes.visible(tx, who, server_id)
    return security_groups.of_device(tx, server_id)


def add(tx: Transaction, who: Who, server_id: str, name: str) -> None:
    row = changes.ready(tx, who, server_id, "addSecurityGroup", CHANGEABLE, idle=False)
    with translated(words.OF_SECURITY_GROUPS):
        security_groups.add(tx, row["project_id"], server_id, name)
    changes.publish(tx, row)


def remove(tx: Transaction, who: Who, server_id: str, name: str) -> None:
    row = changes.ready(tx, who, server_id, "removeSecurityGroup", CHANGEABLE, idle=False)
    with translated(words.OF_SECURITY_GROUPS):
        security_groups.remove(tx, row["project_id"], server_id, name)
    changes.publish(tx, row)

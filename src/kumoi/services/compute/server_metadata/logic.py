"""Reading and changing server metadata."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.who import Who
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes, creation
from kumoi.services.compute.servers.models import VmState

CHANGEABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED)


def show(tx: Transaction, who: Who, server_id: str) -> dict[str, str]:
    found: dict[str, str] = changes.visible(tx, who, server_id)["metadata"]
    return found


def item(tx: Transaction, who: Who, server_id: str, key: str) -> str:
    found = show(tx, who, server_id)
    if key not in found:
        raise NotFound("Metadata item was not found")
    return found[key]


def change(tx: Transaction, who: Who, server_id: str, given: dict[str, str], *, replace: bool) -> dict[str, str]:
    row = changes.ready(tx, who, server_id, "update metadata", CHANGEABLE, idle=False)
    wanted = given if replace else {**row["metadata"], **given}
    servers_store.update(tx, server_id, metadata=creation.check_metadata(tx, row["project_id"], wanted))
    changes.publish(tx, row)
    return wanted


def set_item(tx: Transaction, who: Who, server_id: str, key: str, given: dict[str, str]) -> str:
    if len(given) != 1:
        raise BadRequest("Request body contains too many items")
    if key not in given:
        raise BadRequest("Request body and URI mismatch")
    return change(tx, who, server_id, given, replace=False)[key]


def delete(tx: Transaction, who: Who, server_id: str, key: str) -> None:
    row = changes.ready(tx, who, server_id, "delete metadata", CHANGEABLE, idle=False)
    if key not in row["metadata"]:
        raise NotFound("Metadata item was not found")
    servers_store.update(
        tx, server_id, metadata={name: value for name, value in row["metadata"].items() if name != key}
    )
    changes.publish(tx, row)

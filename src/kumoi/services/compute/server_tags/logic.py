"""Reading and changing server tags."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.who import Who
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import VmState
from kumoi.services.compute.servers.schemas.values import MOST_TAGS

LONGEST = 60
CHANGEABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED, VmState.SUSPENDED)


def show(tx: Transaction, who: Who, server_id: str) -> list[str]:
    changes.visible(tx, who, server_id)
    return servers_store.tags_of(tx, [server_id]).get(server_id, [])


def has(tx: Transaction, who: Who, server_id: str, tag: str) -> None:
    if tag not in show(tx, who, server_id):
        raise NotFound(f"Server {server_id} has no tag '{tag[:80]}'")


def replace(tx: Transaction, who: Who, server_id: str, wanted: list[str]) -> list[str]:
    changes.ready(tx, who, server_id, "update tags", CHANGEABLE, idle=False)
    servers_store.replace_tags(tx, server_id, wanted)
    return servers_store.tags_of(tx, [server_id]).get(server_id, [])


def add(tx: Transaction, who: Who, server_id: str, tag: str) -> bool:
    """False: it was there already."""
    if not 1 <= len(tag) <= LONGEST or "," in tag or "/" in tag:
        raise BadRequest(f"Tag '{tag[:80]}' is invalid. It has 1 to {LONGEST} characters, none of them ',' or '/'.")
    now = show(tx, who, server_id)
    changes.ready(tx, who, server_id, "update tags", CHANGEABLE, idle=False)
    if tag in now:
        return False
    if len(now) >= MOST_TAGS:
        raise BadRequest(f"The number of tags exceeded the per-server limit {MOST_TAGS}")
    servers_store.replace_tags(tx, server_id, [*now, tag])
    return True


def remove(tx: Transaction, who: Who, server_id: str, tag: str) -> None:
    has(tx, who, server_id, tag)
    replace(tx, who, server_id, [each for each in show(tx, who, server_id) if each != tag])

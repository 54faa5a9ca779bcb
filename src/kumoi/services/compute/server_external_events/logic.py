"""Takes external events. The network's and block storage's own changes arrive in their transactions; an event from
outside makes the guest be compared with its rows."""

from collections.abc import Sequence

from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.versions import Version
from kumoi.services.compute.server_external_events.schemas import NAMES, Event, Taken
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes

OK, UNKNOWN_SERVER, NOT_ON_A_HOST = 200, 404, 422


def take(tx: Transaction, events: Sequence[Event], version: Version) -> list[Taken]:
    """Each with the code of its outcome. NotFound: no event is of a server that is here."""
    for event in events:
        if event.name not in NAMES or NAMES[event.name] > version:
            known = ", ".join(name for name, first in NAMES.items() if first <= version)
            raise BadRequest(
                f"Invalid input for field/attribute events.name. Value: {event.name[:80]}. It is one of {known}."
            )
        if event.name == "power-update" and event.tag not in ("POWER_ON", "POWER_OFF"):
            raise BadRequest("Invalid input for field/attribute events.tag. It is POWER_ON or POWER_OFF.")
    hosts = servers_store.hosts_of(tx, {event.server_uuid for event in events})
    taken = []
    for event in events:
        code = OK
        if event.server_uuid not in hosts:
            code = UNKNOWN_SERVER
        elif hosts[event.server_uuid] is None:
            code = NOT_ON_A_HOST
        else:
            reconcile.mark(tx, changes.CHANGED, event.server_uuid)
        taken.append(
            Taken(
                name=event.name, server_uuid=event.server_uuid, tag=event.tag, code=code,
                status=event.status if code == OK else "failed",
            )
        )  # fmt: skip
    if all(each.code == UNKNOWN_SERVER for each in taken):
        raise NotFound("No instances found for any event")
    return taken

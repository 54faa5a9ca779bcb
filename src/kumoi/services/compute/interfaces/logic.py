"""Checks which network cards may be attached and detached."""

from collections.abc import Mapping
from typing import Any

from kumoi.engines.hypervisor.interface import MOST_CARDS
from kumoi.kernel import operations
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound, translated
from kumoi.kernel.operations import subject
from kumoi.kernel.who import Who
from kumoi.services.compute import words
from kumoi.services.compute.interfaces.operations.attach import ATTACH
from kumoi.services.compute.interfaces.operations.detach import DETACH
from kumoi.services.compute.servers.errors import TooManyCards
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import PORTS_OWNER, VmState
from kumoi.services.network.facade import ports

CHANGEABLE = (VmState.ACTIVE, VmState.STOPPED, VmState.PAUSED)


def list_of(tx: Transaction, who: Who, server_id: str) -> list[ports.Port]:
    changes.visible(tx, who, server_id)
    return ports.of_devices(tx, [server_id]).get(server_id, [])


def show(tx: Transaction, who: Who, server_id: str, port_id: str) -> ports.Port:
    for port in list_of(tx, who, server_id):
        if port.id == port_id:
            return port
    raise NotFound(f"Instance {server_id} does not have a port with id {port_id}")


def attach(
    tx: Transaction, who: Who, server_id: str, origin: Mapping[str, Any], *, network_id: str | None,
    port_id: str | None, fixed_ip: str | None, tag: str | None,
) -> ports.Port:  # fmt: skip
    """The port belongs to the server at once and is plugged in later. New ports belong to the server's project, also
    for an admin."""
    if network_id and port_id:
        raise BadRequest("Must not input both network_id and port_id")
    if fixed_ip and not network_id:
        raise BadRequest("Must input network_id when request IP address")
    server = changes.ready(tx, who, server_id, "attach_interface", CHANGEABLE)
    if len(ports.of_devices(tx, [server_id]).get(server_id, [])) >= MOST_CARDS:
        raise TooManyCards
    project_id = server["project_id"]
    if network_id or port_id:
        wanted = [ports.Wanted(network_id=network_id, port_id=port_id, fixed_ip=fixed_ip, tag=tag)]
    else:
        with translated(words.OF_PORTS):
            wanted = ports.plan(tx, who, None, project_id=project_id)
        if not wanted:
            raise BadRequest("No valid network found for the interface: name one (net_id).")
    with translated(words.OF_PORTS):
        (made,) = ports.create(tx, who, server_id, wanted, owner=PORTS_OWNER, project_id=project_id)
    changes.begin(tx, server, ATTACH, None, origin, port_id=made, host=server["host"])
    return ports.by_ids(tx, [made])[made]


def detach(tx: Transaction, who: Who, server_id: str, port_id: str, origin: Mapping[str, Any]) -> None:
    """Does nothing if the port is being detached already."""
    server = changes.ready(tx, who, server_id, "detach_interface", CHANGEABLE)
    port = show(tx, who, server_id, port_id)
    for pending in operations.pending_on(tx, subject("server", server_id)):
        if pending["kind"] == DETACH.kind and pending["arguments"]["port_id"] == port.id:
            return
    changes.begin(tx, server, DETACH, None, origin, port_id=port.id)

"""Plugging a network card into a server, running or not."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed, Operation, Step
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import VmState
from kumoi.services.compute.servers.operations import guest
from kumoi.services.network.facade import ports

WITH_POWER = (VmState.ACTIVE, VmState.PAUSED)
PATIENCE = 20
"""How often, once per second, a guest is asked to release a card whose plugging failed."""


def bind(context: Context, tx: Transaction) -> None:
    ports.bind(tx, context.arguments["server_id"], context.arguments["host"])


def release(context: Context, tx: Transaction) -> None:
    """Deletes a port that was created for the server; releases a given port."""
    ports.release_one(tx, context.arguments["server_id"], context.arguments["port_id"])


def plug(context: Context) -> None:
    server_id, port_id = context.arguments["server_id"], context.arguments["port_id"]
    port = context.read(lambda tx: ports.by_ids(tx, [port_id])).get(port_id)
    if port is None:
        raise Failed(f"Port id {port_id} could not be found.")
    guest.hypervisor(context).attach_nic(context.fence("server", server_id), server_id, guest.nic(port))


def unplug(context: Context) -> Again | None:
    server_id = context.arguments["server_id"]
    gone = guest.hypervisor(context).detach_nic(
        context.fence("server", server_id), server_id, context.arguments["port_id"]
    )
    return None if gone else Again(1.0)


def take_out(context: Context) -> Again | None:
    """A guest that is paused, or does not release the card, keeps a card without a connection. The guest reconciler
    asks again when the guest runs."""
    if context.attempts < PATIENCE:
        return unplug(context)
    server_id, port_id = context.arguments["server_id"], context.arguments["port_id"]
    context.engine(Hosts).wiring(guest.host(context)).unplug(context.fence("server", server_id), port_id)
    return None


def network_up(context: Context) -> Again | None:
    """A guest that is off has no plug. Its card comes up when it starts."""
    if guest.of(context)["vm_state"] not in WITH_POWER:
        return None
    up = context.read(lambda tx: ports.all_up(tx, [context.arguments["port_id"]]))
    return None if up else Again(min(0.03 * 4 ** min(context.attempts, 3), 1.0))


def publish(context: Context, tx: Transaction) -> None:
    server = servers_store.find(tx, context.arguments["server_id"])
    if server is not None:
        changes.publish(tx, server)


def forget_port(context: Context, tx: Transaction) -> None:
    """Removes the port from the server. This marks the guest's metadata dirty."""
    release(context, tx)
    publish(context, tx)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The server keeps its state. Its actions have the reason."""


ATTACH = Operation(
    "server.attach_interface",
    steps=[
        Step("bind", record=bind, erase=forget_port),
        Step("plug", do=plug, undo=take_out, deadline=120),
        Step("network_up", do=network_up, record=publish, deadline=120),
    ],
    failed=failed,
    action="attach_interface",
)

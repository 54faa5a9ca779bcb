"""Brings a shelved server back: on its host, or, when it was offloaded, on any host, from its image."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import DETAILS, Again, Context, Failed, Operation, Step
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import PowerState, TaskState, VmState
from kumoi.services.compute.servers.operations import create, guest
from kumoi.services.compute.servers.scheduling import choice
from kumoi.services.compute.servers.scheduling.choice import Nowhere
from kumoi.services.image.facade import filling
from kumoi.services.network.facade import ports
from kumoi.services.placement import facade as placement

LOOKED_AGAIN = 4
"""Checks of the network after which the topology itself is asked."""


def take_room(context: Context, tx: Transaction) -> None:
    server = guest.found(context, tx)
    context.data["taken"], context.data["image_id"] = server["host"] is None, server["shelved_image_id"]
    if server["host"] is None:
        devices = block_devices_store.of_server(tx, server["id"])
        amounts = create.resources(server, devices)
        wanted = context.arguments["wanted_host"] or server["wanted_host"]
        chosen = choice.choose(tx, {**server, "wanted_host": wanted}, devices, amounts, server["flavor"]["extra_specs"])
        if isinstance(chosen, Nowhere):
            context.data[DETAILS] = chosen.details
            raise Failed(" ".join([create.NO_HOST, *chosen.told]))
        placement.claim(
            tx, server["id"], chosen.provider_id, amounts, server["project_id"], server["user_id"],
            consumer_type="INSTANCE",
        )  # fmt: skip
        servers_store.update(
            tx, server["id"], host=chosen.name, availability_zone=chosen.zone, task_state=TaskState.SPAWNING
        )
        ports.bind(tx, server["id"], chosen.name)
    cards = ports.of_devices(tx, [server["id"]]).get(server["id"], [])
    context.data["ports"] = [port.id for port in cards]


def give_room_back(context: Context, tx: Transaction) -> None:
    server_id = context.arguments["server_id"]
    if context.data.get("taken") and "ports" in context.data:
        ports.unbind(tx, server_id)
        placement.release(tx, server_id)
        servers_store.update(tx, server_id, host=None)


def prepare_disks(context: Context) -> Again | None:
    if not context.data["taken"] or not context.data["image_id"]:
        return None
    return guest.prepare_base(context, guest.host(context), context.data["image_id"], "qcow2")


def end_guest(context: Context) -> None:
    server_id, name = context.arguments["server_id"], guest.host(context)
    hypervisor, fence = context.engine(Hosts).hypervisor(name), context.fence("server", server_id)
    if not context.data["taken"]:
        hypervisor.power_off(fence, server_id)
        return
    hypervisor.destroy(fence, server_id)
    for device in context.read(lambda tx: block_devices_store.of_server(tx, server_id)):
        if device["volume_id"]:
            context.engine(Hosts).volumes(name).disconnect(fence, device["volume_id"])


def network_up(context: Context) -> Again | None:
    """The ports were unbound before, and may be up again before anybody saw them down."""
    if context.attempts and context.attempts % LOOKED_AGAIN == 0:
        ports.look_again(context)
    return create.network_up(context)


def activate(context: Context, tx: Transaction) -> None:
    outcome.becomes(VmState.ACTIVE, PowerState.RUNNING)(context, tx)
    servers_store.update(tx, context.arguments["server_id"], shelved_image_id=None, shelved_at=None, launched_at=tx.now)
    if image_id := context.data["image_id"]:
        filling.discard(tx, image_id, create.origin(context))


UNSHELVE = Operation(
    "server.unshelve",
    steps=[
        Step("take_room", record=take_room, erase=give_room_back),
        Step("prepare_disks", do=prepare_disks, deadline=3600),
        Step("start_guest", do=guest.start, undo=end_guest, deadline=300, turn=guest.TURN),
        Step("network_up", do=network_up, record=activate, deadline=300),
    ],
    failed=outcome.stays,
    action="unshelve",
)

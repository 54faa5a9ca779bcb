"""Resizes a server on its host. The root disk is kept as it was, until the resize is confirmed or reverted."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Conflict
from kumoi.kernel.operations import DETAILS, Again, Context, Failed, Operation, Step
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.flavors.models import FlavorCopy
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import Status
from kumoi.services.compute.server_actions.operations import outcome, stop
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import PowerState, ServerRow, TaskState, VmState
from kumoi.services.compute.servers.operations import create, guest
from kumoi.services.compute.servers.scheduling import choice
from kumoi.services.compute.servers.scheduling.choice import Nowhere
from kumoi.services.placement import facade as placement

COPIED_WITHIN = 1800.0
"""Seconds: as many bytes as a guest has on its disk."""


def take_room(context: Context, tx: Transaction) -> None:
    """Both flavors' resources are claimed until the resize is confirmed or reverted: the migration holds those of the
    flavor before."""
    server, migration_id = guest.found(context, tx), context.arguments["migration_id"]
    migration = migrations_store.open_of(tx, server["id"])
    if migration is None or migration["uuid"] != migration_id:
        raise Failed("The resize has ended.")
    old, new = migration["old_flavor"], migration["new_flavor"]
    devices = block_devices_store.of_server(tx, server["id"])
    local = create.boots_from_image(devices)
    if local and 0 < new["disk"] < old["disk"]:
        raise Failed("Resize error: Unable to resize disk down.")
    amounts = create.amounts(new, local=local)
    # On its own host: moves between hosts are another operation.
    chosen = choice.choose(tx, {**server, "wanted_host": server["host"]}, devices, amounts, new["extra_specs"])
    if isinstance(chosen, Nowhere):
        context.data[DETAILS] = chosen.details
        raise Failed(" ".join([create.NO_HOST, *chosen.told]))
    try:
        claim(tx, server, server["id"], chosen.provider_id, amounts, "INSTANCE")
        claim(tx, server, migration_id, chosen.provider_id, create.amounts(old, local=local), "MIGRATION")
    except Conflict as error:
        context.data[DETAILS] = error.message
        raise Failed(f"{create.NO_HOST} Its host has no room for both flavors until the resize is confirmed.") from None
    context.data["provider_id"], context.data["was_running"] = chosen.provider_id, migration["was_running"]
    context.data["local"] = local
    migrations_store.update(tx, migration_id, Status.MIGRATING)
    servers_store.update(tx, server["id"], task_state=TaskState.RESIZE_MIGRATING)


def claim(
    tx: Transaction, server: ServerRow, consumer_id: str, provider_id: str, amounts: dict[str, int], kind: str
) -> None:
    placement.claim(tx, consumer_id, provider_id, amounts, server["project_id"], server["user_id"], consumer_type=kind)


def give_room_back(context: Context, tx: Transaction) -> None:
    migration_id = context.arguments["migration_id"]
    if "provider_id" in context.data:
        placement.release(tx, migration_id)
        server = guest.found(context, tx)
        amounts = create.amounts(server["flavor"], local=context.data["local"])
        claim(tx, server, server["id"], context.data["provider_id"], amounts, "INSTANCE")
    migrations_store.update(tx, migration_id, Status.ERROR)


def shut_down(context: Context) -> Again | None:
    return stop.shut_down(context) if context.data["was_running"] else None


def start_again(context: Context) -> None:
    if context.data["was_running"]:
        guest.start(context)


def keep_root(context: Context) -> None:
    server_id = context.arguments["server_id"]
    if context.data["local"]:
        guest.hypervisor(context).keep_root(context.fence("server", server_id), server_id)


def take_root_back(context: Context) -> None:
    server_id = context.arguments["server_id"]
    if context.data["local"]:
        guest.hypervisor(context).restore_root(context.fence("server", server_id), server_id)


def change_flavor(context: Context, tx: Transaction) -> None:
    _set_flavor(context, tx, new=True, task_state=TaskState.RESIZE_FINISH)
    migrations_store.update(tx, context.arguments["migration_id"], Status.POST_MIGRATING)


def change_flavor_back(context: Context, tx: Transaction) -> None:
    _set_flavor(context, tx, new=False)


def _set_flavor(context: Context, tx: Transaction, *, new: bool, **values: object) -> None:
    migration = migrations_store.open_of(tx, context.arguments["server_id"])
    assert migration is not None
    flavor: FlavorCopy = migration["new_flavor"] if new else migration["old_flavor"]
    servers_store.update(tx, context.arguments["server_id"], flavor=flavor, flavor_id=flavor["flavorid"], **values)


def cut_off(context: Context) -> None:
    server_id = context.arguments["server_id"]
    if context.data["was_running"]:
        guest.hypervisor(context).power_off(context.fence("server", server_id), server_id)


def finish(context: Context, tx: Transaction) -> None:
    power = PowerState.RUNNING if context.data["was_running"] else PowerState.SHUTDOWN
    migrations_store.update(tx, context.arguments["migration_id"], Status.FINISHED)
    outcome.becomes(VmState.RESIZED, power)(context, tx)
    servers_store.update(tx, context.arguments["server_id"], launched_at=tx.now)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """The server is as it was before; why shows in its actions."""
    server = guest.found(context, tx)
    flavor = server["flavor"]
    servers_store.update(
        tx, server["id"], task_state=None, vcpus=flavor["vcpus"], memory_mib=flavor["ram"],
    )  # fmt: skip


RESIZE = Operation(
    "server.resize",
    steps=[
        Step("take_room", record=take_room, erase=give_room_back),
        Step("shut_down", do=shut_down, undo=start_again, deadline=stop.PATIENCE + guest.TURN),
        Step(
            "keep_root",
            do=keep_root,
            record=change_flavor,
            undo=take_root_back,
            erase=change_flavor_back,
            deadline=COPIED_WITHIN,
            turn=guest.TURN,
        ),
        Step("start_guest", do=start_again, record=finish, undo=cut_off, deadline=300),
    ],
    failed=failed,
    action="resize",
)

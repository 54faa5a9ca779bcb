"""Reverts a resize: the server has its flavor and its root disk from before."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context, Failed, Operation, Step
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import Status
from kumoi.services.compute.server_actions.operations import outcome
from kumoi.services.compute.server_resize.operations.resize import claim
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import PowerState, VmState
from kumoi.services.compute.servers.operations import create, guest
from kumoi.services.placement import facade as placement


def cut_off(context: Context) -> None:
    server_id = context.arguments["server_id"]
    runs = guest.of(context)["power_state"] == PowerState.RUNNING
    context.data["ran"] = runs
    if runs:
        guest.hypervisor(context).power_off(context.fence("server", server_id), server_id)


def start_again(context: Context) -> None:
    """With the new flavor, because the resize is not reverted."""
    if context.data.get("ran") and not context.data.get("restored"):
        guest.start(context)


def restore_root(context: Context) -> None:
    server_id = context.arguments["server_id"]
    guest.hypervisor(context).restore_root(context.fence("server", server_id), server_id)


def change_flavor_back(context: Context, tx: Transaction) -> None:
    server, migration_id = guest.found(context, tx), context.arguments["migration_id"]
    migration = migrations_store.open_of(tx, server["id"])
    if migration is None or migration["uuid"] != migration_id:
        raise Failed("The resize has ended.")
    old = migration["old_flavor"]
    providers = placement.allocations_of(tx, [server["id"]])[server["id"]]
    local = create.boots_from_image(block_devices_store.of_server(tx, server["id"]))
    placement.release(tx, migration_id)
    claim(tx, server, server["id"], next(iter(providers)), create.amounts(old, local=local), "INSTANCE")
    servers_store.update(
        tx, server["id"], flavor=old, flavor_id=old["flavorid"], vcpus=old["vcpus"], memory_mib=old["ram"]
    )
    migrations_store.update(tx, migration_id, Status.REVERTED)
    context.data["restored"], context.data["was_running"] = True, migration["was_running"]


def start(context: Context) -> None:
    if context.data["was_running"]:
        guest.start(context)


def finish(context: Context, tx: Transaction) -> None:
    runs = context.data["was_running"]
    state = (VmState.ACTIVE, PowerState.RUNNING) if runs else (VmState.STOPPED, PowerState.SHUTDOWN)
    outcome.becomes(*state)(context, tx)


def failed(context: Context, tx: Transaction, reason: str) -> None:
    """Before the disk is back, the server is resized as before. After that, a hard reboot starts it."""
    if context.data.get("restored"):
        outcome.breaks(context, tx, reason)
        return
    migrations_store.update(tx, context.arguments["migration_id"], Status.FINISHED)
    outcome.stays(context, tx, reason)


REVERT = Operation(
    "server.revert_resize",
    steps=[
        Step("cut_off", do=cut_off, undo=start_again, turn=guest.TURN),
        Step("restore_root", do=restore_root, record=change_flavor_back, turn=guest.TURN),
        Step("start_guest", do=start, record=finish, deadline=300),
    ],
    failed=failed,
    action="revertResize",
)

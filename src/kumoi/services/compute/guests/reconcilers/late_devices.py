"""Completes a detachment that was reported as failed, when the guest releases the device later."""

from dataclasses import dataclass

from kumoi.engines.hosts import Hosts
from kumoi.kernel import clock, events, log, operations, polls
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import UNDONE, Operation, subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.interfaces.operations.detach import DETACH as DETACH_CARD
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import VmState
from kumoi.services.compute.volume_attachments.operations.attach import ATTACH
from kumoi.services.compute.volume_attachments.operations.detach import DETACH
from kumoi.services.network.facade import ports

EVERY = 60.0
WITHIN = 20.0
"""Seconds that all hosts have."""
LOOKED_BACK = 50
"""How many of a server's operations are searched for the detachment of a card."""


@dataclass(frozen=True)
class _Held:
    """The devices of each server's guest, as the host reports them."""

    volumes: dict[str, list[str]]
    ports: dict[str, list[str]]


def follow(view: View) -> None:
    """Checks devices that guests were asked to release. Other missing devices are reported by the audit."""
    hosts, asked_at = view.engine(Hosts), clock.now()

    def question(name: str) -> _Held:
        return _Held(hosts.hypervisor(name).disks(), hosts.hypervisor(name).cards())

    for name, held in polls.ask("devices", hosts.names(), question, WITHIN).items():
        if isinstance(held, Exception):
            log.say(__name__, "a host does not say what its guests have", host=name, reason=str(held))
            continue
        missing = view.read(lambda tx, name=name, held=held: _missing(tx, name, held))  # type: ignore[misc]
        for server_id, kind, device_id in missing:
            finish = _finish_volume if kind == "volume" else _finish_card
            view.write(
                lambda tx, finish=finish, server_id=server_id, device_id=device_id: finish(  # type: ignore[misc]
                    tx, server_id, device_id, asked_at
                )
            )


def _missing(tx: Transaction, host: str, held: _Held) -> list[tuple[str, str, str]]:
    """(server, `volume` or `port`, its id) that running servers should have."""
    busy = servers_store.at_work(tx)
    running = {
        row["id"]
        for row in servers_store.on_host(tx, host)
        if row["vm_state"] == VmState.ACTIVE and row["id"] in held.volumes and row["id"] not in busy
    }
    found = [
        (server_id, "volume", volume_id)
        for server_id, volume_id in block_devices_store.every_volume(tx)
        if server_id in running and volume_id not in held.volumes[server_id]
    ]
    return found + [
        (server_id, "port", port_id)
        for server_id, port_id in ports.cards(tx)
        if server_id in running and port_id not in held.ports.get(server_id, [])
    ]


def _finish_volume(tx: Transaction, server_id: str, volume_id: str, asked_at: int) -> None:
    device = block_devices_store.find(tx, server_id, volume_id)
    last = operations.history_of(tx, subject("volume", volume_id), limit=1)
    undone = [row for row in last if row["kind"] in (ATTACH.kind, DETACH.kind) and row["state"] == UNDONE]
    if device is None or not device["attachment_id"]:
        return
    if device["boot_index"] != 0 and undone and undone[0]["updated_at"] < asked_at:
        problem = f"its guest released volume {volume_id} late"
        if _begin(
            tx, server_id, DETACH, "server.disk.mended", problem, subject("volume", volume_id), volume_id=volume_id
        ):
            block_storage.detaching(tx, device["attachment_id"])


def _finish_card(tx: Transaction, server_id: str, port_id: str, asked_at: int) -> None:
    for row in operations.history_of(tx, subject("server", server_id), limit=LOOKED_BACK):
        if row["arguments"].get("port_id") == port_id:
            if row["kind"] == DETACH_CARD.kind and row["state"] == UNDONE and row["updated_at"] < asked_at:
                problem = f"its guest released the card of port {port_id} late"
                _begin(tx, server_id, DETACH_CARD, "server.card.mended", problem, port_id=port_id)
            return


def _begin(
    tx: Transaction, server_id: str, operation: Operation, event: str, problem: str, *also: str, **arguments: str
) -> bool:
    """Start the operation, unless another one is active. Returns whether it was started."""
    server = servers_store.find(tx, server_id)
    names = [subject("server", server_id), *also]
    if server is None or any(operations.active_on(tx, name) for name in names):
        return False
    origin = {
        "request_id": f"req-{tx.new_uuid()}", "user_id": server["user_id"], "project_id": server["project_id"],
    }  # fmt: skip
    changes.begin(tx, server, operation, None, origin, *also, host=server["host"], **arguments)
    events.write(tx, event, subject("server", server_id), problem=problem, **origin)
    return True


LATE_DEVICES = Sweep("compute.late_devices", EVERY, follow)

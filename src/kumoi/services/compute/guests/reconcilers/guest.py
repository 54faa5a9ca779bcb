"""Updates a guest's metadata from its server's rows, and unplugs the cards of deleted ports."""

import contextlib
from dataclasses import dataclass

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import GuestState, Hypervisor
from kumoi.kernel import events, operations, polls
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence, Stale
from kumoi.kernel.operations import UNDONE, subject
from kumoi.kernel.reconcile import Later, Reconciler, View
from kumoi.services.compute.interfaces.operations.detach import DETACH
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import RELEASES_DEVICES
from kumoi.services.compute.servers.operations import guest
from kumoi.services.network.facade import ports

BUSY_FOR = 1.0
"""Seconds until a server with an active operation is checked again."""
WITHIN = 20.0
"""Seconds that all hosts have."""
REFUSED_FOR = 600.0
"""Seconds until a guest that kept a card is asked again. Each attempt blocks other orders for the server."""


@dataclass(frozen=True)
class Found:
    """`at_work`: an operation holds the server, and may send older metadata to the guest."""

    described: guest.Described
    at_work: bool


def follow(view: View, revisions: dict[str, int]) -> None:
    """A server that is deleted or has no guest needs nothing: its next start uses the current rows."""
    found = view.read(lambda tx: {server_id: _find(tx, server_id) for server_id in revisions})
    on_hosts: dict[str, list[Found]] = {name: [] for name in view.engine(Hosts).names()}
    for each in found.values():
        if each is not None and each.described.server["host"] is not None:
            on_hosts.setdefault(each.described.server["host"], []).append(each)
    answers = polls.ask("guests", on_hosts, lambda host: _on_host(view, host, on_hosts[host], revisions), WITHIN)
    for host, failure in answers.items():
        if failure and on_hosts[host]:
            raise failure
    waiting = [server_id for server_id, each in found.items() if each is not None and each.at_work]
    if waiting:
        raise Later(f"an operation is active on {', '.join(waiting)}", BUSY_FOR)


def _on_host(view: View, host: str, servers: list[Found], revisions: dict[str, int]) -> None:
    hypervisor = view.engine(Hosts).hypervisor(host)
    for each in servers:
        server_id = each.described.server["id"]
        state = hypervisor.state(server_id)
        if state is not GuestState.ABSENT:
            _publish(hypervisor, each.described, revisions[server_id])
        if not each.at_work and state in RELEASES_DEVICES:
            _take_lost_cards(view, hypervisor, server_id)


def _find(tx: Transaction, server_id: str) -> Found | None:
    described = guest.describe(tx, server_id)
    return (
        None
        if described is None
        else Found(described, operations.active_on(tx, subject("server", server_id)) is not None)
    )


def _publish(hypervisor: Hypervisor, described: guest.Described, revision: int) -> None:
    server_id = described.server["id"]
    with contextlib.suppress(Stale):
        hypervisor.publish_metadata(Fence(f"metadata/{server_id}", revision), server_id, guest.metadata(described))


def _take_lost_cards(view: View, hypervisor: Hypervisor, server_id: str) -> None:
    """One after the other. Raises Later until the guest has none."""
    held = hypervisor.cards(server_id).get(server_id, [])
    if view.read(lambda tx: _lost(tx, server_id, held)):
        view.write(lambda tx: _take_first(tx, server_id, held))
        raise Later(f"the guest of {server_id} has cards of ports that are gone", BUSY_FOR)


def _lost(tx: Transaction, server_id: str, held: list[str]) -> list[str]:
    if not held:
        return []
    own = {port.id for port in ports.of_devices(tx, [server_id]).get(server_id, [])}
    return [port_id for port_id in held if port_id not in own]


def _take_first(tx: Transaction, server_id: str, held: list[str]) -> None:
    server, lost = servers_store.find(tx, server_id), _lost(tx, server_id, held)
    if server and lost and operations.active_on(tx, subject("server", server_id)) is None:
        _wait_after_refusal(tx, server_id)
        origin = {
            "request_id": f"req-{tx.new_uuid()}", "user_id": server["user_id"], "project_id": server["project_id"],
        }  # fmt: skip
        changes.begin(tx, server, DETACH, None, origin, port_id=lost[0])
        problem = f"its guest has a card of port {lost[0]}, not its own"
        events.write(tx, "server.card.mended", subject("server", server_id), problem=problem, **origin)


def _wait_after_refusal(tx: Transaction, server_id: str) -> None:
    for last in operations.history_of(tx, subject("server", server_id), limit=1):
        rest = REFUSED_FOR - (tx.now - last["updated_at"]) / SECOND
        if last["kind"] == DETACH.kind and last["state"] == UNDONE and rest > 0:
            raise Later(f"the guest of {server_id} keeps the card of a deleted port", rest)


RECONCILER = Reconciler(changes.CHANGED, follow, order=80, asks_hosts=True)

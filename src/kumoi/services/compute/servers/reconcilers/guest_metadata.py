"""What a guest reads about itself follows the rows: names, metadata, addresses."""

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel.fences import Fence, Stale
from kumoi.kernel.reconcile import Reconciler, View
from kumoi.services.compute.servers.logic.changes import METADATA
from kumoi.services.compute.servers.operations import guest


def publish(view: View, revisions: dict[str, int]) -> None:
    """A server that is gone, or that has no guest yet, needs nothing: its start carries what it reads."""
    for server_id, revision in revisions.items():
        described = view.read(lambda tx, server_id=server_id: guest.describe(tx, server_id))  # type: ignore[misc]
        if described is None or described.server["host"] is None:
            continue
        hypervisor = view.engine(Hosts).hypervisor(described.server["host"])
        if hypervisor.state(server_id) is GuestState.ABSENT:
            continue
        try:
            hypervisor.publish_metadata(Fence(f"metadata/{server_id}", revision), server_id, guest.metadata(described))
        except Stale:
            continue


RECONCILER = Reconciler(METADATA, publish, order=80)

"""What must hold whenever a cloud is quiet: an empty audit, and what clients were told."""

from typing import Any

import sqlalchemy as sa

from kumoi.kernel import operations, quotas
from kumoi.kernel.database import Transaction
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.matrix import outcome
from tests.services.compute.world import SERVERS
from tests.stepped import SteppedCloud

RESTING = {"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "ERROR"}
VOLUMES_REST = {"available", "in-use", "error", "error_extending"}


def check(cloud: SteppedCloud, clients: Any) -> None:
    found = cloud.audit()
    assert found == [], f"the audit: {found}"
    cloud.database.read(_rows)
    servers = {
        server["id"]: server
        for server in cloud.get(f"{SERVERS}/detail?all_tenants=1", as_="admin", version="2.96").json["servers"]
    }
    for server in servers.values():
        assert server["status"] in RESTING, f"server {server['id']} rests in {server['status']}"
        assert server["OS-EXT-STS:task_state"] is None, f"server {server['id']}: {server['OS-EXT-STS:task_state']}"
        assert server["status"] != "ERROR" or server.get("fault"), f"server {server['id']} is in ERROR without a reason"
    gone = clients.deleted & set(servers)
    assert not gone, f"deleted, but still there: {gone}"
    volumes = cloud.get("/volume/v3/volumes/detail?all_tenants=1", as_="admin").json["volumes"]
    for volume in volumes:
        assert volume["status"] in VOLUMES_REST, f"volume {volume['id']} rests in {volume['status']}"
        assert (volume["status"] == "in-use") == bool(volume["attachments"]), f"volume {volume['id']}: {volume}"
    still = clients.deleted & {volume["id"] for volume in volumes}
    assert not still, f"deleted, but still there: {still}"


def nothing_left(cloud: SteppedCloud, first: dict[str, Any]) -> None:
    """After everything was deleted, the world is as it was at first."""
    found = cloud.audit()
    assert found == [], f"the audit, after all was deleted: {found}"
    now = outcome.engines(cloud)
    left = {name: things for name, things in now.items() if things != first[name]}
    assert not left, f"left over: {left}"
    for project_id in (PROJECT, OTHER_PROJECT):
        used = outcome.usages(cloud, project_id)
        kept = {name: count for name, count in used.items() if not name.startswith(("network.", "identity."))}
        kept.pop("image.image_count_total", None)
        assert not [name for name in kept if name.startswith(("compute.", "block_storage."))], f"quotas: {kept}"


def _rows(tx: Transaction) -> None:
    active = tx.tuples(
        sa.select(operations.subjects.c.subject, sa.func.count())
        .where(operations.subjects.c.active)
        .group_by(operations.subjects.c.subject)
    )
    assert not active, f"operations hold what is at rest: {active}"
    for service in sorted({service for service, _ in quotas.registry}):
        for project_id in (PROJECT, OTHER_PROJECT):
            for name, (most, used) in quotas.show(tx, service, project_id).items():
                assert most == quotas.UNLIMITED or used <= most, f"{service} {name}: {used} of {most}"

"""Routes of what is not there: asking for it is answered clearly, not as a wrong address."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.block_storage.errors import Absent

routes = Routes()

ABSENT = {
    "/backups": "Backups: keeping volumes in another place",
    "/backups/detail": "Backups: keeping volumes in another place",
    "/clusters": "Clusters of volume services",
    "/consistencygroups": "Consistency groups",
    "/consistencygroups/detail": "Consistency groups",
    "/cgsnapshots": "Snapshots of consistency groups",
    "/cgsnapshots/detail": "Snapshots of consistency groups",
    "/group_snapshots": "Snapshots of groups",
    "/group_snapshots/detail": "Snapshots of groups",
    "/group_types": "Types of groups",
    "/groups": "Groups of volumes",
    "/groups/detail": "Groups of volumes",
    "/manageable_snapshots": "Taking over snapshots that others made",
    "/manageable_volumes": "Taking over volumes that others made",
    "/os-volume-transfer": "Giving a volume to another project",
    "/os-volume-transfer/detail": "Giving a volume to another project",
    "/qos-specs": "Limits of throughput by volume type (qos-specs)",
    "/volume-transfers": "Giving a volume to another project",
    "/volume-transfers/detail": "Giving a volume to another project",
    "/workers/cleanup": "Cleaning up after services, which is not needed here,",
}


def _declare(path: str, what: str) -> None:
    @routes.get(path, policy=policy.reader(), status=501, errors=(501,))
    def index(request: Request) -> Reply:
        raise Absent(what)

    @routes.post(path, policy=policy.member(), body=dict[str, Any], status=501, mode="read", errors=(501,))
    def create(request: Request, body: dict[str, Any]) -> Reply:
        raise Absent(what)


for _path, _what in ABSENT.items():
    _declare(_path, _what)

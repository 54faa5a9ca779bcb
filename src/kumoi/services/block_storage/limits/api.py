"""Routes of limits."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import since
from kumoi.services.block_storage.quota_sets import logic

routes = Routes()


class Absolute(msgspec.Struct, kw_only=True):
    maxTotalVolumes: int
    maxTotalVolumeGigabytes: int
    maxTotalSnapshots: int
    maxTotalBackups: int
    maxTotalBackupGigabytes: int
    totalVolumesUsed: int
    totalGigabytesUsed: int
    totalSnapshotsUsed: int
    totalBackupsUsed: int
    totalBackupGigabytesUsed: int


class Limits(msgspec.Struct):
    """Rates are not limited."""

    rate: list[str]
    absolute: Absolute


class Query(msgspec.Struct, kw_only=True):
    project_id: Annotated[str | None, since("3.39")] = None
    tenant_id: Annotated[str | None, since("3.39")] = None


@routes.get("/limits", policy=policy.reader(), query=Query, reply=under("limits", Limits))
def show(request: Request, query: Query) -> dict[str, Any]:
    project_id = query.project_id or query.tenant_id or request.who.project_id or ""
    if project_id and not request.who.sees(project_id):
        raise PolicyForbids("limits_extension:used_limits")
    values = logic.usages(request.tx, project_id)
    absolute: dict[str, int] = {}
    for resource, most, used in (
        ("volumes", "maxTotalVolumes", "totalVolumesUsed"),
        ("gigabytes", "maxTotalVolumeGigabytes", "totalGigabytesUsed"),
        ("snapshots", "maxTotalSnapshots", "totalSnapshotsUsed"),
        ("backups", "maxTotalBackups", "totalBackupsUsed"),
        ("backup_gigabytes", "maxTotalBackupGigabytes", "totalBackupGigabytesUsed"),
    ):
        absolute[most], absolute[used] = values[resource]["limit"], values[resource]["in_use"]
    return {"limits": {"rate": [], "absolute": absolute}}

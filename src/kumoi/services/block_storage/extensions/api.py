"""Routes of extensions. The list contains those that exist here."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under

routes = Routes()


class Extension(msgspec.Struct, kw_only=True):
    name: str
    alias: str
    description: str
    links: list[str]
    updated: str


EXTENSIONS = {
    "backups": "Backups",
    "capabilities": "Capabilities",
    "encryption": "VolumeTypeEncryption",
    "os-admin-actions": "AdminActions",
    "os-availability-zone": "AvailabilityZones",
    "os-extended-snapshot-attributes": "ExtendedSnapshotAttributes",
    "os-hosts": "Hosts",
    "os-quota-class-sets": "QuotaClasses",
    "os-quota-sets": "Quotas",
    "os-services": "Services",
    "os-snapshot-actions": "SnapshotActions",
    "os-types-extra-specs": "TypesExtraSpecs",
    "os-types-manage": "TypesManage",
    "os-used-limits": "UsedLimits",
    "os-vol-host-attr": "VolumeHostAttribute",
    "os-vol-image-meta": "VolumeImageMetadata",
    "os-vol-mig-status-attr": "VolumeMigStatusAttribute",
    "os-vol-tenant-attr": "VolumeTenantAttribute",
    "os-volume-actions": "VolumeActions",
    "os-volume-transfer": "VolumeTransfer",
    "os-volume-type-access": "VolumeTypeAccess",
    "qos-specs": "Qos_specs_manage",
    "scheduler-stats": "Scheduler_stats",
}


def _shown(alias: str) -> dict[str, Any]:
    name = EXTENSIONS[alias]
    return {"alias": alias, "name": name, "description": f"{name} of volumes.", "updated": "2015-01-01T00:00:00+00:00",
            "links": []}  # fmt: skip


@routes.get("/extensions", policy=policy.reader(), query=Nothing, reply=under("extensions", list[Extension]))
def index(request: Request) -> dict[str, Any]:
    return {"extensions": [_shown(alias) for alias in EXTENSIONS]}


@routes.get("/extensions/{alias}", policy=policy.reader(), reply=under("extension", Extension))
def show(request: Request, alias: str) -> dict[str, Any]:
    if alias not in EXTENSIONS:
        raise NotFound(f"There is no extension {alias[:255]}.")
    return {"extension": _shown(alias)}

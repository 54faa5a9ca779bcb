"""Routes of pools."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import clock, policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import FlagText
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.services import live

routes = Routes()


class Capabilities(msgspec.Struct, kw_only=True):
    volume_backend_name: str
    pool_name: str
    driver_version: str
    storage_protocol: str
    vendor_name: str
    total_capacity_gb: float
    free_capacity_gb: float
    reserved_percentage: int
    QoS_support: bool
    thin_provisioning_support: bool
    multiattach: bool
    backend_state: str
    timestamp: str


class Pool(msgspec.Struct, kw_only=True):
    """`capabilities` only if details are requested."""

    name: str
    capabilities: Capabilities | msgspec.UnsetType = msgspec.UNSET


BACKEND = "files"


class Query(msgspec.Struct, kw_only=True):
    detail: FlagText | None = None
    name: Annotated[str | None, since("3.28")] = None
    volume_type: Annotated[str | None, since("3.35")] = None


@routes.get(
    "/scheduler-stats/get_pools", policy=policy.admin(), mode="live", query=Query, reply=under("pools", list[Pool])
)
def get_pools(request: Request, query: Query) -> dict[str, Any]:
    detail = listing.truth(query.detail, "detail", False)
    found = []
    for host in live.hosts(request):
        name = f"{host.name}@{BACKEND}#{BACKEND}"
        if not host.up or query.name not in (None, name):
            continue
        pool: dict[str, Any] = {"name": name}
        if detail:
            pool["capabilities"] = {
                "volume_backend_name": BACKEND, "pool_name": BACKEND, "driver_version": "1", "storage_protocol": "file",
                "vendor_name": "Kumoi", "total_capacity_gb": round(host.total_gib, 2),
                "free_capacity_gb": round(host.free_gib, 2), "reserved_percentage": 0, "QoS_support": False,
                "thin_provisioning_support": True, "multiattach": False, "backend_state": "up",
                "timestamp": clock.iso_microseconds(clock.now()),
            }  # fmt: skip
        found.append(pool)
    return {"pools": found}

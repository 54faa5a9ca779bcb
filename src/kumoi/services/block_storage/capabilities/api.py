"""Routes of capabilities."""

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.block_storage.services import live

routes = Routes()
BACKEND = "files"


class Property(msgspec.Struct, kw_only=True):
    title: str
    description: str
    type: str


class Capabilities(msgspec.Struct, kw_only=True):
    namespace: str
    vendor_name: str
    volume_backend_name: str
    pool_name: str | None
    driver_version: str
    storage_protocol: str
    display_name: str | None
    description: str | None
    visibility: str | None
    replication_targets: list[str]
    properties: dict[str, Property]


@routes.get("/capabilities/{host_name}", policy=policy.admin(), mode="live", query=Nothing, reply=Capabilities)
def show(request: Request, host_name: str) -> Capabilities:
    host, _, backend = host_name.partition("#")[0].partition("@")
    if host not in live.names(request) or backend not in ("", BACKEND):
        raise NotFound(f"Host {host_name[:255]} could not be found.")
    thin = Property(title="Thin Provisioning", description="Disks take room only for what was written.", type="boolean")
    return Capabilities(
        namespace=f"OS::Storage::Capabilities::{host}@{BACKEND}", vendor_name="Kumoi", volume_backend_name=BACKEND,
        pool_name=BACKEND, driver_version="1", storage_protocol="file", display_name=None, description=None,
        visibility=None, replication_targets=[], properties={"thin_provisioning": thin},
    )  # fmt: skip

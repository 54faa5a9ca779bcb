"""The object store: where it answers and which resources it has."""

from typing import Any

from kumoi.kernel.routes import Service, below
from kumoi.services.object_store import errors


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    links = [{"rel": "self", "href": f"{base_url}{service.prefix}/v1/"}]
    return {"versions": [{"id": "v1.0", "status": "CURRENT", "links": links}]}


SERVICE = Service(
    type="object_store",
    name="swift",
    prefix="/object-store",
    root=errors.ROOT,
    catalog_type="object-store",
    catalog_path="/object-store/v1/AUTH_{project_id}",
    routes=below(__package__),
    streams=below(__package__, "streams"),
    render_error=errors.render,
    headers=errors.transaction,
    is_sandboxed=True,
    discovery=discovery,
    address="/object-store/v1",
    over_quota_status=413,
    tables="object_store_",
    open_absence=True,
)
"""Objects of any size in containers (OpenStack Object Storage API v1)."""

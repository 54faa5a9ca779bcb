"""The service of Kumoi itself."""

from typing import Any

from kumoi.kernel.routes import Service, below
from kumoi.services.cloud import errors


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    version = {"id": "v1", "status": "CURRENT", "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/"}]}
    return {"versions": [version], "version": version}


SERVICE = Service(
    type="cloud",
    name="kumoi",
    prefix="/kumoi/v1",
    root=errors.ROOT,
    catalog_type="kumoi",
    catalog_path="/kumoi/v1",
    catalog_also=("dashboard",),
    catalog_names={"dashboard": "kumoi-dashboard"},
    catalog_paths={"dashboard": "/"},
    routes=below(__package__),
    streams=below(__package__, "streams"),
    render_error=errors.render,
    discovery=discovery,
    discovery_status=200,
    tables="cloud_",
)

"""The identity service: where it answers and which resources it has."""

from typing import Any

from kumoi.kernel.routes import Service, below
from kumoi.services.identity import errors


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    version = {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }
    return {"versions": {"values": [version]}, "version": version}


SERVICE = Service(
    type="identity",
    name="keystone",
    prefix="/identity/v3",
    root=errors.ROOT,
    catalog_type="identity",
    catalog_path="/identity",
    routes=below(__package__),
    render_error=errors.render,
    discovery=discovery,
    discovery_status=300,
    over_quota_status=403,
    tables="identity_",
    absent="The resource could not be found.",
    open_absence=True,
)

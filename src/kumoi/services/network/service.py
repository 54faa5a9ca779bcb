"""The network service: where it answers and which resources it has."""

from typing import Any

from kumoi.kernel.routes import Service, below
from kumoi.services.network import bodies, errors

COLLECTIONS = ("networks", "subnets", "subnetpools", "ports", "routers", "floatingips", "security-groups",
               "security-group-rules", "quotas", "extensions", "agents", "availability_zones")  # fmt: skip


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    version = {
        "id": "v2.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/"}],
    }
    resources = [
        {
            "name": name.rstrip("s"),
            "collection": name,
            "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/{name}"}],
        }
        for name in COLLECTIONS
    ]
    return {"versions": [version], "resources": resources}


SERVICE = Service(
    type="network",
    name="neutron",
    prefix="/network/v2.0",
    root=errors.ROOT,
    catalog_type="network",
    catalog_path="/network",
    routes=below(__package__),
    negotiates=True,
    render_error=errors.render,
    discovery=discovery,
    decode=bodies.decode,
    format_in_path=True,
    discovery_status=200,
    over_quota_status=409,
    tables="network_",
)  # fmt: skip

"""The network service: where it answers and which resources it has."""

from typing import Any

from kumoi.kernel.routes import Service
from kumoi.services.network import bodies, errors
from kumoi.services.network.agents.api import routes as agents
from kumoi.services.network.availability_zones.api import routes as availability_zones
from kumoi.services.network.extensions.api import routes as extensions
from kumoi.services.network.floating_ips.api import routes as floating_ips
from kumoi.services.network.ip_availability.api import routes as ip_availability
from kumoi.services.network.networks.api import routes as networks
from kumoi.services.network.ports.api import routes as ports
from kumoi.services.network.quotas.api import routes as quotas
from kumoi.services.network.router_interfaces.api import routes as router_interfaces
from kumoi.services.network.routers.api import routes as routers
from kumoi.services.network.security_group_rules.api import routes as security_group_rules
from kumoi.services.network.security_groups.api import routes as security_groups
from kumoi.services.network.subnetpools.api import routes as subnetpools
from kumoi.services.network.subnets.api import routes as subnets
from kumoi.services.network.tags.api import routes as tags

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
    routes=(
        networks, subnets, subnetpools, ports, routers, router_interfaces, floating_ips, security_groups,
        security_group_rules, tags, quotas, extensions, agents, availability_zones, ip_availability,
    ),
    render_error=errors.render,
    discovery=discovery,
    decode=bodies.decode,
    discovery_status=200,
    over_quota_status=409,
    tables="network_",
)  # fmt: skip

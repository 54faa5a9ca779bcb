"""A service, an endpoint and a region of the catalogue."""

from typing import Any

from kumoi.kernel.routes import Route

V3 = "/identity/v3"


def create(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    service = {"service": {"name": "new", "type": "other"}}
    if route.path == "/services":
        return f"{V3}/services", service
    if route.path == "/regions":
        return f"{V3}/regions", {"region": {"id": "new"}}
    service_id = cloud.post(f"{V3}/services", as_="admin", json=service).json["service"]["id"]
    endpoint = {"service_id": service_id, "interface": "public", "url": "http://example.org"}
    return f"{V3}/endpoints", {"endpoint": endpoint}

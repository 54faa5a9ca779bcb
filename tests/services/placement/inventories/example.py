"""The inventory of a resource provider."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    providers = "/placement/resource_providers"
    cloud.post(providers, as_="admin", json={"name": "new"})
    provider = cloud.get(providers, as_="admin", params={"name": "new"}).json["resource_providers"][0]
    body = {"resource_class": "VCPU", "total": 8, "resource_provider_generation": provider["generation"]}
    return f"{providers}/{provider['uuid']}/inventories", body

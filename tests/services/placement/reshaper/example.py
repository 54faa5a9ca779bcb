"""A host whose inventory stays as it is."""

from typing import Any

from tests.services.placement.allocations.example import PROVIDERS, provider


def reshape(cloud: Any) -> tuple[str, dict[str, Any]]:
    found = provider(cloud)
    held = cloud.get(f"{PROVIDERS}/{found['uuid']}/inventories", as_="admin").json["inventories"]
    inventories = {found["uuid"]: {"resource_provider_generation": found["generation"], "inventories": held}}
    return "/placement/reshaper", {"inventories": inventories, "allocations": {}}

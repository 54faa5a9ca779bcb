"""Claims of several consumers at once."""

from typing import Any

from tests.examples import server

PROVIDERS = "/placement/resource_providers"


def provider(cloud: Any) -> dict[str, Any]:
    """The host's resource provider."""
    found: dict[str, Any] = cloud.get(PROVIDERS, as_="admin").json["resource_providers"][0]
    return found


def replace_many(cloud: Any) -> tuple[str, dict[str, Any]]:
    """What a server has, once more."""
    consumer = server(cloud)
    held = cloud.get(f"/placement/allocations/{consumer}", as_="admin", version="1.12").json
    claims = {each: {"resources": one["resources"]} for each, one in held["allocations"].items()}
    return "/placement/allocations", {
        consumer: {"allocations": claims, "project_id": held["project_id"], "user_id": held["user_id"]}
    }

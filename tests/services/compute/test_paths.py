"""Other paths of the same routes: with the project's id in it, and `os-volumes_boot` for `servers`."""

from typing import Any

import pytest

from tests.cloud import PROJECT
from tests.services.compute.world import World

PREFIXES = ["/compute/v2.1", "/compute/v2"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("path", ["/servers", "/servers/detail", "/flavors/detail", "/os-keypairs", "/limits"])
def test_the_project_in_the_path(cloud: Any, prefix: str, path: str) -> None:
    with_project = cloud.get(f"{prefix}/{PROJECT}{path}")
    assert (with_project.status_code, with_project.json) == (200, cloud.get(prefix + path).json)
    refused = cloud.get(f"{prefix}/00000000000000000000000000000001{path}")
    assert refused.status_code == 400
    assert "project" in refused.json["badRequest"]["message"]


@pytest.mark.parametrize("prefix", ["/compute/v2.1", f"/compute/v2.1/{PROJECT}", f"/compute/v2/{PROJECT}"])
def test_volumes_boot_is_servers(world: World, prefix: str) -> None:
    cloud, path = world.cloud, f"{prefix}/os-volumes_boot"
    made = cloud.post(path, json=world.body())
    assert made.status_code == 202, made.text
    cloud.settle()
    server_id = made.json["server"]["id"]
    assert world.show(server_id)["status"] == "ACTIVE"
    assert [server["id"] for server in cloud.get(path).json["servers"]] == [server_id]
    (shown,) = cloud.get(f"{path}/detail").json["servers"]
    assert (shown["id"], shown["status"]) == (server_id, "ACTIVE")
    assert cloud.call("DELETE", f"{prefix}/servers/{server_id}").status_code == 204

"""Aggregates as admins make them: hosts, metadata, zones; their images; placement follows."""

from typing import Any

import pytest

from kumoi.engines.hosts import Hosts
from tests.services.compute.several import add_hosts
from tests.services.compute.world import World

AGGREGATES = "/compute/v2.1/os-aggregates"


def make(cloud: Any, name: str = "one", version: str | None = None, **asked: Any) -> Any:
    return cloud.post(AGGREGATES, as_="admin", version=version, json={"aggregate": {"name": name, **asked}})


def act(cloud: Any, aggregate: Any, action: str, argument: Any) -> Any:
    return cloud.post(f"{AGGREGATES}/{aggregate['id']}/action", as_="admin", json={action: argument})


def zone(cloud: Any) -> str:
    services = cloud.get("/compute/v2.1/os-services", as_="admin").json["services"]
    return str(services[0]["zone"])


def test_life(world: World) -> None:
    cloud = world.cloud
    made = make(cloud, availability_zone="east", version="2.41")
    assert made.status_code == 200, made.text
    aggregate = made.json["aggregate"]
    assert set(aggregate) == {
        "id", "uuid", "name", "availability_zone", "created_at", "updated_at", "deleted", "deleted_at",
    }  # fmt: skip
    assert "uuid" not in cloud.get(f"{AGGREGATES}/{aggregate['id']}", as_="admin", version="2.40").json["aggregate"]
    path = f"{AGGREGATES}/{aggregate['id']}"
    assert (aggregate["availability_zone"], aggregate["updated_at"]) == ("east", None)
    added = act(cloud, aggregate, "add_host", {"host": "host-1"}).json["aggregate"]
    assert (added["hosts"], added["metadata"]) == (["host-1"], {"availability_zone": "east"})
    assert zone(cloud) == "east"
    changed = act(cloud, aggregate, "set_metadata", {"metadata": {"ssd": "true", "gpu": "no"}}).json["aggregate"]
    assert changed["metadata"] == {"availability_zone": "east", "ssd": "true", "gpu": "no"}
    changed = act(cloud, aggregate, "set_metadata", {"metadata": {"gpu": None}}).json["aggregate"]
    assert changed["metadata"] == {"availability_zone": "east", "ssd": "true"}
    renamed = cloud.put(path, as_="admin", json={"aggregate": {"name": "two", "availability_zone": "west"}})
    assert renamed.json["aggregate"]["name"] == "two" and zone(cloud) == "west"
    assert cloud.get(AGGREGATES, as_="admin").json["aggregates"] == [cloud.get(path, as_="admin").json["aggregate"]]
    provider = cloud.get("/placement/resource_providers", as_="admin").json["resource_providers"][0]["uuid"]

    def placed() -> Any:
        members = f"/placement/resource_providers/{provider}/aggregates"
        return cloud.get(members, as_="admin", version="1.19").json["aggregates"]

    assert placed() == [aggregate["uuid"]]
    assert cloud.delete(path, as_="admin").status_code == 400, "it has a host"
    assert act(cloud, aggregate, "remove_host", {"host": "host-1"}).json["aggregate"]["hosts"] == []
    assert placed() == [] and zone(cloud) == "nova"
    assert cloud.delete(path, as_="admin").status_code == 200
    assert cloud.get(path, as_="admin").status_code == 404 == cloud.delete(path, as_="admin").status_code


def test_what_is_refused(world: World) -> None:
    cloud = world.cloud
    one, two = make(cloud).json["aggregate"], make(cloud, "two", availability_zone="east").json["aggregate"]
    assert make(cloud).status_code == 409
    assert make(cloud, "three", availability_zone="a:b").status_code == 400
    assert make(cloud, " ").status_code == 400
    assert cloud.put(f"{AGGREGATES}/{one['id']}", as_="admin", json={"aggregate": {"name": "two"}}).status_code == 409
    assert cloud.put(f"{AGGREGATES}/{one['id']}", as_="admin", json={"aggregate": {}}).status_code == 400
    assert cloud.get(f"{AGGREGATES}/x", as_="admin").status_code == 404
    assert cloud.get(AGGREGATES).status_code == 403
    assert act(cloud, one, "add_host", {"host": "nobody"}).status_code == 404
    assert act(cloud, one, "remove_host", {"host": "host-1"}).status_code == 404
    for each in (one, two):
        assert act(cloud, each, "add_host", {"host": "host-1"}).status_code == 200
    again = act(cloud, one, "add_host", {"host": "host-1"})
    assert again.status_code == 409 and "already has host host-1" in again.text
    refused = act(cloud, one, "set_metadata", {"metadata": {"availability_zone": "west"}})
    assert refused.status_code == 409 and "east" in refused.text, "a host is in one zone"
    assert act(cloud, one, "set_metadata", {"metadata": {"availability_zone": ""}}).status_code == 400


def test_images_are_copied_before_a_server_needs_them(world: World) -> None:
    cloud = world.cloud
    add_hosts(cloud, "host-2")
    aggregate = make(cloud).json["aggregate"]
    path = f"{AGGREGATES}/{aggregate['id']}/images"
    body = {"cache": [{"id": world.image}]}

    def ask(body: Any, version: str = "2.81") -> int:
        return int(cloud.post(path, as_="admin", version=version, json=body).status_code)

    assert ask(body) == 400, "no hosts"
    for host in ("host-1", "host-2"):
        assert act(cloud, aggregate, "add_host", {"host": host}).status_code == 200
    assert ask(body, "2.80") == 404
    assert ask({"cache": []}) == 400 == ask({"cache": [*body["cache"], *body["cache"]]})
    assert ask({"cache": [{"id": "1c7b3f0a-5c8b-4bbf-9a71-3a4f8f5f0b0e"}]}) == 400
    assert cloud.engines[Hosts].volumes("host-1").inventory().bases == []
    assert ask(body) == 202
    cloud.settle()
    for host in ("host-1", "host-2"):
        assert cloud.engines[Hosts].volumes(host).inventory().bases == [world.image]


@pytest.mark.parametrize("version", ["2.1", "2.96"])
def test_there_is_none_in_a_new_cloud(cloud: Any, version: str) -> None:
    assert cloud.get(AGGREGATES, as_="admin", version=version).json == {"aggregates": []}

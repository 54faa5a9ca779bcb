"""Routes by which versions until 2.35 passed requests on: the same things as in the other services, in compute's shapes."""

from typing import Any

import pytest

from kumoi.services.block_storage import bootstrap
from tests.cloud import PROJECT
from tests.services.compute.world import LATEST, World

V2 = "/compute/v2.1"
NOBODY = "1c7b3f0a-5c8b-4bbf-9a71-3a4f8f5f0b0e"


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json if answer.text else None


@pytest.mark.parametrize(
    "path",
    [
        "/images", "/images/detail", "/os-networks", "/os-tenant-networks", "/os-floating-ips", "/os-floating-ip-pools",
        "/os-security-groups", "/os-volumes", "/os-volumes/detail", "/os-snapshots", "/os-snapshots/detail",
    ],
)  # fmt: skip
def test_until_2_35(world: World, path: str) -> None:
    (found,) = ok(world.cloud.get(V2 + path, version="2.35")).values()
    assert isinstance(found, list)
    assert world.cloud.get(V2 + path, version="2.36").status_code == 404


def test_images(world: World) -> None:
    cloud = world.cloud
    (item,) = ok(cloud.get(f"{V2}/images"))["images"]
    assert set(item) == {"id", "name", "links"} and item["id"] == world.image
    image = ok(cloud.get(f"{V2}/images/{world.image}"))["image"]
    assert ok(cloud.get(f"{V2}/images/detail"))["images"] == [image]
    assert {"status": "ACTIVE", "progress": 100, "minDisk": 0, "metadata": {}}.items() <= image.items()
    assert image["OS-EXT-IMG-SIZE:size"] == 1000
    for query, number in (
        ("status=active", 1), ("status=SAVING", 0), ("status=x", 0), ("name=guest", 1), ("name=x", 0),
        ("type=snapshot", 0), ("changes-since=2999-01-01T00:00:00Z", 0), ("limit=1", 1), ("minRam=1", 0),
        ("limit=0", 0),
    ):  # fmt: skip
        assert len(ok(cloud.get(f"{V2}/images?{query}"))["images"]) == number, query
    assert cloud.get(f"{V2}/images?changes-since=x").status_code == 400
    assert cloud.get(f"{V2}/images?marker={NOBODY}").status_code == 400
    assert cloud.get(f"{V2}/images/{NOBODY}").status_code == 404
    assert cloud.delete(f"{V2}/images/{world.image}", as_="other").status_code == 403


def test_the_metadata_of_an_image(world: World) -> None:
    cloud = world.cloud
    image = ok(cloud.post("/image/v2/images", json={"name": "own", "os": "linux"}), 201)
    path = f"{V2}/images/{image['id']}/metadata"
    assert ok(cloud.get(path, version="2.38")) == {"metadata": {"os": "linux"}}
    assert cloud.get(path, version="2.39").status_code == 404
    assert ok(cloud.post(path, json={"metadata": {"a/b": "1"}}), 400) is not None
    assert ok(cloud.post(path, json={"metadata": {"a": "1"}})) == {"metadata": {"os": "linux", "a": "1"}}
    assert ok(cloud.put(f"{path}/a", json={"meta": {"a": "2"}})) == {"meta": {"a": "2"}}
    assert cloud.put(f"{path}/a", json={"meta": {"b": "2"}}).status_code == 400
    assert ok(cloud.get(f"{path}/a")) == {"meta": {"a": "2"}}
    assert cloud.delete(f"{path}/a").status_code == 204
    assert cloud.delete(f"{path}/a").status_code == 404 == cloud.get(f"{path}/a").status_code
    assert ok(cloud.put(path, json={"metadata": {"c": "3"}})) == {"metadata": {"c": "3"}}
    for name in ("name", "owner", "status"):
        assert cloud.post(path, json={"metadata": {name: "x"}}).status_code == 400
    assert ok(cloud.get(f"/image/v2/images/{image['id']}"))["c"] == "3"
    assert cloud.delete(f"{V2}/images/{image['id']}").status_code == 204


def test_networks(world: World) -> None:
    cloud = world.cloud
    (network,) = ok(cloud.get(f"{V2}/os-networks"))["networks"]
    assert (network["id"], network["label"], network["cidr"]) == (world.network, "private", None)
    assert ok(cloud.get(f"{V2}/os-networks/{world.network}")) == {"network": network}
    brief = {"id": world.network, "label": "private", "cidr": None}
    assert ok(cloud.get(f"{V2}/os-tenant-networks")) == {"networks": [brief]}
    assert ok(cloud.get(f"{V2}/os-tenant-networks/{world.network}")) == {"network": brief}
    assert cloud.get(f"{V2}/os-networks/{NOBODY}").status_code == 404
    assert ok(cloud.get(f"{V2}/os-networks", as_="other")) == {"networks": []}


def test_floating_ips(world: World) -> None:
    cloud = world.cloud
    path = f"{V2}/os-floating-ips"
    assert cloud.post(path, json={}).status_code == 404, "there is no pool"
    body = {"network": {"name": "public", "router:external": True}}
    public = ok(cloud.post("/network/v2.0/networks", as_="admin", json=body), 201)["network"]["id"]
    subnet = {"network_id": public, "cidr": "172.24.4.0/24", "ip_version": 4, "enable_dhcp": False}
    ok(cloud.post("/network/v2.0/subnets", as_="admin", json={"subnet": subnet}), 201)
    assert ok(cloud.get(f"{V2}/os-floating-ip-pools")) == {"floating_ip_pools": [{"name": "public"}]}
    made = ok(cloud.post(path, json={"pool": "public"}))["floating_ip"]
    assert (made["pool"], made["fixed_ip"], made["instance_id"]) == ("public", None, None)
    assert (
        ok(cloud.get(path)) == {"floating_ips": [made]} and ok(cloud.get(f"{path}/{made['id']}"))["floating_ip"] == made
    )
    assert cloud.post(path, json={"pool": "x"}).status_code == 404
    assert cloud.delete(f"{path}/{made['id']}").status_code == 202
    assert cloud.delete(f"{path}/{made['id']}").status_code == 404


def test_security_groups(world: World) -> None:
    cloud = world.cloud
    path, rules = f"{V2}/os-security-groups", f"{V2}/os-security-group-rules"
    made = ok(cloud.post(path, json={"security_group": {"name": "web", "description": "d"}}))["security_group"]
    assert made == {"id": made["id"], "name": "web", "description": "d", "tenant_id": PROJECT, "rules": []}
    other = ok(cloud.post(path, json={"security_group": {"name": "app", "description": "d"}}))["security_group"]
    asked = {"parent_group_id": made["id"], "ip_protocol": "TCP", "from_port": "22", "to_port": 23}
    rule = ok(cloud.post(rules, json={"security_group_rule": asked}))["security_group_rule"]
    assert rule == {
        "id": rule["id"], "parent_group_id": made["id"], "ip_protocol": "tcp", "from_port": 22, "to_port": 23,
        "ip_range": {"cidr": "0.0.0.0/0"}, "group": {},
    }  # fmt: skip
    of_group = ok(cloud.post(rules, json={"security_group_rule": {**asked, "group_id": other["id"]}}))
    assert of_group["security_group_rule"]["group"] == {"name": "app", "tenant_id": PROJECT}
    shown = ok(cloud.get(f"{path}/{made['id']}"))["security_group"]
    assert {each["id"] for each in shown["rules"]} == {rule["id"], of_group["security_group_rule"]["id"]}
    assert {group["name"] for group in ok(cloud.get(path))["security_groups"]} == {"default", "web", "app"}
    assert len(ok(cloud.get(f"{path}?limit=1"))["security_groups"]) == 1
    changed = ok(cloud.put(f"{path}/{made['id']}", json={"security_group": {"name": "www", "description": "e"}}))
    assert changed["security_group"]["name"] == "www" and len(changed["security_group"]["rules"]) == 2
    assert cloud.post(rules, json={"security_group_rule": asked}).status_code == 400, "it exists"
    for wrong, status in (
        ({"ip_protocol": "x"}, 400), ({"from_port": 70000}, 400), ({"parent_group_id": NOBODY}, 404),
        ({"parent_group_id": None}, 400), ({"parent_group_id": "x"}, 400), ({"cidr": "x"}, 400),
    ):  # fmt: skip
        assert cloud.post(rules, json={"security_group_rule": {**asked, **wrong}}).status_code == status, wrong
    assert cloud.post(path, json={"security_group": {"name": " ", "description": "d"}}).status_code == 400
    assert cloud.delete(f"{rules}/{rule['id']}").status_code == 202 != cloud.delete(f"{rules}/{rule['id']}").status_code
    assert cloud.delete(f"{path}/{made['id']}").status_code == 202
    (default,) = (one for one in ok(cloud.get(path))["security_groups"] if one["name"] == "default")
    assert cloud.delete(f"{path}/{default['id']}").status_code == 400


def test_a_quota_of_the_other_service_is_refused_as_computes_own(world: World) -> None:
    world.cloud.put(f"/network/v2.0/quotas/{PROJECT}", as_="admin", json={"quota": {"security_group": 0}})
    body = {"security_group": {"name": "web", "description": "d"}}
    refused = world.cloud.post(f"{V2}/os-security-groups", json=body)
    assert refused.status_code == 403 and "security_group" in refused.json["forbidden"]["message"]


def test_volumes_and_snapshots(world: World) -> None:

    cloud = world.cloud
    cloud.database.write(lambda tx: bootstrap.bootstrap(tx, cloud.settings, {}))
    path = f"{V2}/os-volumes"
    asked = {"display_name": "data", "display_description": "d", "size": "1", "metadata": {"a": "b"}}
    made = ok(cloud.post(path, json={"volume": asked}))["volume"]
    assert (made["displayName"], made["displayDescription"], made["size"]) == ("data", "d", 1)
    cloud.settle()
    volume = ok(cloud.get(f"{path}/{made['id']}"))["volume"]
    assert (volume["status"], volume["attachments"], volume["metadata"]) == ("available", [{}], {"a": "b"})
    assert ok(cloud.get(f"{path}/detail")) == {"volumes": [volume]} == ok(cloud.get(f"{path}?limit=1"))
    assert ok(cloud.get(f"{path}?offset=1")) == {"volumes": []}
    for size in (0, -1, "#$%", "", None):
        assert cloud.post(path, json={"volume": {"size": size}}).status_code == 400, size
    assert cloud.post(path, json={"volume": {"size": 1, "snapshot_id": NOBODY}}).status_code == 404
    snapshots = f"{V2}/os-snapshots"
    snapshot = ok(cloud.post(snapshots, json={"snapshot": {"volume_id": made["id"], "display_name": "s"}}))["snapshot"]
    assert (snapshot["volumeId"], snapshot["displayName"]) == (made["id"], "s")
    cloud.settle()
    snapshot = ok(cloud.get(f"{snapshots}/{snapshot['id']}"))["snapshot"]
    assert ok(cloud.get(f"{snapshots}/detail")) == {"snapshots": [snapshot]}
    assert cloud.delete(f"{snapshots}/{snapshot['id']}").status_code == 202
    cloud.settle()
    assert cloud.delete(f"{path}/{made['id']}").status_code == 202
    cloud.settle()
    assert cloud.get(f"{path}/{made['id']}").status_code == 404 == cloud.delete(f"{path}/{NOBODY}").status_code
    assert cloud.get(f"{path}/").status_code == 404


@pytest.mark.parametrize("version", ["2.1", LATEST])
def test_what_nova_removed_is_gone(cloud: Any, version: str) -> None:
    for path in ("/os-fping", "/os-agents", "/os-fixed-ips/10.0.0.1"):
        gone = cloud.get(V2 + path, as_="admin", version=version)
        assert (gone.status_code, gone.json["gone"]["code"]) == (410, 410), path
    assert cloud.post(f"{V2}/os-cloudpipe", as_="admin", version=version, json={}).status_code == 410

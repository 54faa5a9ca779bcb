"""A project's first network, made when it is asked for."""

from typing import Any

import pytest

from tests.cloud import OTHER_PROJECT, PROJECT

N = "/network/v2.0"
TOPOLOGY = f"{N}/auto-allocated-topology"


@pytest.fixture
def ready(cloud: Any) -> Any:
    """A cloud with a way out."""
    asked = {"name": "public", "router:external": True, "is_default": True}
    made = cloud.post(f"{N}/networks", as_="admin", json={"network": asked})
    assert made.status_code == 201, made.text
    subnet = {"network_id": made.json["network"]["id"], "cidr": "172.24.4.0/24", "ip_version": 4, "enable_dhcp": False}
    assert cloud.post(f"{N}/subnets", as_="admin", json={"subnet": subnet}).status_code == 201
    return cloud


def own(cloud: Any, what: str, as_: str = "member") -> list[dict[str, Any]]:
    found = cloud.get(f"{N}/{what}", as_=as_).json[what]
    project = OTHER_PROJECT if as_ == "other" else PROJECT
    return [one for one in found if one["project_id"] == project and one["name"] != "public"]


def test_it_is_made_once(ready: Any) -> None:
    first = ready.get(f"{TOPOLOGY}/{PROJECT}")
    assert first.status_code == 200, first.text
    topology = first.json["auto_allocated_topology"]
    assert ready.get(f"{TOPOLOGY}/{PROJECT}").json == first.json
    (network,), (router,) = own(ready, "networks"), own(ready, "routers")
    assert (network["id"], network["name"]) == (topology["id"], "auto_allocated_network")
    assert router["external_gateway_info"] is not None
    (subnet,) = (one for one in own(ready, "subnets") if one["network_id"] == network["id"])
    assert subnet["cidr"] == "10.0.0.0/24"
    ports = ready.get(f"{N}/ports?device_id={router['id']}&network_id={network['id']}").json["ports"]
    assert len(ports) == 1
    ready.settle()
    assert ready.audit() == []


def test_it_goes(ready: Any) -> None:
    ready.get(f"{TOPOLOGY}/{PROJECT}")
    assert ready.delete(f"{TOPOLOGY}/{PROJECT}", as_="other").status_code == 403
    gone = ready.delete(f"{TOPOLOGY}/{PROJECT}")
    assert gone.status_code == 204, gone.text
    assert own(ready, "networks") == [] == own(ready, "routers")
    assert ready.delete(f"{TOPOLOGY}/{PROJECT}").status_code == 404
    ready.settle()
    assert ready.audit() == []


def test_its_network_may_be_deleted_like_any_other(ready: Any) -> None:
    network_id = ready.get(f"{TOPOLOGY}/{PROJECT}").json["auto_allocated_topology"]["id"]
    (router,) = own(ready, "routers")
    for subnet in own(ready, "subnets"):
        path = f"{N}/routers/{router['id']}/remove_router_interface"
        if subnet["network_id"] == network_id:
            assert ready.put(path, json={"subnet_id": subnet["id"]}).status_code == 200
    assert ready.delete(f"{N}/networks/{network_id}").status_code == 204
    again = ready.get(f"{TOPOLOGY}/{PROJECT}").json["auto_allocated_topology"]["id"]
    assert again != network_id


def test_a_dry_run(ready: Any, cloud: Any) -> None:
    tried = ready.get(f"{TOPOLOGY}/{PROJECT}?fields=dry-run").json["auto_allocated_topology"]
    assert tried["id"] == "dry-run=pass" and own(ready, "networks") == []


def test_without_a_way_out(cloud: Any) -> None:
    assert cloud.get(f"{TOPOLOGY}/{PROJECT}").status_code == 409
    refused = cloud.get(f"{TOPOLOGY}/{PROJECT}?fields=dry-run")
    assert refused.status_code == 400 and "router:external" in refused.text


def test_who_may(ready: Any) -> None:
    assert ready.get(f"{TOPOLOGY}/{OTHER_PROJECT}").status_code == 403
    assert ready.get(f"{TOPOLOGY}/{OTHER_PROJECT}", as_="admin").status_code == 200
    assert [one["name"] for one in own(ready, "networks", "other")] == ["auto_allocated_network"]


def test_the_quota_of_networks_holds(ready: Any) -> None:
    ready.put(f"{N}/quotas/{PROJECT}", as_="admin", json={"quota": {"network": 0}})
    refused = ready.get(f"{TOPOLOGY}/{PROJECT}")
    assert refused.status_code == 409 and "network" in refused.text

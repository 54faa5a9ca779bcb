"""Filters, order, pages and fields: the same for every list of the network API."""

from typing import Any
from urllib.parse import urlsplit

import pytest

V2 = "/network/v2.0"


@pytest.fixture
def named(net: Any) -> list[str]:
    return [net.make("networks", name=name, description=f"d{i % 2}")["id"] for i, name in enumerate("edcba")]


def names(cloud: Any, query: str, as_: str = "member") -> list[str]:
    seen = cloud.get(f"{V2}/networks?{query}", as_=as_)
    assert seen.status_code == 200, seen.text
    return [network["name"] for network in seen.json["networks"]]


def test_order(cloud: Any, named: list[str]) -> None:
    assert names(cloud, "") == list("edcba")
    assert names(cloud, "sort_key=name") == list("abcde")
    assert names(cloud, "sort_key=description&sort_dir=desc&sort_key=name&sort_dir=asc") == list("bdace")
    for query in (
        "sort_key=nonsense&sort_dir=asc",
        "sort_key=name&sort_dir=up",
        "sort_key=name&sort_dir=asc&sort_dir=asc",
    ):
        assert cloud.get(f"{V2}/networks?{query}").status_code == 400


def test_pages_forth_and_back(cloud: Any, named: list[str]) -> None:
    seen, path, query = [], f"{V2}/networks", "limit=2&sort_key=name&sort_dir=asc"
    previous = None
    while query:
        body = cloud.get(f"{path}?{query}").json
        seen.append([network["name"] for network in body["networks"]])
        links = {link["rel"]: link["href"] for link in body.get("networks_links", [])}
        previous = links.get("previous", previous)
        query = urlsplit(links["next"]).query if "next" in links else ""
    assert seen == [["a", "b"], ["c", "d"], ["e"]]
    back = cloud.get(f"{path}?{urlsplit(previous).query}").json
    assert [network["name"] for network in back["networks"]] == ["c", "d"]
    assert {link["rel"] for link in back["networks_links"]} == {"next", "previous"}
    end = cloud.get(f"{path}?limit=2&sort_key=name&sort_dir=asc&marker={named[0]}").json
    assert end["networks"] == []
    (link,) = end["networks_links"]
    back = cloud.get(f"{path}?{urlsplit(link['href']).query}").json
    assert link["rel"] == "previous" and [network["name"] for network in back["networks"]] == ["d", "e"]
    assert cloud.get(f"{path}?limit=2&marker=nonsense").status_code == 400
    assert cloud.get(f"{path}?limit=x").status_code == 400
    assert names(cloud, "limit=0") == list("edcba")


def test_filters_on_any_attribute_and_several_values(cloud: Any, named: list[str]) -> None:
    assert names(cloud, "name=a&name=c&name=nobody") == ["c", "a"]
    assert names(cloud, "description=d1") == ["d", "b"]
    assert names(cloud, f"id={named[0]}&id={named[4]}") == ["e", "a"]
    assert names(cloud, "admin_state_up=True&shared=0&router:external=false&mtu=1442&status=ACTIVE") == list("edcba")
    assert names(cloud, "tenant_id=" + "1" * 32) == list("edcba")
    assert names(cloud, "project_id=" + "2" * 32) == []
    assert names(cloud, "changed_since=2001-01-01T00:00:00Z") == list("edcba")
    assert names(cloud, "revision_number=0&description=d0&name=") == []
    for query in ("nonsense=1", "mtu=big", "shared=perhaps", "created_at=then"):
        refused = cloud.get(f"{V2}/networks?{query}")
        assert refused.status_code == 400, query
        assert query.split("=")[0] in refused.json["NeutronError"]["message"]
    assert names(cloud, "provider:network_type=geneve", as_="admin") == list("edcba")


def test_only_the_fields_asked_for(cloud: Any, named: list[str]) -> None:
    one = cloud.get(f"{V2}/networks/{named[0]}?fields=id&fields=name").json["network"]
    assert one == {"id": named[0], "name": "e"}
    many = cloud.get(f"{V2}/networks?fields=name&fields=nonsense").json["networks"]
    assert many[0] == {"name": "e"}


def test_tags(cloud: Any, named: list[str]) -> None:
    for resource_id, tags in zip(named, (["red"], ["red", "blue"], ["blue"], [], ["green"]), strict=True):
        assert cloud.put(f"{V2}/networks/{resource_id}/tags", json={"tags": tags}).json == {"tags": sorted(tags)}
    assert names(cloud, "tags=red,blue") == ["d"]
    assert names(cloud, "tags-any=red,blue") == ["e", "d", "c"]
    assert names(cloud, "not-tags=red,blue") == ["e", "c", "b", "a"]
    assert names(cloud, "not-tags-any=red,blue") == ["b", "a"]


def test_a_page_of_filtered_rows_keeps_its_filter(cloud: Any, named: list[str]) -> None:
    body = cloud.get(f"{V2}/networks?description=d0&limit=2").json
    following = urlsplit(next(link["href"] for link in body["networks_links"] if link["rel"] == "next")).query
    assert names(cloud, following) == ["a"]


@pytest.mark.parametrize("collection", ["ports", "security-group-rules"])
def test_no_order_shows_what_is_another_projects(cloud: Any, net: Any, collection: str) -> None:
    for as_, cidr in (("member", "10.0.0.0/24"), ("other", "10.9.0.0/24")):
        net.make("ports", as_=as_, network_id=net.network(cidr, as_=as_)["id"])
    mine = {one["id"] for one in net.list(collection)}
    for key in ("name", "direction", "status", "project_id", "created_at", "revision_number", "description"):
        seen = cloud.get(f"{V2}/{collection}?sort_key=id&sort_key={key}")
        if seen.status_code == 200:
            assert {one["id"] for one in seen.json[collection.replace("-", "_")]} == mine, key

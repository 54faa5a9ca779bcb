"""Flavors as clients see them."""

from typing import Any

import pytest

FLAVORS = "/compute/v2.1/flavors"


def make(cloud: Any, name: str, version: str | None = None, **more: Any) -> Any:
    body = {"flavor": {"name": name, "ram": 512, "vcpus": 1, "disk": 5, **more}}
    return cloud.post(FLAVORS, as_="admin", json=body, version=version)


def test_the_life_of_a_flavor(cloud: Any) -> None:
    made = make(cloud, "small", id="s1", swap=64, **{"OS-FLV-EXT-DATA:ephemeral": 3})
    assert made.status_code == 200
    shown = cloud.get(f"{FLAVORS}/s1").json["flavor"]
    assert shown == made.json["flavor"]
    assert shown["swap"] == 64 and shown["OS-FLV-EXT-DATA:ephemeral"] == 3 and shown["rxtx_factor"] == 1.0
    assert shown["links"][0]["href"].endswith("/compute/v2.1/flavors/s1")
    assert shown["links"][1]["href"].endswith("/compute/flavors/s1")
    assert make(cloud, "small").status_code == 409
    assert make(cloud, "other", id="s1").status_code == 409
    assert cloud.delete(f"{FLAVORS}/s1", as_="admin").status_code == 202
    gone = cloud.get(f"{FLAVORS}/s1")
    assert gone.status_code == 404 and gone.json["itemNotFound"]["message"] == "Flavor s1 could not be found."


def test_the_edges_of_2_55_2_61_and_2_75(cloud: Any) -> None:
    assert make(cloud, "a", version="2.54", description="d").status_code == 400
    made = make(cloud, "a", version="2.55", description="d").json["flavor"]
    assert made["description"] == "d" and "extra_specs" not in made and made["swap"] == ""
    path = f"{FLAVORS}/{made['id']}"
    body = {"flavor": {"description": "e"}}
    assert cloud.put(path, as_="admin", json=body, version="2.54").status_code == 404
    assert cloud.put(path, as_="admin", json=body, version="2.55").json["flavor"]["description"] == "e"
    assert "description" not in cloud.get(path, version="2.54").json["flavor"]
    assert cloud.get(path, version="2.61").json["flavor"]["extra_specs"] == {}
    assert cloud.get(path, version="2.74").json["flavor"]["swap"] == ""
    assert cloud.get(path, version="2.75").json["flavor"]["swap"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ram", 0), ("ram", "many"), ("vcpus", 0), ("disk", -1), ("swap", -1), ("ram", 2**31), ("name", ""),
        ("name", "x" * 256), ("name", " x"), ("id", "a/b"), ("rxtx_factor", 0), ("unknown", 1),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(cloud: Any, field: str, value: Any) -> None:
    refused = make(cloud, **{"name": "a", field: value})
    assert refused.status_code == 400
    assert field in refused.json["badRequest"]["message"]


def test_lists_filters_and_pages(cloud: Any) -> None:
    for number, name in enumerate("abcd"):
        make(cloud, name, id=name, ram=256 * (number + 1), disk=number)
    assert [f["name"] for f in cloud.get(FLAVORS).json["flavors"]] == ["a", "b", "c", "d"]
    assert [f["id"] for f in cloud.get(f"{FLAVORS}/detail?minRam=600").json["flavors"]] == ["c", "d"]
    assert [f["id"] for f in cloud.get(f"{FLAVORS}?minDisk=3").json["flavors"]] == ["d"]
    assert [f["id"] for f in cloud.get(f"{FLAVORS}?sort_key=memory_mb&sort_dir=desc&limit=2").json["flavors"]] == [
        "d", "c",
    ]  # fmt: skip
    seen, path = [], f"{FLAVORS}/detail?limit=3"
    while path:
        body = cloud.get(path).json
        seen += [f["id"] for f in body["flavors"]]
        links = body.get("flavors_links", [])
        path = links[0]["href"].partition("http://falconframework.org")[2] if links else ""
    assert seen == ["a", "b", "c", "d"]
    assert cloud.get(f"{FLAVORS}?marker=nobody").status_code == 400
    assert cloud.get(f"{FLAVORS}?limit=-1").status_code == 400
    assert cloud.get(f"{FLAVORS}?sort_key=nonsense").status_code == 400


def test_private_flavors_are_for_whom_they_are(cloud: Any) -> None:
    make(cloud, "secret", id="p", **{"os-flavor-access:is_public": False})
    make(cloud, "open", id="o")
    other = "22222222222222222222222222222222"
    assert cloud.get(f"{FLAVORS}/p", as_="other").status_code == 404
    assert [f["id"] for f in cloud.get(f"{FLAVORS}?is_public=None", as_="other").json["flavors"]] == ["o"]
    given = cloud.post(f"{FLAVORS}/p/action", as_="admin", json={"addTenantAccess": {"tenant": other}})
    assert given.json == {"flavor_access": [{"flavor_id": "p", "tenant_id": other}]}
    again = cloud.post(f"{FLAVORS}/p/action", as_="admin", json={"addTenantAccess": {"tenant": other}})
    assert again.status_code == 409
    assert cloud.get(f"{FLAVORS}/p", as_="other").status_code == 200
    assert [f["id"] for f in cloud.get(FLAVORS, as_="other").json["flavors"]] == ["o", "p"]
    assert [f["id"] for f in cloud.get(FLAVORS).json["flavors"]] == ["o"]
    assert [f["id"] for f in cloud.get(f"{FLAVORS}?is_public=false", as_="admin").json["flavors"]] == ["p"]
    assert [f["id"] for f in cloud.get(f"{FLAVORS}?is_public=None", as_="admin").json["flavors"]] == ["o", "p"]
    assert cloud.get(f"{FLAVORS}?is_public=maybe", as_="admin").status_code == 400
    assert cloud.get(f"{FLAVORS}/p/os-flavor-access", as_="admin").json["flavor_access"][0]["tenant_id"] == other
    assert cloud.get(f"{FLAVORS}/o/os-flavor-access", as_="admin").status_code == 404
    taken = cloud.post(f"{FLAVORS}/p/action", as_="admin", json={"removeTenantAccess": {"tenant": other}})
    assert taken.json == {"flavor_access": []}
    again = cloud.post(f"{FLAVORS}/p/action", as_="admin", json={"removeTenantAccess": {"tenant": other}})
    assert again.status_code == 404
    assert (
        cloud.post(f"{FLAVORS}/o/action", as_="admin", json={"addTenantAccess": {"tenant": other}}).status_code == 409
    )


def test_extra_specs(cloud: Any) -> None:
    make(cloud, "a", id="a")
    path = f"{FLAVORS}/a/os-extra_specs"
    wanted = {"extra_specs": {"hw:cpu_policy": "shared", "quota:n": 5}}
    assert cloud.post(path, as_="member", json=wanted).status_code == 403
    assert cloud.post(path, as_="admin", json=wanted).json == {
        "extra_specs": {"hw:cpu_policy": "shared", "quota:n": "5"}
    }
    assert cloud.get(path).json["extra_specs"]["quota:n"] == "5"
    assert cloud.get(f"{FLAVORS}/detail", version="2.61").json["flavors"][0]["extra_specs"]["quota:n"] == "5"
    assert cloud.put(f"{path}/quota:n", as_="admin", json={"quota:n": "6"}).json == {"quota:n": "6"}
    assert cloud.put(f"{path}/quota:n", as_="admin", json={"else": "6"}).status_code == 400
    assert cloud.get(f"{path}/quota:n").json == {"quota:n": "6"}
    assert cloud.delete(f"{path}/quota:n", as_="admin").status_code == 200
    assert cloud.get(f"{path}/quota:n").status_code == 404
    assert cloud.delete(f"{path}/quota:n", as_="admin").status_code == 404
    assert cloud.post(path, as_="admin", json={"extra_specs": {"bad/key": "x"}}).status_code == 400
    assert cloud.delete(f"{FLAVORS}/a", as_="admin").status_code == 202


def test_only_an_admin_makes_flavors(cloud: Any) -> None:
    body = {"flavor": {"name": "x", "ram": 1, "vcpus": 1, "disk": 1}}
    assert cloud.post(FLAVORS, as_="member", json=body).status_code == 403
    assert cloud.delete(f"{FLAVORS}/1", as_="member").status_code == 403


def test_a_new_cloud_has_four_and_keeps_what_an_admin_changed(cloud: Any) -> None:
    from kumoi.services.compute import bootstrap

    for _ in range(2):
        cloud.database.write(lambda tx: bootstrap.bootstrap(tx, cloud.settings, {}))
    names = [f["name"] for f in cloud.get(FLAVORS).json["flavors"]]
    assert names == ["m1.tiny", "m1.small", "m1.medium", "m1.large"]


@pytest.mark.parametrize(("said", "is_public"), [("True", True), ("f", False), ("0", False), (1, True), ("off", False)])
def test_is_public_in_words(cloud: Any, said: Any, is_public: bool) -> None:
    made = make(cloud, "a", **{"os-flavor-access:is_public": said})
    assert made.json["flavor"]["os-flavor-access:is_public"] is is_public
    assert make(cloud, "b", **{"os-flavor-access:is_public": "perhaps"}).status_code == 400


def test_unknown_query_parameters_from_2_75_on(cloud: Any) -> None:
    for path in (FLAVORS, "/compute/v2.1/os-services", "/compute/v2.1/os-hypervisors", "/compute/v2.1/limits"):
        assert cloud.get(f"{path}?colour=red", as_="admin", version="2.74").status_code == 200
        refused = cloud.get(f"{path}?colour=red", as_="admin", version="2.75")
        assert refused.status_code == 400 and "colour" in refused.json["badRequest"]["message"]

"""Tags on every kind of resource."""

from typing import Any

V2 = "/network/v2.0"


def test_tags_of_each_kind(cloud: Any, net: Any) -> None:
    outside, inside = net.external(), net.network()
    (default,) = net.list("security-groups")
    paths = [
        f"networks/{inside['id']}", f"subnets/{inside['subnet']['id']}",
        f"ports/{net.make('ports', network_id=inside['id'])['id']}", f"routers/{net.make('routers')['id']}",
        f"floatingips/{net.make('floatingips', floating_network_id=outside['id'])['id']}",
        f"security-groups/{default['id']}", f"security-group-rules/{default['security_group_rules'][0]['id']}",
    ]  # fmt: skip
    for path in paths:
        tags = f"{V2}/{path}/tags"
        assert cloud.get(tags).json == {"tags": []}, path
        assert cloud.put(f"{tags}/one").status_code == 201
        assert cloud.post(tags, json={"tags": ["two", "one"]}).json == {"tags": ["one", "two"]}
        assert cloud.get(f"{tags}/two").status_code == 204
        assert cloud.delete(f"{tags}/one").status_code == 204
        net.refused(cloud.get(f"{tags}/one"), 404, "TagNotFound")
        net.refused(cloud.delete(f"{tags}/one"), 404, "TagNotFound")
        assert cloud.put(tags, json={"tags": ["c", "b", "b"]}).json == {"tags": ["b", "c"]}
        shown = cloud.get(f"{V2}/{path}").json
        (resource,) = shown.values()
        assert resource["tags"] == ["b", "c"], path
        assert cloud.delete(tags).status_code == 204
        assert cloud.get(tags).json == {"tags": []}


def test_bad_tags_and_strangers(cloud: Any, net: Any) -> None:
    network = net.make("networks", as_="admin", shared=True)
    tags = f"{V2}/networks/{network['id']}/tags"
    for bad in (["x" * 256], ["a,b"], [""], [f"{n}" for n in range(51)]):
        assert "tags" in net.refused(cloud.put(tags, json={"tags": bad}), 400, "HTTPBadRequest")
    net.refused(cloud.put(tags, json={"nonsense": []}), 400, "HTTPBadRequest")
    net.refused(cloud.put(f"{tags}/x", as_="other"), 403, "PolicyNotAuthorized")
    net.refused(cloud.put(f"{V2}/networks/nobody/tags/x"), 404, "NetworkNotFound")
    assert cloud.get(tags, as_="other").json == {"tags": []}

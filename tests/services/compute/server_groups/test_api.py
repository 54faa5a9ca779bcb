"""Server groups as clients make and read them."""

from typing import Any

import pytest

from tests.cloud import OTHER_PROJECT, PROJECT

GROUPS = "/compute/v2.1/os-server-groups"
QUOTAS = f"/compute/v2.1/os-quota-sets/{PROJECT}"


def make(cloud: Any, version: str = "2.64", as_: str = "member", **asked: Any) -> Any:
    body = {"server_group": {"name": "one", **asked}}
    return cloud.post(GROUPS, as_=as_, version=version, json=body)


def test_life(cloud: Any) -> None:
    made = make(cloud, policy="anti-affinity", rules={"max_server_per_host": "2"})
    assert made.status_code == 200, made.text
    group = made.json["server_group"]
    assert group == {
        "id": group["id"], "name": "one", "policy": "anti-affinity", "rules": {"max_server_per_host": 2},
        "members": [], "project_id": PROJECT, "user_id": "member-user",
    }  # fmt: skip
    path = f"{GROUPS}/{group['id']}"
    assert cloud.get(path, version="2.64").json == {"server_group": group}
    assert cloud.get(GROUPS, version="2.64").json == {"server_groups": [group]}
    assert cloud.delete(path, as_="reader").status_code == 403
    assert cloud.delete(path).status_code == 204
    assert cloud.get(path).status_code == 404 == cloud.delete(path).status_code


def test_the_edges_of_versions(cloud: Any) -> None:
    assert make(cloud, "2.14", policies=["soft-affinity"]).status_code == 400
    group = make(cloud, "2.15", policies=["soft-affinity"]).json["server_group"]
    path = f"{GROUPS}/{group['id']}"
    first, owned, last = (set(cloud.get(path, version=v).json["server_group"]) for v in ("2.12", "2.13", "2.64"))
    assert first == {"id", "name", "policies", "metadata", "members"}
    assert owned - first == {"project_id", "user_id"} == last - {"id", "name", "policy", "rules", "members"}
    assert last - owned == {"policy", "rules"} and owned - last == {"policies", "metadata"}
    assert make(cloud, "2.63", policy="affinity").status_code == 400
    assert make(cloud, "2.64", policies=["affinity"]).status_code == 400


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        ("2.1", {"policies": []}), ("2.1", {"policies": ["affinity", "anti-affinity"]}), ("2.1", {"policies": ["x"]}),
        ("2.1", {"policies": ["affinity"], "name": ""}), ("2.1", {"policies": ["affinity"], "name": " "}),
        ("2.64", {"policy": "affinity", "rules": {"max_server_per_host": 2}}),
        ("2.64", {"policy": "anti-affinity", "rules": {"max_server_per_host": 0}}),
        ("2.64", {"policy": "anti-affinity", "rules": {"most": 1}}),
    ],
)  # fmt: skip
def test_what_is_refused(cloud: Any, version: str, asked: dict[str, Any]) -> None:
    refused = make(cloud, version, **asked)
    assert refused.status_code == 400, refused.text


def test_who_sees_them(cloud: Any) -> None:
    mine = make(cloud, policy="affinity").json["server_group"]["id"]
    theirs = make(cloud, as_="other", policy="affinity").json["server_group"]
    assert theirs["project_id"] == OTHER_PROJECT
    assert cloud.get(f"{GROUPS}/{theirs['id']}").status_code == 404

    def listed(as_: str, more: str = "") -> list[str]:
        return [each["id"] for each in cloud.get(f"{GROUPS}?{more}", as_=as_).json["server_groups"]]

    assert listed("member", "all_projects=1") == [mine] == listed("admin")
    assert listed("admin", "all_projects=1") == [mine, theirs["id"]]
    assert listed("admin", "all_projects=1&limit=1") == [mine]
    assert listed("admin", "all_projects=1&limit=1&offset=1") == [theirs["id"]]


def test_the_quota(cloud: Any) -> None:
    assert cloud.put(QUOTAS, as_="admin", json={"quota_set": {"server_groups": 1}}).status_code == 200
    assert make(cloud, policy="affinity").status_code == 200
    refused = make(cloud, policy="affinity")
    assert refused.status_code == 403 and "server_groups" in refused.text
    detail = cloud.get(f"{QUOTAS}/detail").json["quota_set"]["server_groups"]
    assert detail == {"limit": 1, "in_use": 1, "reserved": 0}
    assert cloud.get("/compute/v2.1/limits").json["limits"]["absolute"]["totalServerGroupsUsed"] == 1

"""Quota sets, their defaults, and limits, as clients see them."""

from typing import Any

from tests.cloud import OTHER_PROJECT, PROJECT

QUOTAS = "/compute/v2.1/os-quota-sets"
KEYPAIRS = "/compute/v2.1/os-keypairs"


def test_set_shown_and_reset(cloud: Any) -> None:
    changed = cloud.put(f"{QUOTAS}/{PROJECT}", as_="admin", json={"quota_set": {"instances": 3, "cores": "-1"}})
    assert changed.json["quota_set"]["instances"] == 3 and "id" not in changed.json["quota_set"]
    shown = cloud.get(f"{QUOTAS}/{PROJECT}").json["quota_set"]
    assert (shown["id"], shown["instances"], shown["cores"], shown["ram"]) == (PROJECT, 3, -1, 51200)
    detail = cloud.get(f"{QUOTAS}/{PROJECT}/detail").json["quota_set"]
    assert detail["instances"] == {"limit": 3, "in_use": 0, "reserved": 0}
    assert cloud.get("/compute/v2.1/limits").json["limits"]["absolute"]["maxTotalInstances"] == 3
    assert cloud.get(f"{QUOTAS}/{PROJECT}/defaults").json["quota_set"]["instances"] == 10
    assert cloud.delete(f"{QUOTAS}/{PROJECT}", as_="admin").status_code == 202
    assert cloud.get(f"{QUOTAS}/{PROJECT}").json["quota_set"]["instances"] == 10


def test_who_may(cloud: Any) -> None:
    assert cloud.get(f"{QUOTAS}/{OTHER_PROJECT}").status_code == 403
    assert cloud.get(f"{QUOTAS}/{OTHER_PROJECT}", as_="admin").status_code == 200
    assert cloud.put(f"{QUOTAS}/{PROJECT}", json={"quota_set": {}}).status_code == 403
    assert cloud.get(f"/compute/v2.1/limits?tenant_id={OTHER_PROJECT}").status_code == 403
    assert cloud.get(f"/compute/v2.1/limits?reserved=1&tenant_id={OTHER_PROJECT}", as_="admin").status_code == 200


def test_what_is_wrong_is_named(cloud: Any) -> None:
    for value in (-2, 2**31, "x"):
        refused = cloud.put(f"{QUOTAS}/{PROJECT}", as_="admin", json={"quota_set": {"instances": value}})
        assert refused.status_code == 400 and "instances" in refused.json["badRequest"]["message"]
    assert cloud.put(f"{QUOTAS}/{PROJECT}", as_="admin", json={"quota_set": {"nonsense": 1}}).status_code == 400


def test_below_what_is_in_use_only_by_force(cloud: Any) -> None:
    cloud.post(KEYPAIRS, json={"keypair": {"name": "a"}})
    path = f"{QUOTAS}/member-user"
    refused = cloud.put(path, as_="admin", json={"quota_set": {"key_pairs": 0}})
    assert refused.status_code == 400 and "already used" in refused.json["badRequest"]["message"]
    assert cloud.put(path, as_="admin", json={"quota_set": {"key_pairs": 0, "force": True}}).status_code == 200


def test_the_default_class_is_for_all_that_have_no_limit_of_their_own(cloud: Any) -> None:
    path = "/compute/v2.1/os-quota-class-sets/default"
    cloud.put(f"{QUOTAS}/{PROJECT}", as_="admin", json={"quota_set": {"instances": 3}})
    body = {"quota_class_set": {"instances": 7, "key_pairs": 0}}
    assert cloud.put(path, as_="admin", json=body).json["quota_class_set"]["instances"] == 7
    assert cloud.get(path, as_="admin").json["quota_class_set"]["id"] == "default"
    assert cloud.get(f"{QUOTAS}/{PROJECT}").json["quota_set"]["instances"] == 3
    assert cloud.get(f"{QUOTAS}/{OTHER_PROJECT}", as_="other").json["quota_set"]["instances"] == 7
    assert cloud.post(KEYPAIRS, json={"keypair": {"name": "a"}}).status_code == 403
    assert cloud.put("/compute/v2.1/os-quota-class-sets/gold", as_="admin", json=body).status_code == 404


def test_the_edges_of_2_36_2_39_and_2_57(cloud: Any) -> None:
    def keys(path: str, version: str) -> set[str]:
        body = cloud.get(path, version=version).json
        return set(body["quota_set"] if "quota_set" in body else body["limits"]["absolute"])

    path = f"{QUOTAS}/{PROJECT}"
    assert keys(path, "2.35") - keys(path, "2.36") == {
        "fixed_ips", "floating_ips", "security_groups", "security_group_rules",
    }  # fmt: skip
    assert keys(path, "2.56") - keys(path, "2.57") == {
        "injected_files", "injected_file_content_bytes", "injected_file_path_bytes",
    }  # fmt: skip
    path = "/compute/v2.1/limits"
    assert keys(path, "2.35") - keys(path, "2.36") == {
        "maxTotalFloatingIps", "maxSecurityGroups", "maxSecurityGroupRules", "totalFloatingIpsUsed",
        "totalSecurityGroupsUsed",
    }  # fmt: skip
    assert keys(path, "2.38") - keys(path, "2.39") == {"maxImageMeta"}
    assert keys(path, "2.56") - keys(path, "2.57") == {"maxPersonality", "maxPersonalitySize"}


def test_what_networks_keep_is_taken_in_old_versions(cloud: Any) -> None:
    old = {"fixed_ips": 5, "floating_ips": "7", "security_groups": 3, "security_group_rules": 9, "cores": 4}
    path = f"{QUOTAS}/{PROJECT}"
    changed = cloud.put(path, as_="admin", version="2.35", json={"quota_set": old})
    assert changed.status_code == 200, changed.text
    assert (changed.json["quota_set"]["cores"], changed.json["quota_set"]["fixed_ips"]) == (4, 5)
    assert cloud.put(path, as_="admin", version="2.36", json={"quota_set": old}).status_code == 400


def test_limits_of_networks_are_kept_until_2_35(cloud: Any) -> None:
    path = "/compute/v2.1/os-quota-class-sets/default"
    before = cloud.get(path, as_="admin").json["quota_class_set"]
    assert before["floating_ips"] == -1
    changed = cloud.put(path, as_="admin", json={"quota_class_set": {"floating_ips": 99, "fixed_ips": "7"}})
    assert changed.json["quota_class_set"]["floating_ips"] == 99
    assert cloud.get(f"{QUOTAS}/{PROJECT}").json["quota_set"]["fixed_ips"] == 7
    assert "floating_ips" not in cloud.get(path, as_="admin", version="2.36").json["quota_class_set"]

"""Volume types, who may use them, and projects' defaults."""

from typing import Any

import pytest

from kumoi.services.identity.project_rows import store as projects
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.block_storage.world import NEWEST, V3, act, make, messages, show

TYPES = f"{V3}/types"


def create(cloud: Any, name: str, **fields: Any) -> Any:
    made = cloud.post(TYPES, as_="admin", json={"volume_type": {"name": name, **fields}})
    assert made.status_code == 200, made.text
    return made.json["volume_type"]


def test_one_type_there_always_is(cloud: Any) -> None:
    default = cloud.get(f"{TYPES}/default").json["volume_type"]
    assert default["name"] == "default" and default["is_public"] is True
    assert cloud.delete(f"{TYPES}/{default['id']}", as_="admin").status_code == 400
    renamed = cloud.put(f"{TYPES}/{default['id']}", as_="admin", json={"volume_type": {"name": "x"}})
    assert renamed.status_code == 400


def test_types_by_admins(cloud: Any) -> None:
    kind = create(cloud, "gold", description="d", extra_specs={"a": "1", "multiattach": "<is> False"})
    assert "qos_specs_id" not in kind and kind["extra_specs"]["a"] == "1"
    assert kind["os-volume-type-access:is_public"] is True
    path = f"{TYPES}/{kind['id']}"
    assert cloud.get(path, as_="admin").json["volume_type"]["qos_specs_id"] is None
    seen = cloud.get(path).json["volume_type"]
    assert seen["extra_specs"] == {"multiattach": "<is> False"} and "qos_specs_id" not in seen
    assert cloud.post(TYPES, as_="admin", json={"volume_type": {"name": "gold"}}).status_code == 409
    assert cloud.post(TYPES, as_="admin", json={"volume_type": {"name": " "}}).status_code == 400
    assert cloud.post(TYPES, json={"volume_type": {"name": "mine"}}).status_code == 403
    changed = cloud.put(path, as_="admin", json={"volume_type": {"name": "silver", "is_public": False}})
    assert (changed.json["volume_type"]["name"], changed.json["volume_type"]["is_public"]) == ("silver", False)
    assert not {"qos_specs_id", "os-volume-type-access:is_public"} & set(changed.json["volume_type"])
    assert cloud.put(path, as_="admin", json={"volume_type": {}}).status_code == 400
    assert cloud.get(path).status_code == 404
    specs = f"{path}/extra_specs"
    assert cloud.post(specs, as_="admin", json={"extra_specs": {"b": "2"}}).json == {"extra_specs": {"b": "2"}}
    assert cloud.get(f"{specs}/b", as_="admin").json == {"b": "2"}
    assert cloud.put(f"{specs}/b", as_="admin", json={"b": "3"}).json == {"b": "3"}
    assert cloud.put(f"{specs}/b", as_="admin", json={"c": "3"}).status_code == 400
    assert cloud.post(specs, as_="admin", json={"extra_specs": {"b/c": "2"}}).status_code == 400
    assert cloud.delete(f"{specs}/b", as_="admin").status_code == 202
    assert cloud.delete(f"{specs}/b", as_="admin").status_code == 404
    assert cloud.get(f"{path}/encryption", as_="admin").json == {}
    volume_id = make(cloud, as_="admin", volume_type="silver")
    assert show(cloud, volume_id)["volume_type"] == "silver"
    assert cloud.delete(path, as_="admin").status_code == 400
    cloud.delete(f"{V3}/volumes/{volume_id}")
    cloud.settle()
    assert cloud.delete(path, as_="admin").status_code == 202


def test_a_type_for_some(cloud: Any) -> None:
    kind = create(cloud, "secret", **{"os-volume-type-access:is_public": False})
    path = f"{TYPES}/{kind['id']}"
    assert cloud.get(path).status_code == 404 == cloud.get(path, as_="other").status_code
    body = {"volume": {"size": 1, "volume_type": "secret"}}
    assert cloud.post(f"{V3}/volumes", as_="other", json=body).status_code == 404
    grant = {"addProjectAccess": {"project": OTHER_PROJECT}}
    assert cloud.post(f"{path}/action", as_="admin", json=grant).status_code == 202
    assert cloud.post(f"{path}/action", as_="admin", json=grant).status_code == 409
    listed = cloud.get(f"{path}/os-volume-type-access", as_="admin").json["volume_type_access"]
    assert [each["project_id"] for each in listed] == [OTHER_PROJECT]
    assert cloud.post(f"{V3}/volumes", as_="other", json=body).status_code == 202
    assert [each["name"] for each in cloud.get(TYPES, as_="other").json["volume_types"]] == ["secret"]
    assert cloud.get(TYPES, as_="admin").json["volume_types"] == []
    names = lambda query: [t["name"] for t in cloud.get(f"{TYPES}?{query}", as_="admin").json["volume_types"]]  # noqa: E731
    assert names("is_public=None") == ["secret"] == names("is_public=false") and names("is_public=true") == []
    revoke = {"removeProjectAccess": {"project": OTHER_PROJECT}}
    assert cloud.post(f"{path}/action", as_="admin", json=revoke).status_code == 202
    assert cloud.post(f"{path}/action", as_="admin", json=revoke).status_code == 404
    public = create(cloud, "open", extra_specs={"k": "v"})
    assert cloud.post(f"{TYPES}/{public['id']}/action", as_="admin", json=grant).status_code == 409
    assert cloud.get(f"{TYPES}/{public['id']}/os-volume-type-access", as_="admin").status_code == 404
    by_spec = cloud.get(f"{TYPES}?extra_specs={{'k':'v'}}", as_="admin", version="3.52").json["volume_types"]
    assert [each["name"] for each in by_spec] == ["open"]


def test_multiattach_is_not_to_be_had(cloud: Any) -> None:
    create(cloud, "shared", extra_specs={"multiattach": "<is> True"})
    refused = cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, "volume_type": "shared"}})
    assert refused.status_code == 400 and "multiattach" in refused.json["badRequest"]["message"]


def test_a_projects_own_default(cloud: Any) -> None:
    create(cloud, "gold")
    path = f"{V3}/default-types/{PROJECT}"
    body = {"default_type": {"volume_type": "gold"}}
    assert cloud.put(path, as_="admin", version="3.62", json=body).status_code == 404
    row = {
        "id": PROJECT, "name": "demo", "domain_id": "default", "parent_id": None, "is_domain": False, "enabled": True,
        "description": "", "options": {}, "extra": {},
    }  # fmt: skip
    cloud.database.write(lambda tx: projects.insert(tx, **row))
    assert cloud.put(path, as_="admin", version="3.62", json=body).status_code == 200
    assert len(cloud.get(f"{V3}/default-types", as_="admin", version="3.62").json["default_types"]) == 1
    assert show(cloud, make(cloud))["volume_type"] == "gold"
    assert cloud.get(f"{TYPES}/default").json["volume_type"]["name"] == "gold"
    assert cloud.delete(path, as_="admin", version="3.62").status_code == 204
    assert show(cloud, make(cloud), version=NEWEST)["volume_type"] == "default"
    assert cloud.get(path, as_="admin", version="3.62").status_code == 404


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("vendor_name", "Kumoi", True), ("vendor_name", "Else", False), ("capabilities:vendor_name", "Else", False),
        ("volume_backend_name", "<or> x <or> files", True), ("storage_protocol", "s!= file", False),
        ("thin_provisioning_support", "<is> True", True), ("thin_provisioning_support", "<is> False", False),
        ("QoS_support", "<is> True", False), ("pool_name", "<in> ile", True), ("mine", "whatever", True),
    ],
)  # fmt: skip
def test_an_extra_spec_that_demands_another_storage(cloud: Any, key: str, value: str, fits: bool) -> None:
    body = {"volume_type": {"name": "special", "extra_specs": {key: value}}}
    assert cloud.post(f"{V3}/types", as_="admin", json=body).status_code == 200
    volume_id = make(cloud, volume_type="special")
    assert show(cloud, volume_id)["status"] == ("available" if fits else "error")
    assert [key in text for text in messages(cloud, volume_id)] == ([] if fits else [True])
    retyped = act(cloud, make(cloud), "os-retype", {"new_type": "special"})
    assert retyped.status_code == (202 if fits else 400)

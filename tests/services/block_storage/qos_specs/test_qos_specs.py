"""QoS specs, their keys, and the volume types that name them."""

from typing import Any

from tests.services.block_storage.world import V3


def make(cloud: Any, **more: str) -> Any:
    return cloud.post(f"{V3}/qos-specs", as_="admin", json={"qos_specs": {"name": "slow", **more}})


def kind(cloud: Any, name: str) -> str:
    made = cloud.post(f"{V3}/types", as_="admin", json={"volume_type": {"name": name}})
    return str(made.json["volume_type"]["id"])


def test_keys(cloud: Any) -> None:
    made = make(cloud, consumer="front-end", read_iops_sec="2000").json
    specs = made["qos_specs"]
    assert specs == {"id": specs["id"], "name": "slow", "consumer": "front-end", "specs": {"read_iops_sec": "2000"}}
    path = f"{V3}/qos-specs/{specs['id']}"
    assert cloud.get(path).status_code == 403
    assert make(cloud).status_code == 409
    assert (
        make(cloud, consumer="nobody").status_code == 409
        and make(cloud, name="x", consumer="nobody").status_code == 400
    )
    assert cloud.post(f"{V3}/qos-specs", as_="admin", json={"qos_specs": {}}).status_code == 400
    assert cloud.put(path, as_="admin", json={"qos_specs": {"a": "1"}}).json == {"qos_specs": {"a": "1"}}
    assert cloud.put(f"{path}/delete_keys", as_="admin", json={"keys": ["b"]}).status_code == 404
    assert cloud.put(f"{path}/delete_keys", as_="admin", json={"keys": ["a"]}).status_code == 202
    assert cloud.get(path, as_="admin").json["qos_specs"] == specs
    assert cloud.get(f"{V3}/qos-specs", as_="admin").json["qos_specs"] == [specs]
    assert cloud.delete(path, as_="admin").status_code == 202
    assert cloud.get(path, as_="admin").status_code == 404


def test_types(cloud: Any) -> None:
    specs_id, other_id = (make(cloud, name=name).json["qos_specs"]["id"] for name in ("slow", "fast"))
    path, types = f"{V3}/qos-specs/{specs_id}", [kind(cloud, name) for name in ("a", "b")]
    for type_id in types:
        assert cloud.get(f"{path}/associate?vol_type_id={type_id}", as_="admin").status_code == 202
    assert cloud.get(f"{path}/associate?vol_type_id=x", as_="admin").status_code == 404
    assert cloud.get(f"{V3}/qos-specs/{other_id}/associate?vol_type_id={types[0]}", as_="admin").status_code == 400
    found = cloud.get(f"{path}/associations", as_="admin").json["qos_associations"]
    assert [(each["association_type"], each["name"]) for each in found] == [("volume_type", "a"), ("volume_type", "b")]
    shown = cloud.get(f"{V3}/types/{types[0]}", as_="admin").json["volume_type"]
    assert shown["qos_specs_id"] == specs_id
    assert "qos_specs_id" not in cloud.get(f"{V3}/types/{types[0]}").json["volume_type"]
    assert cloud.get(f"{path}/disassociate?vol_type_id={types[0]}", as_="admin").status_code == 202
    assert cloud.delete(path, as_="admin").status_code == 400
    assert cloud.get(f"{path}/disassociate_all", as_="admin").status_code == 202
    assert cloud.get(f"{path}/associations", as_="admin").json == {"qos_associations": []}
    assert cloud.get(f"{path}/associate?vol_type_id={types[1]}", as_="admin").status_code == 202
    assert cloud.delete(f"{path}?force=true", as_="admin").status_code == 202
    assert cloud.get(f"{V3}/types/{types[1]}", as_="admin").json["volume_type"]["qos_specs_id"] is None

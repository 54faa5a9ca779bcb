"""The encryption of a volume type is recorded, and its volumes are refused."""

from typing import Any

from tests.services.block_storage.world import V3, make


def test_a_record(cloud: Any) -> None:
    volume_type = cloud.post(f"{V3}/types", as_="admin", json={"volume_type": {"name": "secret"}}).json["volume_type"]
    path = f"{V3}/types/{volume_type['id']}/encryption"
    assert cloud.get(path, as_="admin").json == {}
    body = {"encryption": {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": "256"}}
    made = cloud.post(path, as_="admin", json=body).json["encryption"]
    assert (made["key_size"], made["control_location"]) == (256, "front-end")
    assert cloud.post(path, as_="admin", json=body).status_code == 400
    assert cloud.get(path).status_code == 403
    assert cloud.get(f"{path}/cipher", as_="admin").json == {"cipher": "aes-xts-plain64"}
    assert cloud.get(f"{path}/colour", as_="admin").status_code == 404
    refused = cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, "volume_type": "secret"}})
    assert refused.status_code == 501 and "encrypted" in refused.json["notImplemented"]["message"]
    change = {"encryption": {"key_size": 128, "control_location": "back-end"}}
    assert cloud.put(f"{path}/{made['encryption_id']}", as_="admin", json=change).json == change
    assert cloud.get(path, as_="admin").json["key_size"] == 128
    assert cloud.delete(f"{path}/elsewhere", as_="admin").status_code == 404
    assert cloud.delete(f"{path}/{made['encryption_id']}", as_="admin").status_code == 202
    assert cloud.get(path, as_="admin").json == {}
    make(cloud, volume_type="secret")
    assert cloud.post(path, as_="admin", json=body).status_code == 400, "it has volumes"

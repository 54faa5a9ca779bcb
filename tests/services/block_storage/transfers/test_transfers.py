"""Transfers: an offer, its key, and who gets what."""

from typing import Any

import pytest

from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.block_storage.world import NEWEST, V3, differences, make, show, snap


def offer(cloud: Any, volume_id: str, path: str = "/volume-transfers", **fields: Any) -> Any:
    body = {"transfer": {"volume_id": volume_id, **fields}}
    return cloud.post(f"{V3}{path}", version=NEWEST, json=body)


def accept(cloud: Any, transfer: Any, path: str = "/volume-transfers", **how: Any) -> Any:
    body = {"accept": {"auth_key": how.pop("key", transfer["auth_key"])}}
    return cloud.post(f"{V3}{path}/{transfer['id']}/accept", **{"as_": "other", "version": NEWEST, **how}, json=body)


@pytest.mark.parametrize("path", ["/os-volume-transfer", "/volume-transfers"])
def test_another_project_takes_a_volume_and_its_snapshots(cloud: Any, path: str) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    transfer = offer(cloud, volume_id, path, name="gift").json["transfer"]
    assert show(cloud, volume_id)["status"] == "awaiting-transfer"
    assert offer(cloud, volume_id, path).status_code == 400
    assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 400
    found = cloud.get(f"{V3}{path}/{transfer['id']}", as_="reader", version=NEWEST).json["transfer"]
    assert found["volume_id"] == volume_id and "auth_key" not in found
    assert ("source_project_id" in found) == (path == "/volume-transfers")
    assert cloud.get(f"{V3}{path}/{transfer['id']}", as_="other", version=NEWEST).status_code == 404
    assert [each["id"] for each in cloud.get(f"{V3}{path}/detail", version=NEWEST).json["transfers"]] == [
        transfer["id"]
    ]
    assert accept(cloud, transfer, path, key="wrong").status_code == 400
    assert show(cloud, volume_id)["status"] == "awaiting-transfer"
    assert accept(cloud, transfer, path).json["transfer"]["volume_id"] == volume_id
    assert show(cloud, volume_id) is None
    volume = show(cloud, volume_id, as_="other")
    assert (volume["status"], volume["os-vol-tenant-attr:tenant_id"]) == ("available", OTHER_PROJECT)
    assert volume["user_id"] == "other-user"
    assert cloud.get(f"{V3}/snapshots/{snapshot_id}", as_="other").status_code == 200
    usage = cloud.get(f"{V3}/os-quota-sets/{PROJECT}?usage=true").json["quota_set"]
    assert [usage[name]["in_use"] for name in ("volumes", "gigabytes", "snapshots")] == [0, 0, 0]
    usage = cloud.get(f"{V3}/os-quota-sets/{OTHER_PROJECT}?usage=true", as_="other").json["quota_set"]
    assert [usage[name]["in_use"] for name in ("volumes", "gigabytes", "snapshots")] == [1, 2, 1]
    assert accept(cloud, transfer, path).status_code == 404
    assert differences(cloud) == []


def test_snapshots_may_stay(cloud: Any) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    transfer = offer(cloud, volume_id, no_snapshots=True).json["transfer"]
    assert accept(cloud, transfer).status_code == 202
    assert cloud.get(f"{V3}/snapshots/{snapshot_id}").status_code == 200


def test_an_offer_is_taken_back(cloud: Any) -> None:
    volume_id = make(cloud)
    transfer = offer(cloud, volume_id).json["transfer"]
    path = f"{V3}/volume-transfers/{transfer['id']}"
    assert cloud.delete(path, as_="other", version=NEWEST).status_code == 404
    assert cloud.delete(path, version=NEWEST).status_code == 202
    assert show(cloud, volume_id)["status"] == "available"
    assert accept(cloud, transfer).status_code == 404


def test_a_full_project_takes_nothing(cloud: Any) -> None:
    volume_id = make(cloud)
    transfer = offer(cloud, volume_id).json["transfer"]
    cloud.put(f"{V3}/os-quota-sets/{OTHER_PROJECT}", as_="admin", json={"quota_set": {"volumes": 0}})
    assert accept(cloud, transfer).status_code == 413
    assert show(cloud, volume_id)["status"] == "awaiting-transfer"
    assert cloud.get(f"{V3}/volume-transfers", version="3.54").status_code == 404


def test_a_volume_deleted_by_force_takes_its_offer_along(cloud: Any) -> None:
    volume_id = make(cloud)
    offer(cloud, volume_id)
    body = {"os-force_delete": {}}
    assert cloud.post(f"{V3}/volumes/{volume_id}/action", as_="admin", json=body).status_code == 202
    cloud.settle()
    assert cloud.get(f"{V3}/volume-transfers", version=NEWEST).json["transfers"] == []

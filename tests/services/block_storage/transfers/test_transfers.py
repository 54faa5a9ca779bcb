"""Transfers: an offer, its key, and who gets what."""

from typing import Any

import pytest

from kumoi.kernel import clock
from kumoi.services.block_storage.snapshot_rows import store as snapshot_rows_store
from kumoi.services.block_storage.transfer_rows.models import transfers
from kumoi.services.block_storage.volumes import store as volumes_store
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.block_storage.groups.example import with_a_volume
from tests.services.block_storage.world import NEWEST, V3, act, differences, make, show, snap


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


def in_a_group_snapshot(cloud: Any) -> tuple[str, str, str]:
    """The ids of a volume that has left its group, of its snapshot there, and of the group snapshot."""
    group_id = with_a_volume(cloud)
    volume_id = cloud.get(f"{V3}/groups/{group_id}?list_volume=true", version=NEWEST).json["group"]["volumes"][0]
    body: Any = {"group_snapshot": {"group_id": group_id}}
    taken = cloud.post(f"{V3}/group_snapshots", version=NEWEST, json=body).json["group_snapshot"]["id"]
    cloud.settle()
    body = {"group": {"remove_volumes": volume_id}}
    assert cloud.put(f"{V3}/groups/{group_id}", version=NEWEST, json=body).status_code == 202
    (snapshot,) = cloud.get(f"{V3}/snapshots?volume_id={volume_id}", version=NEWEST).json["snapshots"]
    return volume_id, snapshot["id"], taken


def test_a_group_snapshot_keeps_its_snapshots(cloud: Any) -> None:
    volume_id, snapshot_id, _ = in_a_group_snapshot(cloud)
    refused = offer(cloud, volume_id)
    assert refused.status_code == 400 and snapshot_id in refused.text
    transfer = offer(cloud, volume_id, no_snapshots=True).json["transfer"]
    cloud.database.write(lambda tx: tx.execute(transfers.update().values(no_snapshots=False)))
    refused = accept(cloud, transfer)
    assert refused.status_code == 400 and snapshot_id not in refused.text
    cloud.database.write(lambda tx: tx.execute(transfers.update().values(no_snapshots=True)))
    assert accept(cloud, transfer).status_code == 202


def test_the_end_of_a_group_snapshot_spares_other_projects(cloud: Any) -> None:
    _, snapshot_id, taken = in_a_group_snapshot(cloud)
    cloud.database.write(lambda tx: snapshot_rows_store.update(tx, snapshot_id, project_id=OTHER_PROJECT))
    assert cloud.delete(f"{V3}/group_snapshots/{taken}", version=NEWEST).status_code == 202
    cloud.settle()
    path = f"{V3}/snapshots/{snapshot_id}"
    assert cloud.get(path, as_="other").json["snapshot"]["status"] == "available"
    assert cloud.delete(path, as_="other").status_code == 202


def test_snapshots_that_stayed_are_closed_to_the_new_owner(cloud: Any) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    assert accept(cloud, offer(cloud, volume_id, no_snapshots=True).json["transfer"]).status_code == 202
    b = {"as_": "other", "version": NEWEST}
    for answer in (
        cloud.post(f"{V3}/backups", **b, json={"backup": {"volume_id": volume_id, "snapshot_id": snapshot_id}}),
        act(cloud, volume_id, "revert", {"snapshot_id": snapshot_id}, **b),
    ):
        assert answer.status_code == 400 and "is no snapshot of" in answer.text, answer.text
    for answer in (
        cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true", **b),
        cloud.delete(f"{V3}/volumes/{volume_id}", **b),
        act(cloud, volume_id, "os-force_delete", {}, as_="admin"),
    ):
        assert answer.status_code == 400 and "another project" in answer.text, answer.text
    # The new owner's own snapshot, older or newer, is the newest to revert to.
    cloud.database.write(
        lambda tx: snapshot_rows_store.update(tx, snapshot_id, created_at=tx.now + 3600 * clock.SECOND)
    )
    body = {"snapshot": {"volume_id": volume_id}}
    own = cloud.post(f"{V3}/snapshots", **b, json=body).json["snapshot"]["id"]
    cloud.settle()
    refused = act(cloud, volume_id, "revert", {"snapshot_id": snapshot_id}, **b)
    assert refused.status_code == 400 and "is no snapshot of" in refused.text
    assert act(cloud, volume_id, "revert", {"snapshot_id": own}, **b).status_code == 202
    cloud.settle()
    assert cloud.get(f"{V3}/snapshots/{snapshot_id}").json["snapshot"]["status"] == "available"


def test_snapshots_that_stayed_do_not_move_later(cloud: Any) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    assert accept(cloud, offer(cloud, volume_id, no_snapshots=True).json["transfer"]).status_code == 202
    cloud.database.write(lambda tx: snapshot_rows_store.update(tx, snapshot_id, status="error"))
    body = {"transfer": {"volume_id": volume_id}}
    answer = cloud.post(f"{V3}/volume-transfers", as_="other", version=NEWEST, json=body)
    assert answer.status_code == 202, answer.text
    assert accept(cloud, answer.json["transfer"], as_="admin").status_code == 202
    assert cloud.get(f"{V3}/snapshots/{snapshot_id}").status_code == 200


def test_whoever_accepts_learns_no_id_of_a_snapshot(cloud: Any) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    transfer = offer(cloud, volume_id).json["transfer"]
    cloud.database.write(lambda tx: snapshot_rows_store.update(tx, snapshot_id, status="error"))
    refused = accept(cloud, transfer)
    assert refused.status_code == 400 and "snapshot" in refused.text and snapshot_id not in refused.text


def test_a_status_set_by_hand_ends_the_offer(cloud: Any) -> None:
    volume_id = make(cloud)
    transfer = offer(cloud, volume_id).json["transfer"]
    assert act(cloud, volume_id, "os-reset_status", {"status": "available"}, as_="admin").status_code == 202
    assert accept(cloud, transfer).status_code == 404
    again = offer(cloud, volume_id)
    assert again.status_code == 202, again.text
    assert accept(cloud, again.json["transfer"]).status_code == 202


def test_a_volume_is_offered_once(cloud: Any) -> None:
    volume_id = make(cloud)
    transfer = offer(cloud, volume_id).json["transfer"]
    cloud.database.write(lambda tx: volumes_store.update(tx, volume_id, status="available"))
    refused = offer(cloud, volume_id)
    assert refused.status_code == 400 and transfer["id"] in refused.text

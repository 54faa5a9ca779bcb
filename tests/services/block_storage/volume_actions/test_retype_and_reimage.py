"""Another type, and another image, for a volume."""

from typing import Any

from tests.services.block_storage.world import V3, act, differences, fake, image, make, show


def test_another_type(cloud: Any) -> None:
    volume_id = make(cloud)
    kind = cloud.post(f"{V3}/types", as_="admin", json={"volume_type": {"name": "other"}}).json["volume_type"]
    for policy in ("never", "on-demand"):
        assert (
            act(cloud, volume_id, "os-retype", {"new_type": "nothing", "migration_policy": policy}).status_code == 404
        )
    assert act(cloud, volume_id, "os-retype", {"new_type": kind["id"], "migration_policy": "always"}).status_code == 400
    assert act(cloud, volume_id, "os-retype", {"new_type": "other", "migration_policy": "never"}).status_code == 202
    assert show(cloud, volume_id)["volume_type"] == "other"
    assert act(cloud, volume_id, "os-retype", {"new_type": kind["id"]}).status_code == 400
    cloud.post(f"{V3}/types/{kind['id']}/extra_specs", as_="admin", json={"extra_specs": {"multiattach": "<is> True"}})
    assert act(cloud, make(cloud), "os-retype", {"new_type": "other"}).status_code == 400


def test_another_image(cloud: Any) -> None:
    volume_id, large, chosen = make(cloud), image(cloud, min_disk=5), image(cloud, name="new")
    assert act(cloud, volume_id, "os-reimage", {"image_id": image(cloud)}, version="3.67").status_code == 400
    assert act(cloud, volume_id, "os-reimage", {"image_id": large}).status_code == 400
    assert act(cloud, volume_id, "os-reimage", {"image_id": chosen}).status_code == 202
    assert show(cloud, volume_id)["status"] == "downloading"
    cloud.settle()
    volume = show(cloud, volume_id)
    assert (volume["status"], volume["bootable"]) == ("available", "true")
    assert volume["volume_image_metadata"]["image_id"] == chosen and differences(cloud) == []


def test_deleted_while_it_gets_another_image(cloud: Any) -> None:
    volume_id = make(cloud)
    act(cloud, volume_id, "os-reimage", {"image_id": image(cloud)})
    assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
    cloud.settle()
    assert show(cloud, volume_id) is None and fake(cloud).inventory().volumes == [] == differences(cloud)

"""Volumes as compute uses them."""

from typing import Any

import pytest

from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.kernel.errors import BadRequest, NotFound, OverQuota
from kumoi.services.block_storage import facade
from tests.cloud import CALLERS

ORIGIN = {"request_id": "req-1", "user_id": "member-user", "project_id": CALLERS["member"].project_id}
SERVER = "6d4ee0b4-0000-4000-8000-000000000001"


def make(cloud: Any, **more: Any) -> Any:
    who = CALLERS["member"]
    made = cloud.database.write(lambda tx: facade.create(tx, who, ORIGIN, **{"name": "", "size_gib": 1, **more}))
    cloud.settle()
    return cloud.database.read(lambda tx: facade.by_ids(tx, [made.id]))[made.id]


def test_a_server_gets_a_volume_and_gives_it_back(cloud: Any) -> None:
    volume = make(cloud)
    assert (volume.status, volume.host) == ("available", "host-1")
    write = cloud.database.write
    attachment_id = write(lambda tx: facade.reserve(tx, CALLERS["member"], volume.id, SERVER))
    assert write(lambda tx: facade.usable(tx, CALLERS["member"], volume.id)).status == "reserved"
    with pytest.raises(BadRequest, match="must be available to reserve"):
        write(lambda tx: facade.reserve(tx, CALLERS["member"], volume.id, SERVER))
    with pytest.raises(BadRequest, match="attached"):
        write(lambda tx: facade.delete(tx, volume.id, ORIGIN))
    write(lambda tx: facade.attached(tx, attachment_id, "/dev/vdb", "host-1"))
    found = write(lambda tx: facade.attachments_of_servers(tx, [SERVER, "other"]))
    assert [(each.id, each.device, each.status) for each in found[SERVER]] == [(attachment_id, "/dev/vdb", "attached")]
    write(lambda tx: facade.detaching(tx, attachment_id))
    assert write(lambda tx: facade.usable(tx, CALLERS["member"], volume.id)).status == "detaching"
    for _ in range(2):
        write(lambda tx: facade.released(tx, attachment_id))
        assert write(lambda tx: facade.usable(tx, CALLERS["member"], volume.id)).status == "available"
    assert write(facade.server_ids) == set()
    with pytest.raises(NotFound):
        write(lambda tx: facade.attached(tx, attachment_id, "/dev/vdb", "host-1"))


def test_a_volume_that_is_being_made_can_be_taken_back(cloud: Any) -> None:
    who = CALLERS["member"]
    volume = cloud.database.write(lambda tx: facade.create(tx, who, ORIGIN, name="", size_gib=1))
    for _ in range(2):
        cloud.database.write(lambda tx: facade.delete(tx, volume.id, ORIGIN))
        cloud.settle()
    assert cloud.database.read(lambda tx: facade.by_ids(tx, [volume.id])) == {}
    assert cloud.engines[FakeVolumes].inventory().volumes == []


def test_what_is_another_projects_is_not_there(cloud: Any) -> None:
    volume = make(cloud)
    with pytest.raises(NotFound):
        cloud.database.write(lambda tx: facade.reserve(tx, CALLERS["other"], volume.id, SERVER))


def test_the_quota_holds_for_other_services_too(cloud: Any) -> None:
    with pytest.raises(OverQuota, match="gigabytes"):
        make(cloud, size_gib=1001)

"""Quotas, limits, and the small resources that describe the service."""

from typing import Any

import pytest
import sqlalchemy as sa

from kumoi.engines.volumes.interface import VolumesError
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.block_storage.world import NEWEST, V3, act, fake, make, messages, snap

SETS = f"{V3}/os-quota-sets"


def test_quotas_are_counted(cloud: Any) -> None:
    volume_id = make(cloud, size=3)
    snap(cloud, volume_id)
    usage = cloud.get(f"{SETS}/{PROJECT}?usage=True").json["quota_set"]
    assert usage["id"] == PROJECT
    assert usage["volumes"] == {"limit": 10, "in_use": 1, "reserved": 0}
    assert usage["gigabytes"]["in_use"] == 6 and usage["snapshots"]["in_use"] == 1
    limits = cloud.get(f"{V3}/limits").json["limits"]["absolute"]
    assert (limits["totalGigabytesUsed"], limits["maxTotalVolumes"], limits["totalSnapshotsUsed"]) == (6, 10, 1)
    changed = cloud.put(f"{SETS}/{PROJECT}", as_="admin", json={"quota_set": {"volumes": 1, "gigabytes": "7"}})
    assert changed.json["quota_set"]["volumes"] == 1 and changed.json["quota_set"]["gigabytes"] == 7
    assert cloud.post(f"{V3}/volumes", json={"volume": {"size": 1}}).status_code == 413
    grown = cloud.post(f"{V3}/volumes/{volume_id}/action", json={"os-extend": {"new_size": 5}})
    assert grown.status_code == 413 and "gigabytes" in grown.json["overLimit"]["message"]
    assert cloud.delete(f"{SETS}/{PROJECT}", as_="admin").status_code == 200
    assert cloud.get(f"{SETS}/{PROJECT}").json["quota_set"]["volumes"] == 10
    one = {"quota_set": {"per_volume_gigabytes": 2}}
    assert cloud.put(f"{SETS}/{PROJECT}", as_="admin", json=one).status_code == 200
    assert cloud.post(f"{V3}/volumes", json={"volume": {"size": 3}}).status_code == 413


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"shoes": 1}, "shoes"), ({"volumes": "many"}, "volumes"), ({"volumes": -2}, "volumes"),
        ({"volumes": True}, "volumes"), ({"volumes_default": -2}, "volumes_default"), ({"volumes_x": 3}, "volumes_x"),
    ],
)  # fmt: skip
def test_what_no_quota_can_be(cloud: Any, values: dict[str, Any], word: str) -> None:
    make(cloud)
    refused = cloud.put(f"{SETS}/{PROJECT}", as_="admin", json={"quota_set": {"snapshots": 1, **values}})
    assert refused.status_code == 400 and word in refused.json["badRequest"]["message"]
    assert cloud.get(f"{SETS}/{PROJECT}").json["quota_set"]["snapshots"] == 10


def test_whose_quotas(cloud: Any) -> None:
    assert cloud.get(f"{SETS}/{PROJECT}", as_="other").status_code == 403
    assert cloud.put(f"{SETS}/{PROJECT}", json={"quota_set": {"volumes": 99}}).status_code == 403
    assert cloud.get(f"{V3}/limits?project_id={OTHER_PROJECT}", version="3.39").status_code == 403
    assert cloud.get(f"{V3}/limits?project_id={OTHER_PROJECT}", version="3.39", as_="admin").status_code == 200
    body = {"quota_class_set": {"volumes": 3}}
    assert cloud.put(f"{V3}/os-quota-class-sets/default", as_="admin", json=body).status_code == 200
    assert cloud.get(f"{SETS}/{PROJECT}/defaults").json["quota_set"]["volumes"] == 3
    assert cloud.get(f"{SETS}/{PROJECT}").json["quota_set"]["volumes"] == 3


def test_hosts_and_pools(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (service, backups) = cloud.get(f"{V3}/os-services", as_="admin", version="3.49").json["services"]
    assert (service["host"], service["state"], service["backend_state"]) == ("host-1@files", "up", "up")
    assert (backups["host"], backups["binary"]) == ("host-1", "cinder-backup")
    assert "backend_state" not in cloud.get(f"{V3}/os-services", as_="admin", version="3.48").json["services"][0]
    assert cloud.get(f"{V3}/os-services?host=x", as_="admin").json == {"services": []}
    (pool,) = cloud.get(f"{V3}/scheduler-stats/get_pools?detail=true", as_="admin").json["pools"]
    assert pool["name"] == "host-1@files#files" and pool["capabilities"]["free_capacity_gb"] == 10000

    def broken() -> None:
        raise VolumesError("no disk")

    monkeypatch.setattr(fake(cloud), "capacity", broken)
    assert cloud.get(f"{V3}/os-services", as_="admin").json["services"][0]["state"] == "down"
    assert cloud.get(f"{V3}/scheduler-stats/get_pools", as_="admin").json == {"pools": []}
    assert cloud.put(f"{V3}/os-services/failover", as_="admin", json={"host": "x"}).status_code == 501


def test_messages_belong_to_a_project(cloud: Any) -> None:
    fake(cloud).fail_next("create", "the disk is full")
    volume_id = make(cloud)
    (message,) = cloud.get(f"{V3}/messages", version="3.3").json["messages"]
    assert message["resource_uuid"] == volume_id and message["message_level"] == "ERROR"
    path = f"{V3}/messages/{message['id']}"
    assert cloud.get(path, version="3.3", as_="other").status_code == 404
    assert cloud.get(path, version="3.3").json["message"]["request_id"].startswith("req-")
    assert cloud.delete(path, version="3.3", as_="other").status_code == 404
    assert cloud.delete(path, version="3.3").status_code == 204 and messages(cloud, volume_id) == []


def test_the_rest(cloud: Any) -> None:
    zone = cloud.get(f"{V3}/os-availability-zone").json["availabilityZoneInfo"]
    assert zone == [{"zoneName": "nova", "zoneState": {"available": True}}]
    assert "os-quota-sets" in {each["alias"] for each in cloud.get(f"{V3}/extensions").json["extensions"]}
    filters = cloud.get(f"{V3}/resource_filters?resource=volume", version=NEWEST).json["resource_filters"]
    assert "created_at" in filters[0]["filters"] and "limit" not in filters[0]["filters"]
    document = cloud.get("/kumoi/v1/openapi/block_storage", as_=None).json
    assert {"202", "413"} <= set(document["paths"]["/volume/v3/volumes"]["post"]["responses"])


def test_limits_of_one_type(cloud: Any) -> None:
    cloud.post("/volume/v3/types", as_="admin", json={"volume_type": {"name": "gold"}})

    def limit(**values: int) -> None:
        asked = {f"{name}_gold": value for name, value in values.items()}
        shown = cloud.put(f"{SETS}/{PROJECT}", as_="admin", json={"quota_set": asked}).json["quota_set"]
        assert shown.items() >= asked.items()

    def ask(path: str, body: Any, as_: str = "member") -> int:
        answer = cloud.post(f"/volume/v3{path}", as_=as_, version="3.71", json=body)
        cloud.settle()
        assert answer.status_code != 413 or "gold" in answer.text
        return int(answer.status_code)

    limit(volumes=1, gigabytes=4, snapshots=1)
    gold = {"volume": {"size": 2, "volume_type": "gold"}}
    volume_id, plain = make(cloud, size=2, volume_type="gold"), make(cloud, size=2)
    assert ask("/volumes", gold) == 413
    assert ask(f"/volumes/{plain}/action", {"os-retype": {"new_type": "gold"}}) == 413
    assert ask(f"/volumes/{volume_id}/action", {"os-extend": {"new_size": 5}}) == 413
    assert ask("/snapshots", {"snapshot": {"volume_id": volume_id}}) == 202
    assert ask("/snapshots", {"snapshot": {"volume_id": volume_id}}) == 413
    assert ask("/snapshots", {"snapshot": {"volume_id": plain}}) == 202
    used = cloud.get(f"{SETS}/{PROJECT}?usage=true").json["quota_set"]
    assert {name: used[f"{name}_gold"]["in_use"] for name in ("volumes", "gigabytes", "snapshots")} == {
        "volumes": 1, "gigabytes": 4, "snapshots": 1,
    }  # fmt: skip
    limit(volumes=2, gigabytes=-1, snapshots=2)
    assert ask(f"/volumes/{plain}/action", {"os-retype": {"new_type": "gold"}}) == 202
    assert cloud.delete(f"{SETS}/{PROJECT}", as_="admin").status_code == 200
    assert ask("/volumes", gold) == 202


@pytest.mark.parametrize(("resource", "limit"), [("snapshots", 0), ("gigabytes", 3)])
def test_snapshots_count_for_another_type(cloud: Any, resource: str, limit: int) -> None:
    cloud.post(f"{V3}/types", as_="admin", json={"volume_type": {"name": "gold"}})
    volume_id = make(cloud, size=2)
    snap(cloud, volume_id)

    def retype(most: int) -> int:
        values = {"quota_set": {f"{resource}_gold": most}}
        assert cloud.put(f"{SETS}/{PROJECT}", as_="admin", json=values).status_code == 200
        return int(act(cloud, volume_id, "os-retype", {"new_type": "gold"}).status_code)

    assert (retype(limit), retype(limit + 1)) == (413, 202)


def test_many_types_cost_no_more_queries(cloud: Any) -> None:
    def asked() -> int:
        statements: list[str] = []

        def listener(*said: Any) -> None:
            statements.append(said[2])

        sa.event.listen(cloud.database._reader, "after_cursor_execute", listener)
        assert cloud.get(f"{SETS}/{PROJECT}?usage=true").status_code == 200
        sa.event.remove(cloud.database._reader, "after_cursor_execute", listener)
        return len(statements)

    def with_types(*names: str) -> int:
        for name in names:
            cloud.post(f"{V3}/types", as_="admin", json={"volume_type": {"name": name}})
        asked()
        return asked()

    assert 0 < with_types("first") == with_types(*"abcde")

"""Volumes as clients see them."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.block_storage.world import NEWEST, V3, act, differences, fake, image, make, messages, show, snap

NOWHERE = "5b1f8e1c-0000-4000-8000-000000000000"


def test_an_empty_volume(cloud: Any) -> None:
    made = cloud.post(f"{V3}/volumes", json={"volume": {"size": "2", "name": "n", "metadata": {"a": "b"}}})
    assert made.status_code == 202
    volume = made.json["volume"]
    assert (volume["status"], volume["bootable"], volume["size"]) == ("creating", "false", 2)
    cloud.settle()
    volume = cloud.get(f"{V3}/volumes/{volume['id']}").json["volume"]
    assert volume["status"] == "available" and volume["volume_type"] == "default"
    assert (volume["metadata"], volume["attachments"], volume["availability_zone"]) == ({"a": "b"}, [], "nova")
    assert volume["os-vol-tenant-attr:tenant_id"] == PROJECT and "os-vol-host-attr:host" not in volume
    assert "T" in volume["created_at"] and not volume["created_at"].endswith("Z")
    assert fake(cloud).size_gib(volume["id"]) == 2
    assert show(cloud, volume["id"], as_="admin")["os-vol-host-attr:host"] == "host-1@files#files"
    assert differences(cloud) == []


def test_a_volume_of_an_image(cloud: Any) -> None:
    image_id = image(cloud, properties={"hw_disk_bus": "virtio"}, min_disk=2)
    small = cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, "imageRef": image_id}})
    assert small.status_code == 400 and "image size 2GB" in small.json["badRequest"]["message"]
    volume_id = make(cloud, size=3, imageRef=image_id)
    volume = show(cloud, volume_id)
    assert (volume["status"], volume["bootable"], volume["size"]) == ("available", "true", 3)
    facts = volume["volume_image_metadata"]
    assert (facts["image_id"], facts["hw_disk_bus"], facts["min_disk"]) == (image_id, "virtio", "2")
    assert fake(cloud).inventory().bases == [image_id]
    deactivated = image(cloud, status="deactivated")
    assert cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, "imageRef": deactivated}}).status_code == 400
    assert cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, "imageRef": NOWHERE}}).status_code == 404


def test_volumes_of_volumes_and_of_snapshots(cloud: Any) -> None:
    first = make(cloud, size=2, imageRef=image(cloud))
    act(cloud, first, "os-set_image_metadata", {"metadata": {"os_type": "linux"}})
    snapshot_id = snap(cloud, first)
    for source in ({"source_volid": first}, {"snapshot_id": snapshot_id}):
        copy = show(cloud, make(cloud, size=None, **source))
        assert (copy["status"], copy["size"], copy["bootable"]) == ("available", 2, "true")
        assert copy["volume_image_metadata"]["os_type"] == "linux"
        assert copy | source == copy
        assert fake(cloud).size_gib(make(cloud, size=4, **source)) == 4
        refused = cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, **source}})
        assert refused.status_code == 400 and "smaller" in refused.json["badRequest"]["message"]
    assert fake(cloud).inventory().snapshots == [snapshot_id]
    assert differences(cloud) == []


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"size": 0}, 400, "greater than 0"), ({"size": -1}, 400, "greater than 0"), ({"size": "#"}, 400, "size"),
        ({"size": ""}, 400, "size"), ({"size": None}, 400, "size"), ({"size": 1.5}, 400, "size"),
        ({"name": "x" * 256}, 400, "name"), ({"metadata": {"k": 1}}, 400, "metadata"),
        ({"metadata": {"": "v"}}, 400, "metadata"), ({"availability_zone": "mars"}, 400, "mars"),
        ({"volume_type": "gold"}, 404, "gold"), ({"snapshot_id": NOWHERE}, 404, "Snapshot"),
        ({"source_volid": NOWHERE}, 404, "Volume"), ({"multiattach": True}, 400, "multiattach"),
        ({"consistencygroup_id": NOWHERE}, 501, "group"), ({"imageRef": NOWHERE, "snapshot_id": NOWHERE}, 400, "one"),
    ],
)  # fmt: skip
def test_what_cannot_be_made(cloud: Any, fields: dict[str, Any], status: int, word: str) -> None:
    refused = cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, **fields}})
    assert refused.status_code == status, refused.text
    ((_, error),) = refused.json.items()
    assert error["code"] == status and word in error["message"]
    assert cloud.get(f"{V3}/volumes").json == {"volumes": []}


def test_names_change(cloud: Any) -> None:
    volume_id = make(cloud, name="before")
    body = {"volume": {"name": "after", "description": "d", "metadata": {"k": "v"}}}
    changed = cloud.put(f"{V3}/volumes/{volume_id}", json=body).json["volume"]
    assert (changed["name"], changed["description"], changed["metadata"]) == ("after", "d", {"k": "v"})
    assert show(cloud, volume_id)["name"] == "after"
    assert cloud.put(f"{V3}/volumes/{volume_id}", json={"volume": {"display_name": "x"}}).json["volume"]["name"] == "x"
    assert cloud.put(f"{V3}/volumes/{volume_id}", as_="other", json=body).status_code == 404


def test_another_projects_volume_is_not_there(cloud: Any) -> None:
    volume_id = make(cloud)
    for path in ("", "/metadata"):
        assert cloud.get(f"{V3}/volumes/{volume_id}{path}", as_="other").status_code == 404
    assert cloud.delete(f"{V3}/volumes/{volume_id}", as_="other").status_code == 404
    assert act(cloud, volume_id, "os-extend", {"new_size": 2}, as_="other").status_code == 404
    assert cloud.get(f"{V3}/volumes/detail", as_="other").json == {"volumes": []}
    assert cloud.get(f"{V3}/volumes?all_tenants=1", as_="other").json == {"volumes": []}
    assert cloud.get(f"{V3}/volumes/{volume_id}", as_="system").status_code == 200


def test_every_project_for_an_admin_who_asks(cloud: Any) -> None:
    mine, other = make(cloud), make(cloud, as_="other")
    ids = lambda text: {each["id"] for each in cloud.get(f"{V3}/volumes{text}", as_="admin").json["volumes"]}  # noqa: E731
    assert ids("") == {mine}
    assert ids("?all_tenants=True") == {mine, other}
    assert ids(f"?all_tenants=1&project_id={OTHER_PROJECT}") == {other}


def test_filters(cloud: Any) -> None:
    a = make(cloud, name="alpha_1", metadata={"k": "v", "it's": "1"})
    b = make(cloud, name="beta", size=2, imageRef=image(cloud))
    c = make(cloud, source_volid=a)
    names = {a: "a", b: "b", c: "c"}

    def found(query: str, version: str = NEWEST) -> str:
        reply = cloud.get(f"{V3}/volumes?{query}", version=version)
        assert reply.status_code == 200, reply.text
        return "".join(sorted(names[each["id"]] for each in reply.json["volumes"]))

    assert (found("name=beta"), found("status=available"), found("status=error"), found("size=2")) == (
        "b", "abc", "", "b",
    )  # fmt: skip
    assert found("bootable=true") == "b" and found("bootable=False") == "ac"
    assert found("metadata={'k': 'v'}") == "a" and found('metadata={"k":"v","x":"y"}') == ""
    assert found("""metadata={"it's": '1'}""") == "a" and found("""metadata={'"': '1'}""") == ""
    assert found(f"source_volid={a}") == "c" and found(f"id={b}") == "b" and found("user_id=member-user") == "abc"
    assert found("name~=lpha_") == "a" and found("name~=%25") == "" and found("availability_zone=x") == ""
    assert found("created_at=gt:2020-01-01T00:00:00,lt:2999-01-01") == "abc" and found("created_at=lt:2020-01-01") == ""
    assert found("migration_status=None") == "abc" and found("migration_status=success") == ""
    assert found("glance_metadata={'container_format': 'bare'}") == "b"
    assert found("nonsense=1", "3.30") == "abc"
    for query, word in (
        ("nonsense=1", "nonsense"), ("metadata=[1]", "metadata"), ("created_at=soon", "created_at"),
        ("bootable=perhaps", "bootable"), ("limit=-1", "limit"), ("limit=x", "limit"), ("sort=shape", "shape"),
        ("sort=name:up", "up"), ("all_tenants=maybe", "all_tenants"),
    ):  # fmt: skip
        refused = cloud.get(f"{V3}/volumes?{query}", version=NEWEST)
        assert refused.status_code == 400 and word in refused.json["badRequest"]["message"], query


def test_pages(cloud: Any) -> None:
    for number in range(5):
        make(cloud, settle=False, name=f"v{number}", size=5 - number)
    every = cloud.get(f"{V3}/volumes/detail?sort=name:asc").json["volumes"]
    assert [each["name"] for each in every] == ["v0", "v1", "v2", "v3", "v4"]
    assert cloud.get(f"{V3}/volumes?sort_key=size&sort_dir=asc").json["volumes"][0]["name"] == "v4"
    names, address = [], f"{V3}/{PROJECT}/volumes?limit=2&sort=name:asc"
    while address:
        page = cloud.get(address).json
        assert len(page["volumes"]) <= 2
        names += [each["name"] for each in page["volumes"]]
        address = next((link["href"] for link in page.get("volumes_links", [])), "")
        assert f"/{PROJECT}/volumes?" in address or not address
        address = address.partition(".org")[2]
    assert names == ["v0", "v1", "v2", "v3", "v4"]
    assert [each["name"] for each in cloud.get(f"{V3}/volumes?sort=name:asc&offset=3").json["volumes"]] == ["v3", "v4"]
    assert cloud.get(f"{V3}/volumes?limit=0").json["volumes"] == []
    assert cloud.get(f"{V3}/volumes?marker={NOWHERE}").status_code == 404
    counted = cloud.get(f"{V3}/volumes?limit=1&with_count=True", version="3.45").json
    assert (counted["count"], len(counted["volumes"])) == (5, 1)
    summary = cloud.get(f"{V3}/volumes/summary", version="3.36").json["volume-summary"]
    assert summary == {"total_size": 15, "total_count": 5, "metadata": {}}


@pytest.mark.parametrize(
    ("version", "field"),
    [
        ("3.13", "group_id"), ("3.21", "provider_id"), ("3.48", "service_uuid"), ("3.48", "shared_targets"),
        ("3.61", "cluster_name"), ("3.63", "volume_type_id"), ("3.65", "consumes_quota"),
    ],
)  # fmt: skip
def test_fields_by_version(cloud: Any, version: str, field: str) -> None:
    volume_id = make(cloud)
    before = f"3.{int(version.partition('.')[2]) - 1}"
    assert field not in show(cloud, volume_id, version=before, as_="admin")
    assert field in show(cloud, volume_id, version=version, as_="admin")


@pytest.mark.parametrize(
    ("version", "method", "path"),
    [
        ("3.3", "GET", "/messages"), ("3.12", "GET", "/volumes/summary"), ("3.27", "GET", "/attachments"),
        ("3.33", "GET", "/resource_filters"), ("3.62", "GET", "/default-types"),
    ],
)  # fmt: skip
def test_routes_by_version(cloud: Any, version: str, method: str, path: str) -> None:
    before = f"3.{int(version.partition('.')[2]) - 1}"
    assert cloud.call(method, V3 + path, as_="admin", version=before).status_code == 404
    assert cloud.call(method, V3 + path, as_="admin", version=version).status_code == 200


def test_an_update_is_checked_strictly_from_3_53(cloud: Any) -> None:
    volume_id = make(cloud)
    strange = {"volume": {"name": "n", "strange": 1}}
    assert cloud.put(f"{V3}/volumes/{volume_id}", version="3.52", json=strange).status_code == 200
    assert cloud.put(f"{V3}/volumes/{volume_id}", version="3.53", json=strange).status_code == 400
    assert cloud.put(f"{V3}/volumes/{volume_id}", version="3.52", json={"volume": {}}).status_code == 200
    assert cloud.put(f"{V3}/volumes/{volume_id}", version="3.53", json={"volume": {}}).status_code == 400


def test_addresses_and_versions(cloud: Any) -> None:
    volume_id = make(cloud)
    assert cloud.get(f"{V3}/{PROJECT}/volumes/{volume_id}").status_code == 200
    wrong = cloud.get(f"{V3}/{OTHER_PROJECT}/volumes/{volume_id}", as_="admin")
    assert wrong.status_code == 400 and "Malformed request url" in wrong.json["badRequest"]["message"]
    assert cloud.get(f"{V3}/{OTHER_PROJECT}/volumes", as_=None).status_code == 401
    shown = cloud.get(f"{V3}/volumes/{volume_id}", version="3.50")
    assert shown.headers["OpenStack-API-Version"] == "volume 3.50"
    assert cloud.get(f"{V3}/volumes").headers["OpenStack-API-Version"] == "volume 3.0"
    assert cloud.get(f"{V3}/volumes", version="latest").headers["OpenStack-API-Version"] == "volume 3.71"
    assert cloud.get(f"{V3}/volumes", version="3.72").status_code == 406
    discovery = cloud.get("/volume/", as_=None)
    assert discovery.status_code == 300
    (version,) = discovery.json["versions"]
    assert (version["id"], version["version"], version["min_version"]) == ("v3.0", "3.71", "3.0")
    assert cloud.get(f"{V3}/", as_=None).status_code == 200


def test_metadata(cloud: Any) -> None:
    volume_id = make(cloud, metadata={"a": "1"})
    path = f"{V3}/volumes/{volume_id}/metadata"
    assert cloud.post(path, json={"metadata": {"b": "2"}}).json == {"metadata": {"a": "1", "b": "2"}}
    assert cloud.put(path, json={"metadata": {"c": "3"}}).json == {"metadata": {"c": "3"}}
    assert cloud.put(f"{path}/d", json={"meta": {"d": "4"}}).json == {"meta": {"d": "4"}}
    assert cloud.put(f"{path}/d", json={"meta": {"e": "4"}}).status_code == 400
    assert cloud.get(f"{path}/d").json == {"meta": {"d": "4"}}
    assert cloud.delete(f"{path}/d").status_code == 200
    assert cloud.get(f"{path}/d").status_code == 404 and cloud.delete(f"{path}/d").status_code == 404
    assert "ETag" not in cloud.get(path, version="3.14").headers
    tag = cloud.get(path, version="3.15").headers["ETag"]
    wrong = cloud.put(path, version="3.15", headers={"If-Match": "x"}, json={"metadata": {}})
    assert wrong.status_code == 412
    right = cloud.put(path, version="3.15", headers={"If-Match": tag}, json={"metadata": {}})
    assert right.json == {"metadata": {}} and right.headers["ETag"] != tag


def test_many_volumes_take_no_more_statements_than_two(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    sa.event.listen(cloud.database._reader, "after_cursor_execute", lambda *said: statements.append(said[2]))

    def asked(count: int) -> int:
        statements.clear()
        assert len(cloud.get(f"{V3}/volumes/detail", version=NEWEST).json["volumes"]) == count
        return len(statements)

    for number in range(2):
        make(cloud, settle=False, name=f"v{number}", metadata={"a": "b"})
    few = asked(2)
    for number in range(2, 10):
        make(cloud, settle=False, name=f"v{number}", metadata={"a": "b"})
    assert asked(10) == few > 0


def test_metadata_does_not_grow_without_end(cloud: Any) -> None:
    """Each list that shows the volume reads all of it."""

    def items(prefix: str, count: int) -> dict[str, dict[str, str]]:
        return {"metadata": {f"{prefix}{number}": "v" for number in range(count)}}

    volume_id = make(cloud)
    path = f"{V3}/volumes/{volume_id}/metadata"
    assert cloud.put(path, json=items("a", 128)).status_code == 200
    for refused in (
        cloud.post(path, json=items("b", 1)),
        cloud.put(f"{path}/b", json={"meta": {"b": "v"}}),
        cloud.put(path, json=items("b", 129)),
        cloud.post(f"{V3}/volumes", json={"volume": {"size": 1, **items("a", 129)}}),
    ):
        assert refused.status_code == 400 and "meta" in refused.json["badRequest"]["message"], refused.text
    assert cloud.post(path, json=items("a", 1)).status_code == 200
    for prefix in "ab":
        assert act(cloud, volume_id, "os-set_image_metadata", items(prefix, 128)).status_code == 200
    refused = act(cloud, volume_id, "os-set_image_metadata", items("c", 1))
    assert refused.status_code == 400 and "256" in refused.json["badRequest"]["message"]


def test_hints_of_hosts(cloud: Any) -> None:
    def made(**hints: Any) -> str:
        body = {"volume": {"size": 1}, "OS-SCH-HNT:scheduler_hints": hints}
        answer = cloud.post(f"{V3}/volumes", json=body)
        assert answer.status_code == 202, answer.text
        cloud.settle()
        return str(answer.json["volume"]["id"])

    first = make(cloud)
    assert show(cloud, made(same_host=first))["status"] == "available"
    assert show(cloud, made(same_host=[first, "unknown"]))["status"] == "available"
    assert show(cloud, made(different_host="unknown"))["status"] == "available"
    apart = made(different_host=[first])
    assert show(cloud, apart)["status"] == "error"
    assert messages(cloud, apart) == ["create volume: No host fits the hints same_host and different_host."]
    for wrong, status in (({"query": "x"}, 501), ({"same_host": {"a": "b"}}, 400), ({"same_host": [1]}, 400)):
        body = {"volume": {"size": 1}, "OS-SCH-HNT:scheduler_hints": wrong}
        assert cloud.post(f"{V3}/volumes", json=body).status_code == status

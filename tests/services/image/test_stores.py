"""Stores of images: files, and the object store."""

import asyncio
from typing import Any

import pytest

from kumoi.engines.images import objects
from kumoi.engines.images.interface import ImagesError
from kumoi.engines.images.objects import ObjectImages
from kumoi.engines.objects.fake import FakeObjects
from kumoi.engines.objects.interface import ObjectStore
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.kernel import clock, rooms
from kumoi.kernel.clock import VirtualClock
from kumoi.services.image.data import upload
from tests.services.image.sending import IMAGES, RAW, create, qcow2, send
from tests.services.object_store.sending import ask, streamed

LARGE = bytes(range(256)) * 512
INTO = {"X-Image-Meta-Store": "objects"}


@pytest.fixture(params=["fake", "disk"], autouse=True)
def store(request: pytest.FixtureRequest, cloud: Any) -> Any:
    if request.param == "fake":
        cloud.engines[ObjectStore] = FakeObjects(cloud.folder.objects)
    return cloud.engines[ObjectStore]


def images(cloud: Any) -> ObjectImages:
    return ObjectImages(cloud.engines[ObjectStore])


def stored(cloud: Any, data: bytes = LARGE, **values: Any) -> str:
    image_id = str(create(cloud, **values).json["id"])
    answered = send(cloud, image_id, data, headers=INTO)
    assert answered.status_code == 204, answered.text
    return image_id


def shown(cloud: Any, image_id: str) -> Any:
    return cloud.get(f"{IMAGES}/{image_id}").json


def lying(cloud: Any) -> list[str]:
    return [path.name for path in cloud.folder.images.iterdir()]


def test_the_stores_are_told(cloud: Any) -> None:
    listed = cloud.get("/image/v2/info/stores").json["stores"]
    assert [(each["id"], each.get("default")) for each in listed] == [("files", "true"), ("objects", None)]
    assert create(cloud).headers["OpenStack-image-store-ids"] == "files,objects"


def test_a_cloud_without_the_object_store_has_one_store(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "_services", frozenset({"identity", "image"}))
    assert [each["id"] for each in cloud.get("/image/v2/info/stores").json["stores"]] == ["files"]
    image_id = create(cloud).json["id"]
    refused = send(cloud, image_id, RAW, headers=INTO)
    assert refused.status_code == 400 and "x-image-meta-store: there is no store 'objects'" in refused.text
    assert shown(cloud, image_id)["status"] == "queued"


@pytest.mark.parametrize("data", [b"", RAW[:100], LARGE])
def test_up_and_down(cloud: Any, data: bytes) -> None:
    image_id = stored(cloud, data)
    image = shown(cloud, image_id)
    assert (image["status"], image["stores"], image["size"]) == ("active", "objects", len(data))
    assert lying(cloud) == [] and images(cloud).inventory() == [image_id]
    down = cloud.get(f"{IMAGES}/{image_id}/file")
    assert down.status_code == 200 and down.headers["content-md5"] == image["checksum"]
    if place := down.headers.get("x-accel-redirect"):
        assert place.startswith("/_objects/")
        assert cloud.engines[ObjectStore].path(place.rpartition("/")[2]).read_bytes() == data
    else:
        assert down.content == data
    assert cloud.get(f"{IMAGES}/{image_id}/file", as_="other").status_code == 404
    assert cloud.audit() == []
    assert cloud.delete(f"{IMAGES}/{image_id}").status_code == 204
    cloud.settle()
    assert images(cloud).inventory() == [] and cloud.audit() == []


def test_what_the_front_cannot_send_comes_from_the_streams(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with erasure coding."""
    image_id = stored(cloud)
    monkeypatch.setattr(cloud.engines[ObjectStore], "sent_from", lambda place: None)
    path = f"{IMAGES}/{image_id}/file"
    assert cloud.get(path).headers["x-accel-redirect"] == "@object_streams"
    answered = streamed(cloud, "GET", path, {"X-Auth-Token": "member"})
    assert (answered.status_code, answered.content) == (200, LARGE)
    assert answered.headers["content-md5"] == shown(cloud, image_id)["checksum"]
    assert streamed(cloud, "GET", path, {"X-Auth-Token": "other"}).status_code == 404
    queued = create(cloud).json["id"]
    assert streamed(cloud, "GET", f"{IMAGES}/{queued}/file", {"X-Auth-Token": "member"}).status_code == 204


def test_without_the_header_images_are_files(cloud: Any) -> None:
    image_id = create(cloud).json["id"]
    assert send(cloud, image_id, RAW).status_code == 204
    assert shown(cloud, image_id)["stores"] == "files" and lying(cloud) == [image_id]
    assert not cloud.engines[ObjectStore].is_used()


def test_a_refused_upload_leaves_a_queued_image_and_nothing(cloud: Any) -> None:
    image_id = create(cloud, disk_format="qcow2").json["id"]
    refused = send(cloud, image_id, LARGE, headers=INTO)
    assert refused.status_code == 400 and "refused" in refused.text
    assert shown(cloud, image_id)["status"] == "queued" and "stores" not in shown(cloud, image_id)
    assert images(cloud).inventory() == [] and images(cloud).uploads() == {}
    assert send(cloud, image_id, qcow2(), headers=INTO).status_code == 204
    assert cloud.audit() == []


@pytest.mark.parametrize("as_", ["member", "admin", "other", "reader"])
def test_nobody_reaches_the_account_of_images(cloud: Any, as_: str) -> None:
    image_id = stored(cloud)
    root = f"/object-store/v1/{objects.ACCOUNT}"
    for method, path in (
        ("GET", ""), ("HEAD", ""), ("GET", "/images"), ("GET", f"/images/{image_id}"), ("POST", ""), ("PUT", ""),
        ("DELETE", ""), ("PUT", "/images"), ("POST", "/images"), ("DELETE", "/images"), ("PUT", f"/images/{image_id}"),
        ("POST", f"/images/{image_id}"), ("DELETE", f"/images/{image_id}"), ("PUT", "/more"),
    ):  # fmt: skip
        answered = ask(cloud, method, root + path, as_=as_, body=b"")
        assert answered.status == 403, f"{method} {path}: {answered.status}"
    copied = ask(cloud, "PUT", "/mine", as_="admin", body=b"")
    assert copied.status == 201
    taken = ask(
        cloud, "PUT", "/mine/copy", as_="admin",
        headers={"X-Copy-From": f"images/{image_id}", "X-Copy-From-Account": objects.ACCOUNT},
    )  # fmt: skip
    assert taken.status == 403
    assert images(cloud).inventory() == [image_id]


def test_a_receiver_that_dies_leaves_a_queued_image(cloud: Any) -> None:
    from kumoi.services.image.data import logic
    from tests.cloud import CALLERS

    with clock.using(VirtualClock()) as _:
        time = clock._clock
        image_id = create(cloud).json["id"]
        origin = {"request_id": "r", "user_id": "u", "project_id": "p"}
        begun = cloud.database.write(
            lambda tx: logic.begin(tx, CALLERS["member"], image_id, origin, staging=False, store="objects")
        )
        writer = images(cloud).begin(image_id, "raw")
        writer.write(LARGE)
        time.sleep(61)
        while cloud.runner.run_one():
            pass
        assert shown(cloud, image_id)["status"] == "queued" and cloud.audit() == []
        second = stored_again(cloud, image_id)
        with pytest.raises(objects.ImagesError, match="deleted"):
            writer.finish()
        cloud.database.write(lambda tx: logic.give_up(tx, image_id, begun.id))
        assert images(cloud).open(image_id).read() == second and cloud.audit() == []


def stored_again(cloud: Any, image_id: str) -> bytes:
    data = b"second" * 10_000
    objects._living.clear()
    assert send(cloud, image_id, data, headers=INTO).status_code == 204
    return data


def test_deleted_while_its_bytes_come(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    image_id = create(cloud).json["id"]
    before = upload._pour

    async def pour(body: Any, writer: Any) -> None:
        await before(body, writer)
        await asyncio.to_thread(lambda: (cloud.delete(f"{IMAGES}/{image_id}"), cloud.settle()))

    monkeypatch.setattr(upload, "_pour", pour)
    assert send(cloud, image_id, LARGE, headers=INTO).status_code == 410
    cloud.settle()
    assert images(cloud).inventory() == [] and images(cloud).uploads() == {} and cloud.audit() == []


def test_sweeps_remove_what_belongs_to_no_image(cloud: Any) -> None:
    image_id = stored(cloud)
    orphan, dead = create(cloud).json["id"], create(cloud).json["id"]
    writer = images(cloud).begin("6d4ee0b4-0000-4000-8000-000000000001", "raw")
    writer.write(LARGE)
    writer.finish()
    images(cloud).begin(dead, "raw")
    images(cloud).begin(orphan, "raw")
    problems = [each["problem"] for each in cloud.audit()]
    assert "its data is in the image store, but there is no such image" in problems
    cloud.sweep()
    cloud.settle()
    assert images(cloud).inventory() == [image_id] and images(cloud).uploads() == {}
    assert cloud.audit() == []


def test_the_audit_tells_of_lost_bytes(cloud: Any) -> None:
    image_id = stored(cloud)
    images(cloud).delete(image_id)
    (found,) = cloud.audit()
    assert (found["id"], found["problem"]) == (image_id, "it is active, but its data is not in the image store")


@pytest.mark.parametrize("data", [RAW[:512], LARGE])
def test_a_volume_starts_from_it(cloud: Any, data: bytes) -> None:
    image_id = stored(cloud, data)
    cloud.engines[FakeVolumes].images = cloud.folder.images
    for _ in range(2):
        made = cloud.post("/volume/v3/volumes", json={"volume": {"size": 1, "imageRef": image_id}})
        assert made.status_code == 202, made.text
        cloud.settle()
        volume = cloud.get(f"/volume/v3/volumes/{made.json['volume']['id']}").json["volume"]
        assert volume["status"] == "available"
    assert (cloud.folder.images / image_id).read_bytes() == data and cloud.audit() == []
    for volume in cloud.get("/volume/v3/volumes").json["volumes"]:
        cloud.delete(f"/volume/v3/volumes/{volume['id']}")
    cloud.delete(f"{IMAGES}/{image_id}")
    cloud.settle()
    assert lying(cloud) == [] and images(cloud).inventory() == [] and cloud.audit() == []


def staged(cloud: Any, data: bytes = LARGE) -> str:
    image_id = str(create(cloud).json["id"])
    assert send(cloud, image_id, data, what="stage").status_code == 204
    return image_id


def bring_in(cloud: Any, image_id: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
    body = {"method": {"name": "glance-direct"}, **more}
    return cloud.post(f"{IMAGES}/{image_id}/import", json=body, headers=headers or {})


@pytest.mark.parametrize(
    ("headers", "more"), [(INTO, {}), ({}, {"stores": ["objects"]}), (INTO, {"stores": ["objects"]})]
)
def test_an_import_moves_staged_bytes(cloud: Any, headers: dict[str, str], more: dict[str, Any]) -> None:
    image_id = staged(cloud)
    assert bring_in(cloud, image_id, headers, **more).status_code == 202
    assert shown(cloud, image_id)["status"] == "importing"
    assert cloud.get(f"{IMAGES}/{image_id}/file").status_code == 204
    cloud.settle()
    image = shown(cloud, image_id)
    assert (image["status"], image["stores"]) == ("active", "objects")
    assert lying(cloud) == [] and images(cloud).open(image_id).read() == LARGE and cloud.audit() == []


def test_damaged_bytes_are_not_imported(cloud: Any) -> None:
    image_id = staged(cloud)
    path = cloud.folder.images / image_id
    path.chmod(0o600)
    path.write_bytes(LARGE[:-1] + b"!")
    assert bring_in(cloud, image_id, INTO).status_code == 202
    cloud.settle()
    assert shown(cloud, image_id)["status"] == "uploading" and images(cloud).inventory() == []
    assert cloud.audit() == []


def test_what_an_import_may_not_say(cloud: Any) -> None:
    image_id = staged(cloud)
    for headers, more, status, told in (
        ({}, {"stores": ["nowhere"]}, 400, "there is no store 'nowhere'"),
        ({"X-Image-Meta-Store": "nowhere"}, {}, 400, "there is no store 'nowhere'"),
        (INTO, {"all_stores": True}, 400, "all_stores"),
    ):
        answered = bring_in(cloud, image_id, headers, **more)
        assert answered.status_code == status and told in answered.text, answered.text
    assert shown(cloud, image_id)["status"] == "uploading"
    assert bring_in(cloud, image_id, stores=["files"]).status_code == 202
    assert shown(cloud, image_id)["status"] == "active"


@pytest.mark.parametrize("more", [{"all_stores": True}, {"stores": ["files", "objects"]}])
def test_an_import_into_several_stores(cloud: Any, more: dict[str, Any]) -> None:
    image_id = staged(cloud)
    assert bring_in(cloud, image_id, **more).status_code == 202
    assert shown(cloud, image_id)["os_glance_importing_to_stores"] == "files,objects"
    cloud.settle()
    image = shown(cloud, image_id)
    assert (image["status"], image["stores"], image["os_glance_failed_import"]) == ("active", "files,objects", "")
    assert lying(cloud) == images(cloud).inventory() == [image_id] and cloud.audit() == []
    images(cloud).delete(image_id)
    assert [each["problem"] for each in cloud.audit()] == ["it is active, but its data is not in the image store"]


@pytest.mark.parametrize("must_succeed", [True, False])
def test_a_store_that_fails(cloud: Any, monkeypatch: pytest.MonkeyPatch, must_succeed: bool) -> None:
    def full(*_: Any) -> Any:
        raise ImagesError("the store is full")

    image_id = staged(cloud)
    monkeypatch.setattr(ObjectImages, "begin", full)
    bring_in(cloud, image_id, all_stores=True, all_stores_must_succeed=must_succeed)
    cloud.settle()
    image = shown(cloud, image_id)
    assert image["os_glance_importing_to_stores"] == ""
    if must_succeed:
        assert (image["status"], image["os_glance_failed_import"]) == ("uploading", "files,objects")
    else:
        assert (image["status"], image["stores"], image["os_glance_failed_import"]) == ("active", "files", "objects")
    assert cloud.audit() == []


def copied(cloud: Any, image_id: str, as_: str = "admin", **more: Any) -> Any:
    return cloud.post(f"{IMAGES}/{image_id}/import", as_=as_, json={"method": {"name": "copy-image"}, **more})


def test_an_active_image_is_copied(cloud: Any) -> None:
    image_id = create(cloud).json["id"]
    assert copied(cloud, image_id, all_stores=True).status_code == 409
    send(cloud, image_id, LARGE)
    assert copied(cloud, image_id, as_="member", all_stores=True).status_code == 403
    assert copied(cloud, image_id, as_="other", all_stores=True).status_code == 404
    assert copied(cloud, image_id, stores=["files"]).status_code == 400
    assert copied(cloud, image_id, all_stores=True).status_code == 202
    during = shown(cloud, image_id)
    assert (during["status"], during["stores"], during["os_glance_importing_to_stores"]) == (
        "active",
        "files",
        "objects",
    )
    assert copied(cloud, image_id, stores=["objects"]).status_code == 409
    cloud.settle()
    after = shown(cloud, image_id)
    assert (after["stores"], after["os_glance_importing_to_stores"]) == ("files,objects", "")
    assert images(cloud).open(image_id).read() == LARGE and cloud.audit() == []
    assert copied(cloud, image_id, all_stores=True).status_code == 202, "it is everywhere"
    cloud.settle()
    assert cloud.delete(f"{IMAGES}/{image_id}").status_code == 204
    cloud.settle()
    assert lying(cloud) == images(cloud).inventory() == [] and cloud.audit() == []


@pytest.mark.parametrize("store", ["files", "objects"])
def test_one_of_several_stores_gives_its_bytes_up(cloud: Any, store: str) -> None:
    image_id = staged(cloud)
    bring_in(cloud, image_id, all_stores=True)
    cloud.settle()
    path = f"/image/v2/stores/{store}/{image_id}"
    assert cloud.delete(path, as_="other").status_code == 404
    assert cloud.delete(path).status_code == 204
    cloud.settle()
    (left,) = {"files", "objects"} - {store}
    assert shown(cloud, image_id)["stores"] == left
    assert (lying(cloud), images(cloud).inventory()) == (([image_id], []) if left == "files" else ([], [image_id]))
    assert (
        cloud.delete(path).status_code == 404 and cloud.delete(f"/image/v2/stores/{left}/{image_id}").status_code == 403
    )
    assert cloud.get(f"{IMAGES}/{image_id}/file").status_code == 200 and cloud.audit() == []


def test_the_only_store_keeps_its_image(cloud: Any) -> None:
    image_id = stored(cloud)
    for store, as_, status in (
        ("objects", "member", 403), ("files", "member", 404), ("nowhere", "member", 404), ("objects", "other", 404),
    ):  # fmt: skip
        answered = cloud.delete(f"/image/v2/stores/{store}/{image_id}", as_=as_)
        assert answered.status_code == status, answered.text
    assert cloud.delete(f"/image/v2/stores/files/{staged(cloud)}").status_code == 409
    assert images(cloud).inventory() == [image_id]

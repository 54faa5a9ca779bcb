"""The bytes of images: complete or absent, and in the declared format."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import DataError

from kumoi.engines.images import receiving
from kumoi.engines.images.interface import ImageStore, Stored
from kumoi.kernel import clock, durable, operations, quotas, streams
from kumoi.kernel.clock import VirtualClock
from kumoi.services.image.data import streams as routes_of_streams
from kumoi.services.image.data import upload
from kumoi.services.image.images.errors import WrongStatus
from tests.services.image.sending import IMAGES, RAW, create, qcow2, ready, send
from tests.waits import PATIENCE


def status(cloud: Any, image_id: str) -> str:
    return str(cloud.get(f"{IMAGES}/{image_id}").json["status"])


def lying(cloud: Any) -> list[str]:
    return list(cloud.engines[ImageStore].inventory())


def test_up_and_down(cloud: Any) -> None:
    image_id = create(cloud, disk_format="qcow2").json["id"]
    assert cloud.get(f"{IMAGES}/{image_id}/file").status_code == 204
    data = qcow2()
    assert send(cloud, image_id, data).status_code == 204
    image = cloud.get(f"{IMAGES}/{image_id}").json
    assert image["status"] == "active" and image["size"] == len(data) and image["virtual_size"] == 1 << 30
    assert image["checksum"] == hashlib.md5(data).hexdigest()
    assert (image["os_hash_algo"], image["os_hash_value"]) == ("sha512", hashlib.sha512(data).hexdigest())
    down = cloud.get(f"{IMAGES}/{image_id}/file")
    assert down.headers["x-accel-redirect"] == f"/_images/{image_id}"
    assert down.headers["content-md5"] == image["checksum"]
    assert cloud.engines[ImageStore].path(image_id).read_bytes() == data
    assert cloud.get(f"{IMAGES}/{image_id}/file", as_="other").status_code == 404
    assert send(cloud, image_id, data).status_code == 409
    assert cloud.audit() == []


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ("qcow2", RAW),
        ("raw", qcow2()),
        ("qcow2", qcow2(backing=b"/etc/shadow")),
        ("qcow2", qcow2()[:50]),
        ("vmdk", b'# Disk DescriptorFile\nversion=1\nRW 20 FLAT "/etc/shadow" 0\n' + bytes(70000)),
        ("iso", RAW),
        ("vhd", RAW),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_nothing_is_left(cloud: Any, said: str, data: bytes) -> None:
    image_id = create(cloud, disk_format=said).json["id"]
    refused = send(cloud, image_id, data)
    assert refused.status_code == 400 and "refused" in refused.json["error"]["message"], refused.text
    assert status(cloud, image_id) == "queued" and lying(cloud) == []
    assert list(cloud.folder.images.iterdir()) == []
    cloud.settle()
    assert cloud.audit() == []
    good = {"qcow2": qcow2(), "raw": RAW}.get(said)
    if good:
        assert send(cloud, image_id, good).status_code == 204, "another try is welcome"


@pytest.mark.parametrize("container", ["ova", "ovf", "docker", "compressed", "aki", "ari", "ami"])
@pytest.mark.parametrize("data", [qcow2(backing=b"/etc/shadow"), qcow2()])
def test_no_container_hides_a_disk(cloud: Any, container: str, data: bytes) -> None:
    for said in ("qcow2", "raw", "vmdk"):
        image_id = create(cloud, disk_format=said, container_format=container).json["id"]
        answered = send(cloud, image_id, data)
        sound = container in ("aki", "ari", "ami") and said == "qcow2" and data == qcow2()
        assert answered.status_code == (204 if sound else 400), answered.text
        assert (image_id in lying(cloud)) == sound


@pytest.mark.parametrize("container", ["ova", "ovf", "docker", "compressed"])
def test_nothing_starts_from_a_container_of_files(cloud: Any, container: str) -> None:
    image_id = ready(cloud, disk_format="vmdk", container_format=container)
    volume = {"volume": {"size": 1, "imageRef": image_id}}
    refused = cloud.post("/volume/v3/volumes", json=volume)
    assert refused.status_code == 400 and "container_format" in refused.text
    flavor = cloud.get("/compute/v2.1/flavors").json["flavors"]
    server = {"name": "one", "imageRef": image_id, "flavorRef": flavor[0]["id"] if flavor else "1", "networks": "none"}
    refused = cloud.post("/compute/v2.1/servers", json={"server": server}, version="2.96")
    assert refused.status_code == 400, refused.text


def test_who_may_send_what(cloud: Any) -> None:
    image_id = create(cloud, visibility="community").json["id"]
    assert send(cloud, image_id, RAW, as_=None).status_code == 401
    assert send(cloud, image_id, RAW, as_="reader").status_code == 403
    assert send(cloud, image_id, RAW, as_="other").status_code == 403
    assert send(cloud, "nothing", RAW).status_code == 404
    wrong = send(cloud, image_id, RAW, headers={"Content-Type": "application/json"})
    assert wrong.status_code == 415 and "octet-stream" in wrong.json["error"]["message"]
    formless = cloud.post(IMAGES, json={"name": "x"}).json["id"]
    refused = send(cloud, formless, RAW)
    assert refused.status_code == 400 and "disk_format" in refused.json["error"]["message"]
    assert status(cloud, image_id) == "queued"


def test_an_empty_image(cloud: Any) -> None:
    image_id = create(cloud).json["id"]
    assert send(cloud, image_id, b"").status_code == 204
    assert cloud.get(f"{IMAGES}/{image_id}").json["size"] == 0


def test_stage_and_import(cloud: Any) -> None:
    image_id = create(cloud, disk_format="qcow2").json["id"]
    direct = {"method": {"name": "glance-direct"}}
    path = f"{IMAGES}/{image_id}/import"
    assert cloud.post(path, json=direct).status_code == 409
    assert send(cloud, image_id, RAW, what="stage").status_code == 400
    assert send(cloud, image_id, qcow2(), what="stage").status_code == 204
    assert status(cloud, image_id) == "uploading"
    assert cloud.get(f"{IMAGES}/{image_id}/file").status_code == 204
    assert cloud.audit() == []
    odd = cloud.post(path, json={"method": {"name": "by-mail"}})
    assert odd.status_code == 400 and "glance-direct" in odd.json["error"]["message"]
    assert cloud.post(path, json=direct).status_code == 202
    assert status(cloud, image_id) == "active"
    assert cloud.audit() == []


def test_delete_takes_the_bytes(cloud: Any) -> None:
    image_id = ready(cloud)
    assert cloud.delete(f"{IMAGES}/{image_id}").status_code == 204
    assert cloud.get(f"{IMAGES}/{image_id}").status_code == 404
    assert create(cloud, id=image_id).status_code == 409, "its bytes are still being removed"
    cloud.settle()
    assert lying(cloud) == [] and cloud.audit() == []
    assert create(cloud, id=image_id).status_code == 201


def test_protected(cloud: Any) -> None:
    image_id = ready(cloud, protected=True)
    refused = cloud.delete(f"{IMAGES}/{image_id}")
    assert refused.status_code == 403 and "protected" in refused.json["error"]["message"]
    assert lying(cloud) == [image_id]


class Meanwhile:
    """A body during which something else happens."""

    def __init__(self, cloud: Any, monkeypatch: Any, happens: Any) -> None:
        before = upload._pour

        async def pour(body: AsyncIterator[bytes], writer: Any) -> None:
            async def slowed() -> AsyncIterator[bytes]:
                async for chunk in body:
                    yield chunk
                await asyncio.to_thread(happens)

            await before(slowed(), writer)

        monkeypatch.setattr(upload, "_pour", pour)


def test_deleted_while_its_bytes_come(cloud: Any, monkeypatch: Any) -> None:
    image_id = create(cloud).json["id"]
    said = []

    def delete() -> None:
        said.append(status(cloud, image_id))
        said.append(cloud.delete(f"{IMAGES}/{image_id}").status_code)
        cloud.settle()

    Meanwhile(cloud, monkeypatch, delete)
    assert send(cloud, image_id, RAW).status_code == 410
    assert said == ["saving", 204]
    cloud.settle()
    assert lying(cloud) == [] and list(cloud.folder.images.iterdir()) == [] and cloud.audit() == []


def test_deleted_while_its_bytes_come_and_the_runner_is_late(cloud: Any, monkeypatch: Any) -> None:
    image_id = create(cloud).json["id"]
    Meanwhile(cloud, monkeypatch, lambda: cloud.delete(f"{IMAGES}/{image_id}"))
    assert send(cloud, image_id, RAW).status_code == 410
    assert lying(cloud) == []
    cloud.settle()
    assert cloud.audit() == []


def test_two_uploads_of_one_image(cloud: Any, monkeypatch: Any) -> None:
    image_id = create(cloud).json["id"]
    refused = []

    def another() -> None:
        with pytest.raises(WrongStatus) as error:
            begin(cloud, image_id)
        refused.append(error.value.status)

    Meanwhile(cloud, monkeypatch, another)
    assert send(cloud, image_id, RAW).status_code == 204
    assert refused == [409]
    assert cloud.get(f"{IMAGES}/{image_id}").json["size"] == len(RAW)


def test_the_disk_is_full(cloud: Any, monkeypatch: Any) -> None:
    import errno

    from kumoi.engines.images import files

    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    image_id = create(cloud).json["id"]
    monkeypatch.setattr(files.os, "write", full)
    refused = send(cloud, image_id, RAW)
    monkeypatch.undo()
    assert refused.status_code == 413 and "full" in refused.json["error"]["message"]
    assert status(cloud, image_id) == "queued" and list(cloud.folder.images.iterdir()) == []


def begin(cloud: Any, image_id: str) -> tuple[str, Any]:
    """The state that a killed receiver left."""
    from kumoi.services.image.data import logic
    from tests.cloud import CALLERS

    origin = {"request_id": "r", "user_id": "u", "project_id": "p"}
    begun = cloud.database.write(lambda tx: logic.begin(tx, CALLERS["member"], image_id, origin, staging=False))
    upload_id = str(begun.id)
    writer = cloud.engines[ImageStore].begin(image_id, "raw")
    writer.write(RAW)
    return upload_id, writer


def test_a_receiver_that_dies_leaves_a_queued_image(cloud: Any) -> None:
    time = VirtualClock()
    with clock.using(time):
        image_id = create(cloud).json["id"]
        begin(cloud, image_id)
        cloud.runner.run_one()
        assert status(cloud, image_id) == "saving" and cloud.audit() == [
            {"service": "kernel", "kind": "image.upload", "id": cloud.audit()[0]["id"], "problem": "running at receive"}
        ]
        time.advance(61)
        while cloud.runner.run_one():
            pass
        assert status(cloud, image_id) == "queued"
        assert cloud.audit() == [] and list(cloud.folder.images.iterdir()) == []
        assert send(cloud, image_id, RAW).status_code == 204


def test_a_receiver_that_wakes_up_too_late_can_change_nothing(cloud: Any) -> None:
    from kumoi.engines.images.interface import ImagesError
    from kumoi.services.image.data import logic

    time = VirtualClock()
    with clock.using(time):
        image_id = create(cloud).json["id"]
        upload_id, writer = begin(cloud, image_id)
        time.advance(61)
        while cloud.runner.run_one():
            pass
        assert send(cloud, image_id, b"second" * 999).status_code == 204
        assert cloud.database.write(lambda tx: logic.beat(tx, image_id, upload_id)) is False
        late = Stored(1, "x", "sha512", "x", 1, "raw")
        assert cloud.database.write(lambda tx: logic.finish(tx, image_id, upload_id, late, staging=False)) is False
        with pytest.raises(ImagesError):
            writer.finish()
        cloud.database.write(lambda tx: logic.give_up(tx, image_id, upload_id))
        assert status(cloud, image_id) == "active"
        assert cloud.engines[ImageStore].path(image_id).read_bytes() == b"second" * 999


def test_a_receiver_that_wakes_up_between_the_removal_and_its_writing_down_can_change_nothing(cloud: Any) -> None:
    from kumoi.kernel import runner
    from kumoi.services.image.data import logic

    class Killed(BaseException):
        """Stands for the death of the runner."""

    def die(moment: str, kind: str, step: str, direction: str) -> None:
        if (moment, kind, direction) == ("called", "image.upload", "backward"):
            raise Killed

    time = VirtualClock()
    with clock.using(time):
        image_id = create(cloud).json["id"]
        upload_id, writer = begin(cloud, image_id)
        stored = writer.finish()
        time.advance(61)
        before, runner.probe = runner.probe, die
        try:
            while True:
                cloud.runner.run_one()
        except Killed:
            pass
        finally:
            runner.probe = before
        assert cloud.database.write(lambda tx: logic.finish(tx, image_id, upload_id, stored, staging=False)) is False
        time.advance(61)
        while cloud.runner.run_one():
            pass
        assert status(cloud, image_id) == "queued" and cloud.audit() == []


def test_a_sign_of_life_keeps_an_upload(cloud: Any) -> None:
    from kumoi.services.image.data import logic

    time = VirtualClock()
    with clock.using(time):
        image_id = create(cloud).json["id"]
        upload_id, _ = begin(cloud, image_id)
        for _ in range(10):
            time.advance(30)
            assert cloud.database.write(lambda tx: logic.beat(tx, image_id, upload_id))
            while cloud.runner.run_one():
                pass
        assert status(cloud, image_id) == "saving"


def limit(cloud: Any, **values: int) -> None:
    for resource, value in values.items():
        cloud.database.write(partial(quotas.set_limit, service="image", resource=resource, project_id="", value=value))


@pytest.mark.parametrize(("what", "quota"), [("file", "image_size_total"), ("stage", "image_stage_total")])
def test_a_project_has_so_many_bytes(cloud: Any, what: str, quota: str) -> None:
    limit(cloud, **{quota: 2})
    for size, answer in ((2 << 20, 204), (1, 413)):
        image_id = create(cloud).json["id"]
        answered = send(cloud, image_id, b"\0" * size, what=what)
        assert answered.status_code == answer, answered.text
    assert "Quota exceeded" in answered.json["error"]["message"] and answered.json["error"]["code"] == 413
    assert status(cloud, image_id) == "queued" and len(lying(cloud)) == 1
    assert send(cloud, create(cloud, as_="other").json["id"], b"\0" * 100, as_="other", what=what).status_code == 204
    assert cloud.audit() == []


def test_bytes_without_a_promised_size_are_counted_as_they_come(cloud: Any) -> None:
    limit(cloud, image_size_total=1)
    image_id = create(cloud).json["id"]
    answered = send(cloud, image_id, bytes(3 << 20), headers={"Content-Length": ""})
    assert answered.status_code == 413 and lying(cloud) == [], answered.text
    assert status(cloud, image_id) == "queued"


def test_what_is_staged_needs_room_when_it_is_imported(cloud: Any) -> None:
    limit(cloud, image_size_total=0)
    image_id = create(cloud).json["id"]
    assert send(cloud, image_id, RAW, what="stage").status_code == 204
    imported = cloud.post(f"{IMAGES}/{image_id}/import", json={"method": {"name": "glance-direct"}})
    assert imported.status_code == 413 and status(cloud, image_id) == "uploading"


def test_a_project_has_so_many_uploads_at_once(cloud: Any) -> None:
    limit(cloud, image_count_uploading=0)
    refused = send(cloud, create(cloud).json["id"], RAW)
    assert refused.status_code == 413 and "image_count_uploading" in refused.json["error"]["message"]


def test_some_of_the_disk_stays_free(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "RESERVE", 1 << 60)
    image_id = create(cloud).json["id"]
    refused = send(cloud, image_id, RAW)
    assert refused.status_code == 413 and "full" in refused.json["error"]["message"]
    assert status(cloud, image_id) == "queued" and lying(cloud) == []


def test_a_body_that_comes_too_slowly_has_an_end(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "GRACE_SECONDS", 0.3)
    image_id = create(cloud).json["id"]
    app, sent = streams.asgi(cloud.api), []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.02)  # more often than any bound between two reads
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def note(event: dict[str, Any]) -> None:
        sent.append(event)

    path = f"{IMAGES}/{image_id}/file"
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "PUT",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "headers": [(b"host", b"cloud"), (b"x-auth-token", b"member"), (b"content-length", b"1000000")],
    }  # fmt: skip
    asyncio.run(asyncio.wait_for(app(scope, receive, note), PATIENCE))
    assert sent[0]["status"] == 408
    assert status(cloud, image_id) == "queued" and lying(cloud) == []


def test_bytes_without_an_image_are_swept(cloud: Any) -> None:
    from kumoi.kernel.reconcile import View
    from kumoi.services.image.images.reconcilers import leftovers

    kept = ready(cloud)
    orphan = "00000000-0000-4000-8000-000000000001"
    writer = cloud.engines[ImageStore].begin(orphan, "raw")
    writer.write(RAW)
    writer.finish()
    assert [d["id"] for d in cloud.audit()] == [orphan]
    leftovers.sweep(View(cloud.database, cloud.locate))
    cloud.settle()
    assert lying(cloud) == [kept] and cloud.audit() == []


def test_the_audit_sees_lost_bytes(cloud: Any) -> None:
    image_id = ready(cloud)
    cloud.engines[ImageStore].delete(image_id)
    (found,) = cloud.audit()
    assert found["id"] == image_id and "not in the image store" in found["problem"]


def test_unused_bases_are_dropped_but_those_of_images(cloud: Any) -> None:
    from kumoi.engines.hosts import Hosts
    from kumoi.kernel.fences import Fence
    from kumoi.kernel.reconcile import View
    from kumoi.services.image.images.reconcilers import bases

    kept, gone = ready(cloud), "00000000-0000-4000-8000-000000000002"
    volumes = cloud.engines[Hosts].volumes("host-1")
    for image_id in (kept, gone):
        volumes.prepare_base(Fence("server/x", 1), image_id, "raw")
    bases.sweep(View(cloud.database, cloud.locate))
    assert volumes.inventory().bases == [kept]


def test_the_base_goes_with_its_image_alone(cloud: Any) -> None:
    from kumoi.engines.hosts import Hosts
    from kumoi.kernel.fences import Fence

    kept, gone = ready(cloud), ready(cloud)
    volumes = cloud.engines[Hosts].volumes("host-1")
    for image_id in (kept, gone):
        volumes.prepare_base(Fence("server/x", 1), image_id, "raw")
    assert cloud.delete(f"{IMAGES}/{gone}").status_code == 204
    cloud.settle()
    assert volumes.inventory().bases == [kept]


def test_no_operation_is_left(cloud: Any) -> None:
    ready(cloud)
    assert cloud.database.read(operations.unfinished) == []


@pytest.mark.parametrize("what", ["file", "stage"])
def test_a_character_that_no_id_has_is_no_image(cloud: Any, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """PostgreSQL cannot process such a character."""
    monkeypatch.setattr(routes_of_streams, "receive", None)
    assert send(cloud, "%00", RAW, what=what).status_code == 404


@pytest.mark.parametrize("error", [OverflowError("too large"), DataError("SELECT 1", {}, ValueError("too large"))])
def test_a_value_that_does_not_fit_is_the_client_s(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def receive(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(routes_of_streams, "receive", receive)
    refused = send(cloud, create(cloud).json["id"], RAW)
    assert refused.status_code == 400 and "out of range" in refused.json["error"]["message"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha384"])
def test_the_digest_of_choice(cloud: Any, algorithm: str) -> None:
    """Images keep the digest that they have, and are compared with it when they move."""
    old = ready(cloud)
    receiving.hash_with(algorithm)
    try:
        new = ready(cloud)
        for image_id, name in ((old, "sha512"), (new, algorithm)):
            shown = cloud.get(f"{IMAGES}/{image_id}").json
            assert shown["os_hash_algo"] == name and shown["os_hash_value"] == hashlib.new(name, RAW).hexdigest()
            copied = {"method": {"name": "copy-image"}, "all_stores": True}
            assert cloud.post(f"{IMAGES}/{image_id}/import", as_="admin", json=copied).status_code == 202
            cloud.settle()
            assert cloud.get(f"{IMAGES}/{image_id}").json["stores"] == "files,objects"
    finally:
        receiving.hash_with("sha512")
    assert cloud.audit() == []

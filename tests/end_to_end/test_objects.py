"""The object store of a running cloud, by the stock client: through the front, the API's workers and the streams."""

import hashlib
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.clouds import Cloud, until

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"),
]
LARGE = bytes(range(256)) * 40_000


@pytest.fixture(scope="module")
def client(made_clouds: list[Cloud]) -> Iterator[Any]:
    cloud = Cloud(hypervisor="fake", network="fake")
    made_clouds.append(cloud)
    cloud.up()
    yield cloud.sdk().object_store
    assert cloud.audit() == []


def test_a_tree_goes_there_and_back(client: Any, tmp_path: Path) -> None:
    client.create_container("tree")
    bytes_of = {"few": b"few", "folder/none": b"", "folder/many": LARGE, "ü/ 100%+": b"odd"}
    for name, data in bytes_of.items():
        client.put(f"/tree/{name.replace('%', '%25')}", data=data, headers={"X-Object-Meta-Mtime": "1.5"})
    assert sorted(each.name for each in client.objects("tree")) == sorted(bytes_of)
    for name, data in bytes_of.items():
        got = client.get(f"/tree/{name.replace('%', '%25')}")
        assert got.content == data and got.headers["ETag"] == hashlib.md5(data).hexdigest()
        assert got.headers["X-Object-Meta-Mtime"] == "1.5" and got.headers["Accept-Ranges"] == "bytes"
    assert client.get_container_metadata("tree").count == 4
    folders = client.get("/tree?delimiter=/&format=json").json()
    assert [each.get("subdir", each.get("name")) for each in folders] == ["few", "folder/", "ü/"]


@pytest.mark.parametrize("metadata", ["mtime", "colour"])
def test_a_large_object_is_sent_whichever_way(client: Any, metadata: str) -> None:
    """The front sends the file, or the streams do where it could not keep a header."""
    client.create_container("large")
    client.put("/large/one", data=LARGE, headers={f"X-Object-Meta-{metadata}": "1.5"})
    got = client.get("/large/one", headers={"Range": "bytes=5-9"})
    assert (got.status_code, got.content) == (206, LARGE[5:10])
    assert got.headers["Content-Range"] == f"bytes 5-9/{len(LARGE)}"
    assert got.headers[f"X-Object-Meta-{metadata}"] == "1.5"
    for headers in ({"If-Match": "*"}, {"If-Match": got.headers["ETag"]}, {}):
        whole = client.get("/large/one", headers=headers)
        assert (whole.status_code, whole.content) == (200, LARGE)
        assert whole.headers["Content-Type"] == "application/octet-stream" and "X-Trans-Id" in whole.headers
    assert client.get("/large/one", headers={"If-None-Match": got.headers["ETag"]}).status_code == 304
    several = client.get("/large/one", headers={"Range": "bytes=0-1,5-6"})
    assert several.status_code == 206 and LARGE[5:7] in several.content
    beyond = client.get("/large/one", headers={"Range": f"bytes={len(LARGE)}-"})
    assert beyond.status_code == 416
    assert client.delete("/large/one").status_code == 204
    assert client.get("/large/one").status_code == 404


def test_an_upload_that_ends_half_way_leaves_the_old_object(client: Any) -> None:
    client.create_container("half")
    url = urlsplit(client.get_endpoint())
    for size in (3, len(LARGE)):
        old = LARGE[:size]
        assert client.put("/half/one", data=old).status_code == 201
        with socket.create_connection((url.hostname, url.port)) as connection:
            head = f"PUT {url.path}/half/one HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {client.get_token()}\r\n"
            connection.sendall(f"{head}Content-Length: {size + 1}\r\n\r\n".encode() + LARGE[1 : size + 1])
            time.sleep(0.3)
        time.sleep(0.3)
        assert client.get("/half/one").content == old


def test_who_may_not_is_told_so_as_swift_tells_it(client: Any) -> None:
    absent = client.get("/absent")
    assert absent.status_code == 404 and absent.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert absent.text.startswith("<html><h1>Not Found</h1>")
    client.create_container("large")
    assert client.put("/large/x", data=b"x", headers={"ETag": "0" * 32}).status_code == 422
    assert client.put("/large", headers={"X-Versions-Enabled": "perhaps"}).status_code == 400


def test_old_versions_are_sent_as_current_objects_are(client: Any) -> None:
    assert client.put("/versions", headers={"X-Versions-Enabled": "true"}).status_code == 201
    datas, ids = [LARGE, b"few", LARGE[1:]], []
    for data in datas:
        ids.append(client.put("/versions/one", data=data).headers["X-Object-Version-Id"])
    for id, data in zip(ids, datas, strict=True):
        got = client.get(f"/versions/one?version-id={id}")
        assert got.content == data and got.headers["X-Object-Version-Id"] == id
    assert client.get("/versions/one", headers={"Range": "bytes=0-4"}).headers["X-Object-Version-Id"] == ids[2]
    gone = client.delete("/versions/one").headers["X-Object-Version-Id"]
    assert client.get("/versions/one").status_code == 404
    listed = client.get("/versions?versions&format=json").json()
    assert [each["version_id"] for each in listed] == [gone, *reversed(ids)]
    assert client.put(f"/versions/one?version-id={ids[0]}", data=b"").status_code == 201
    assert client.get("/versions/one").content == LARGE and client.delete("/versions").status_code == 409
    for id in (gone, *ids):
        assert client.delete(f"/versions/one?version-id={id}").status_code == 204
    assert client.delete("/versions").status_code == 204


@pytest.mark.parametrize("data", [b"few" * 400, LARGE])
def test_an_image_in_objects(client: Any, made_clouds: list[Cloud], data: bytes) -> None:
    """Sent, sent back by the front or with the API's answer, and a volume starts from it."""
    sdk = made_clouds[-1].sdk()
    assert [each["id"] for each in sdk.image.get("/info/stores").json()["stores"]] == ["files", "objects"]
    image = sdk.image.create_image(name="stored", disk_format="raw", container_format="bare")
    sent = sdk.image.put(
        f"/images/{image.id}/file", data=data,
        headers={"Content-Type": "application/octet-stream", "X-Image-Meta-Store": "objects"},
    )  # fmt: skip
    assert sent.status_code == 204, sent.text
    shown = sdk.image.get(f"/images/{image.id}").json()
    assert (shown["status"], shown["stores"], shown["size"]) == ("active", "objects", len(data))
    got = sdk.image.get(f"/images/{image.id}/file")
    assert got.content == data and got.headers["Content-MD5"] == hashlib.md5(data).hexdigest()
    assert sdk.image.download_image(image.id).content == data
    volume = sdk.block_storage.create_volume(name="from-objects", size=1, image_id=image.id)
    sdk.block_storage.wait_for_status(volume, "available", wait=60)
    sdk.block_storage.delete_volume(volume.id)
    sdk.block_storage.wait_for_delete(volume, wait=60)
    staged = sdk.image.create_image(
        name="imported", data=data, use_import=True, stores=["objects"], disk_format="raw", container_format="bare"
    )
    until("the import", lambda: sdk.image.get_image(staged.id).status == "active")
    assert sdk.image.get(f"/images/{staged.id}").json()["stores"] == "objects"
    for id in (image.id, staged.id):
        sdk.image.delete_image(id)


def test_a_process_that_dies_in_an_upload_leaves_the_old_object(client: Any, made_clouds: list[Cloud]) -> None:
    cloud = made_clouds[-1]
    client.create_container("half")
    url = urlsplit(client.get_endpoint())
    head = f"PUT {url.path}/half/one HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {client.get_token()}\r\n"
    assert client.put("/half/one", data=LARGE).status_code == 201
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(f"{head}Content-Length: {2 * len(LARGE)}\r\n\r\n".encode() + LARGE[1:])
        until("bytes that arrive", lambda: list((cloud.data / "objects" / "incoming").iterdir()))
        cloud.kill("streams")
    assert client.get("/half/one").content == LARGE
    until("the next upload", lambda: client.put("/half/two", data=b"few").status_code == 201)
    cloud.kill("runner")
    # The sweep of a runner that starts removes what was cut off.
    until("nothing left over", lambda: not list((cloud.data / "objects" / "incoming").iterdir()))

"""Imports from another image service of the catalogue."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kumoi import app
from kumoi.engines.images.interface import ImageStore
from tests.services.image.sending import IMAGES, RAW, create, qcow2
from tests.services.image.website import Website

THEIRS = "6d4ee0b4-0000-4000-8000-000000000001"
OTHER = {
    "id": THEIRS, "status": "active", "size": len(qcow2()), "disk_format": "qcow2", "container_format": "bare",
    "hw_cpu_cores": "5", "trait:FAST": "required", "os_distro": "debian", "speed": "88", "name": "theirs", "tags": [],
    "checksum": None,
}  # fmt: skip


@pytest.fixture
def site(cloud: Any) -> Iterator[Website]:
    """The other service, in the region `far`. It is inside, and no setting allows it."""
    made = Website()
    cloud.database.write(lambda tx: app.begin_services(tx, cloud.settings, {}))
    listed = cloud.get("/identity/v3/services?type=image", as_="admin").json["services"]
    cloud.post("/identity/v3/regions", as_="admin", json={"region": {"id": "far"}})
    endpoint = {"service_id": listed[0]["id"], "interface": "public", "region_id": "far",
                "url": f"http://127.0.0.1:{made.port}/image/v2"}  # fmt: skip
    added = cloud.post("/identity/v3/endpoints", as_="admin", json={"endpoint": endpoint})
    assert added.status_code == 201, added.text
    yield made
    made.close()


def serve(site: Website, data: bytes = qcow2(), **more: Any) -> None:
    site.put(f"/image/v2/images/{THEIRS}", json.dumps({**OTHER, **more}).encode())
    site.put(f"/image/v2/images/{THEIRS}/file", data)


def bring_in(cloud: Any, image_id: str, **more: Any) -> Any:
    method = {"name": "glance-download", "glance_image_id": THEIRS, "glance_region": "far", **more}
    return cloud.post(f"{IMAGES}/{image_id}/import", json={"method": method})


def task(cloud: Any, image_id: str) -> Any:
    return cloud.get(f"{IMAGES}/{image_id}/tasks").json["tasks"][0]


def test_an_image_comes_with_its_properties(cloud: Any, site: Website) -> None:
    serve(site)
    assert create(cloud, **{"trait:FAST": "no", "os_distro": "none"}).status_code == 201, "names that clients send"
    image_id = create(cloud, container_format="ovf", disk_format="iso", hw_cpu_cores="1", mine="yes").json["id"]
    assert bring_in(cloud, image_id).status_code == 202
    cloud.settle(60.0)
    image = cloud.get(f"{IMAGES}/{image_id}").json
    assert (image["status"], image["disk_format"], image["container_format"]) == ("active", "qcow2", "bare")
    assert cloud.engines[ImageStore].open(image_id).read() == qcow2()
    assert (image["hw_cpu_cores"], image["trait:FAST"], image["os_distro"], image["mine"]) == (
        "5", "required", "debian", "yes",
    )  # fmt: skip
    assert "speed" not in image and image["name"] == "one"
    assert [(path.rpartition("/")[2], headers["x-auth-token"]) for path, headers in site.asked] == [
        (THEIRS, "member"), ("file", "member"),
    ]  # fmt: skip
    assert task(cloud, image_id)["input"]["import_req"]["method"]["glance_region"] == "far"
    assert '"member"' not in cloud.get(f"{IMAGES}/{image_id}/tasks").text and cloud.audit() == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"status": "queued"}, "the other image is queued"),
        ({"disk_format": "raw"}, "disk_format is raw"),
        ({"disk_format": None}, "does not describe an image"),
        ({"disk_format": "ploop"}, "no check exists"),
    ],
)
def test_what_is_not_taken(cloud: Any, site: Website, more: dict[str, Any], told: str) -> None:
    """The image keeps what it had."""
    serve(site, **more)
    image_id = create(cloud, hw_cpu_cores="1").json["id"]
    assert bring_in(cloud, image_id).status_code == 202
    cloud.settle(60.0)
    image = cloud.get(f"{IMAGES}/{image_id}").json
    assert (image["status"], image["disk_format"], image["hw_cpu_cores"]) == ("queued", "raw", "1")
    assert task(cloud, image_id)["status"] == "failure" and told in task(cloud, image_id)["message"]
    assert list(cloud.folder.images.iterdir()) == [] and cloud.audit() == []


def test_the_token_goes_nowhere_else(cloud: Any, site: Website) -> None:
    """A service that redirects, and one that is not in the catalogue, get nothing."""
    thief = Website()
    serve(site)
    moved = {"status": 302, "Location": thief.put("/x", RAW)}
    site.put(f"/image/v2/images/{THEIRS}/file", b"", **moved)
    image_id = create(cloud).json["id"]
    for more in ({}, {"glance_region": "nowhere"}, {"glance_service_interface": "admin"}):
        assert bring_in(cloud, image_id, **more).status_code == 202
        cloud.settle(60.0)
        assert task(cloud, image_id)["status"] == "failure"
    assert thief.asked == []
    thief.close()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"glance_image_id": "foo"}, "image id does not look like a UUID"),
        ({"glance_image_id": None}, "'glance_image_id' needs to be set"),
        ({"glance_region": None}, "'glance_region' needs to be set"),
    ],
)
def test_what_must_be_said(cloud: Any, more: dict[str, Any], told: str) -> None:
    refused = bring_in(cloud, create(cloud).json["id"], **more)
    assert refused.status_code == 400 and told in refused.text

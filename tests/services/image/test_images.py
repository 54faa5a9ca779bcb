"""Images through the API: attributes, visibility, lists."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kumoi.engines.images.interface import ImageStore
from kumoi.kernel import quotas
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.image.sending import IMAGES, RAW, create, patch, ready, send


def names(cloud: Any, query: str = "", as_: str = "member") -> list[str]:
    body = cloud.get(f"{IMAGES}{query}", as_=as_)
    assert body.status_code == 200, body.text
    return [image["name"] for image in body.json["images"]]


def test_create_and_show(cloud: Any) -> None:
    made = create(cloud, hw_disk_bus="virtio", tags=["a", "b", "a"], min_disk=3)
    assert made.status_code == 201
    image = made.json
    assert made.headers["location"].endswith(f"/image/v2/images/{image['id']}")
    assert made.headers["openstack-image-import-methods"] == "glance-direct,web-download,copy-image,glance-download"
    assert image["status"] == "queued" and image["visibility"] == "shared" and image["owner"] == PROJECT
    assert image["hw_disk_bus"] == "virtio" and image["tags"] == ["a", "b"] and image["min_disk"] == 3
    assert image["file"] == f"/v2/images/{image['id']}/file" and image["size"] is None
    assert "locations" not in image and "direct_url" not in image
    assert cloud.get(f"{IMAGES}/{image['id']}").json == image
    gone = cloud.get(f"{IMAGES}/nonsense")
    assert gone.status_code == 404
    assert gone.json == {"error": {"code": 404, "message": "No image found with ID nonsense", "title": "Not Found"}}


def test_an_id_of_the_clients_own(cloud: Any) -> None:
    own = "12345678-1234-4234-8234-123456789abc"
    assert create(cloud, id=own).json["id"] == own
    assert create(cloud, id=own).status_code == 409
    assert create(cloud, id="../../etc/passwd").status_code == 400


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("name", "x" * 256, 400), ("min_disk", -1, 400), ("min_ram", "many", 400), ("disk_format", "zip", 400),
        ("visibility", "mine", 400), ("protected", "yes", 400), ("tags", "a", 400), ("tags", ["x" * 256], 400),
        ("status", "active", 403), ("size", 5, 403), ("checksum", "x", 403), ("locations", [], 403),
        ("os_glance_x", "1", 403), ("hw_something", 5, 400), ("hw_something", None, 400),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(cloud: Any, field: str, value: Any, status: int) -> None:
    refused = create(cloud, **{field: value})
    assert refused.status_code == status and field in refused.json["error"]["message"]
    assert names(cloud) == []


@pytest.mark.parametrize("name", ["properties", "metadata", "members", "is_public"])
def test_a_property_of_any_other_name(cloud: Any, name: str) -> None:
    made = create(cloud, **{name: "kept"})
    assert made.status_code == 201, made.text
    assert cloud.get(f"{IMAGES}/{made.json['id']}").json[name] == "kept"
    assert cloud.get(IMAGES, params={name: "kept"}).json["images"][0]["id"] == made.json["id"]


def test_an_image_without_kernel(cloud: Any) -> None:
    made = create(cloud, kernel_id=None, ramdisk_id=None)
    assert made.status_code == 201, made.text
    own = create(cloud, kernel_id=made.json["id"])
    assert own.json["kernel_id"] == made.json["id"]
    change = {"op": "replace", "path": "/kernel_id", "value": None}
    assert "kernel_id" not in patch(cloud, own.json["id"], change).json


def test_too_many_properties(cloud: Any) -> None:
    assert create(cloud, **{f"p{n}": "x" for n in range(129)}).status_code == 413


def test_patch(cloud: Any) -> None:
    image_id = create(cloud, a="1").json["id"]
    changed = patch(
        cloud, image_id,
        {"op": "replace", "path": "/name", "value": "new"}, {"op": "add", "path": "/b~1c", "value": "2"},
        {"op": "remove", "path": "/a"}, {"op": "replace", "path": "/tags", "value": ["t"]},
        {"op": "replace", "path": "/min_ram", "value": 64}, {"op": "replace", "path": "/protected", "value": True},
    )  # fmt: skip
    assert changed.status_code == 200, changed.text
    image = changed.json
    assert (image["name"], image["b/c"], image["tags"], image["min_ram"]) == ("new", "2", ["t"], 64)
    assert "a" not in image and image["protected"] is True
    assert cloud.get(f"{IMAGES}/{image_id}").json == image


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"op": "replace", "path": "/none", "value": "x"}, 409),
        ({"op": "remove", "path": "/none"}, 409),
        ({"op": "remove", "path": "/visibility"}, 403),
        ({"op": "replace", "path": "/status", "value": "active"}, 403),
        ({"op": "replace", "path": "/id", "value": "x"}, 403),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
        ({"op": "replace", "path": "/owner", "value": OTHER_PROJECT}, 403),
        ({"op": "replace", "path": "/min_ram", "value": "x"}, 400),
        ({"op": "replace", "path": "name", "value": "x"}, 400),
        ({"op": "replace", "path": "/a/b", "value": "x"}, 400),
        ({"op": "replace", "path": "/a~2", "value": "x"}, 400),
        ({"op": "move", "path": "/name", "value": "x"}, 400),
        ({"op": "replace", "path": "/name"}, 400),
    ],
)
def test_patches_that_are_refused_change_nothing(cloud: Any, change: dict[str, Any], status: int) -> None:
    image_id = create(cloud).json["id"]
    first = {"op": "replace", "path": "/name", "value": "changed"}
    assert patch(cloud, image_id, first, change).status_code == status
    assert cloud.get(f"{IMAGES}/{image_id}").json["name"] == "one"


def test_patches_of_other_kinds(cloud: Any) -> None:
    image_id = create(cloud).json["id"]
    refused = patch(cloud, image_id, kind="application/json")
    assert refused.status_code == 415 and "json-patch" in refused.headers["accept-patch"]
    old = patch(
        cloud,
        image_id,
        {"replace": "/name", "value": "o"},
        kind=f"{IMAGES and 'application/openstack-images-v2.0-json-patch'}",
    )
    assert old.json["name"] == "o"
    not_json = cloud.patch(
        f"{IMAGES}/{image_id}", body="{", headers={"Content-Type": "application/openstack-images-v2.1-json-patch"}
    )
    assert not_json.status_code == 400


def test_formats_are_fixed_once_there_are_bytes(cloud: Any) -> None:
    image_id = ready(cloud)
    assert patch(cloud, image_id, {"op": "replace", "path": "/disk_format", "value": "qcow2"}).status_code == 403
    assert patch(cloud, image_id, {"op": "replace", "path": "/disk_format", "value": "raw"}).status_code == 200


def test_who_sees_what(cloud: Any) -> None:
    ids = {
        kind: create(cloud, as_="admin", name=kind, visibility=kind).json["id"]
        for kind in ("public", "private", "shared", "community")
    }
    assert sorted(names(cloud, as_="other")) == ["public"]
    assert names(cloud, "?visibility=community", as_="other") == ["community"]
    assert sorted(names(cloud, "?visibility=all", as_="other")) == ["community", "public"]
    assert sorted(names(cloud)) == ["community", "private", "public", "shared"]
    seen = {kind: cloud.get(f"{IMAGES}/{ids[kind]}", as_="other").status_code for kind in ids}
    assert seen == {"public": 200, "private": 404, "shared": 404, "community": 200}
    assert create(cloud, visibility="public").status_code == 403
    assert create(cloud, owner=OTHER_PROJECT).status_code == 403
    assert create(cloud, as_="admin", owner=OTHER_PROJECT).json["owner"] == OTHER_PROJECT
    assert patch(cloud, ids["public"], {"op": "replace", "path": "/name", "value": "x"}, as_="other").status_code == 403
    assert cloud.delete(f"{IMAGES}/{ids['public']}", as_="other").status_code == 403
    assert cloud.delete(f"{IMAGES}/{ids['private']}", as_="other").status_code == 404
    assert cloud.post(IMAGES, as_="reader", json={}).status_code == 403
    assert cloud.get(IMAGES, as_=None).status_code == 401


def test_sharing(cloud: Any) -> None:
    image_id = create(cloud, name="mine").json["id"]
    path = f"{IMAGES}/{image_id}/members"
    added = cloud.post(path, json={"member": OTHER_PROJECT})
    assert added.status_code == 200 and added.json["status"] == "pending"
    assert cloud.post(path, json={"member": OTHER_PROJECT}).status_code == 409
    assert cloud.get(f"{IMAGES}/{image_id}", as_="other").status_code == 200
    assert names(cloud, as_="other") == []
    assert names(cloud, "?member_status=pending&visibility=shared", as_="other") == ["mine"]
    assert cloud.put(f"{path}/{OTHER_PROJECT}", json={"status": "accepted"}).status_code == 403
    assert cloud.put(f"{path}/{OTHER_PROJECT}", as_="other", json={"status": "maybe"}).status_code == 400
    assert cloud.put(f"{path}/{OTHER_PROJECT}", as_="other", json={"status": "accepted"}).json["status"] == "accepted"
    assert names(cloud, as_="other") == ["mine"] == names(cloud, "?visibility=shared", as_="other")
    assert [m["member_id"] for m in cloud.get(path).json["members"]] == [OTHER_PROJECT]
    assert cloud.get(f"{path}/{OTHER_PROJECT}", as_="other").status_code == 200
    assert cloud.get(f"{path}/nobody").status_code == 404
    assert cloud.post(path, as_="other", json={"member": "x"}).status_code == 403
    assert cloud.delete(f"{path}/{OTHER_PROJECT}", as_="other").status_code == 403
    assert cloud.delete(f"{path}/{OTHER_PROJECT}").status_code == 204
    assert cloud.delete(f"{path}/{OTHER_PROJECT}").status_code == 404
    assert cloud.get(f"{IMAGES}/{image_id}", as_="other").status_code == 404
    private = create(cloud, visibility="private").json["id"]
    assert cloud.post(f"{IMAGES}/{private}/members", json={"member": "x"}).status_code == 403


def test_members_of_an_image_that_is_private_again(cloud: Any) -> None:
    image_id = create(cloud, name="mine").json["id"]
    path = f"{IMAGES}/{image_id}/members"
    cloud.post(path, json={"member": OTHER_PROJECT})
    cloud.put(f"{path}/{OTHER_PROJECT}", as_="other", json={"status": "accepted"})
    assert names(cloud, as_="other") == ["mine"]
    patch(cloud, image_id, {"op": "replace", "path": "/visibility", "value": "private"})
    assert names(cloud, as_="other") == [] == names(cloud, "?visibility=all", as_="other")
    assert cloud.get(f"{IMAGES}/{image_id}", as_="other").status_code == 404


def test_tags(cloud: Any) -> None:
    image_id = create(cloud, name="t").json["id"]
    for tag in ("a", "b", "a"):
        assert cloud.put(f"{IMAGES}/{image_id}/tags/{tag}").status_code == 204
    assert names(cloud, "?tag=a&tag=b") == ["t"] and names(cloud, "?tag=a&tag=c") == []
    assert cloud.delete(f"{IMAGES}/{image_id}/tags/a").status_code == 204
    assert cloud.delete(f"{IMAGES}/{image_id}/tags/a").status_code == 404
    assert cloud.put(f"{IMAGES}/{image_id}/tags/{'x' * 256}").status_code == 400


def test_filters(cloud: Any) -> None:
    create(cloud, name="a", hw_x="1", min_disk=1, disk_format="qcow2")
    create(cloud, name="b", os_hidden=True)
    create(cloud, name="c,d", protected=True)
    ready(cloud, name="e", data=RAW)
    found = {
        "?name=a": ["a"], "?name=in:a,e": ["a", "e"], '?name=in:a,"c,d"': ["a", "c,d"], "?name=neq:a": ["c,d", "e"],
        "?os_hidden=true": ["b"], "?protected=true": ["c,d"], "?status=active": ["e"], "?status=in:active": ["e"],
        f"?size_min={len(RAW)}": ["e"], f"?size_max={len(RAW) - 1}": [], "?hw_x=1": ["a"], "?hw_x=2": [],
        "?disk_format=qcow2": ["a"], f"?owner={PROJECT}": ["a", "c,d", "e"], "?owner=x": [],
        "?created_at=gt:2000-01-01T00:00:00Z": ["a", "c,d", "e"], "?created_at=lt:2000-01-01T00:00:00Z": [],
        "?container_format=bare&name=a": ["a"], "?min_disk=1": ["a"],
    }  # fmt: skip
    assert {query: sorted(names(cloud, query)) for query in found} == found
    for wrong in (
        '?name=in:"a', "?size_min=x", "?created_at=gt:soon", "?visibility=mine", "?os_hidden=perhaps", "?limit=-1",
        "?sort_key=nonsense", "?sort=name:up", "?sort=name&sort_key=id", "?marker=nobody", "?member_status=x",
    ):  # fmt: skip
        assert cloud.get(f"{IMAGES}{wrong}").status_code == 400, wrong


def test_order_and_pages(cloud: Any) -> None:
    for name in ("b", "a", "d", "c"):
        create(cloud, name=name)
    create(cloud, name=None)
    assert names(cloud, "?sort=name:asc") == [None, "a", "b", "c", "d"]
    assert names(cloud, "?sort_key=name&sort_dir=desc") == ["d", "c", "b", "a", None]
    assert names(cloud) == [None, "c", "d", "a", "b"]
    seen: list[Any] = []
    path = "/v2/images?sort=name:asc&limit=2"
    while path:
        body = cloud.get(f"/image{path}").json
        assert body["first"] == "/v2/images?sort=name:asc&limit=2"
        seen += [image["name"] for image in body["images"]]
        path = body.get("next")
    assert seen == [None, "a", "b", "c", "d"]
    assert names(cloud, "?limit=0") == []


def test_deactivation(cloud: Any) -> None:
    image_id = ready(cloud)
    path = f"{IMAGES}/{image_id}"
    assert cloud.post(f"{path}/actions/deactivate", as_="other").status_code == 404
    for _ in range(2):
        assert cloud.post(f"{path}/actions/deactivate").status_code == 204
    assert cloud.get(path).json["status"] == "deactivated"
    assert cloud.get(f"{path}/file").status_code == 403
    assert cloud.get(f"{path}/file", as_="admin").headers["x-accel-redirect"] == f"/_images/{image_id}"
    assert cloud.post(f"{path}/actions/reactivate", as_="admin").status_code == 204
    assert cloud.get(path).json["status"] == "active"
    queued = create(cloud).json["id"]
    assert cloud.post(f"{IMAGES}/{queued}/actions/deactivate", as_="admin").status_code == 403


def test_what_the_service_says_of_itself(cloud: Any) -> None:
    versions = cloud.get("/image", as_=None)
    assert versions.status_code == 300 and versions.json["versions"][0]["status"] == "CURRENT"
    assert versions.json["versions"][0]["links"][0]["href"].endswith("/image/v2/")
    assert cloud.get("/image/versions", as_=None).status_code == 200
    assert cloud.get("/image/healthcheck", as_=None).text == "OK"
    assert cloud.get("/image/v2/info/import").json["import-methods"]["value"] == [
        "glance-direct",
        "web-download",
        "copy-image",
        "glance-download",
    ]
    assert cloud.get("/image/v2/info/stores").json["stores"][0]["default"] == "true"
    assert "qcow2" in cloud.get("/image/v2/schemas/image").json["properties"]["disk_format"]["enum"]
    for name in ("images", "member", "members"):
        assert cloud.get(f"/image/v2/schemas/{name}").json["name"] == name


def test_other_services_see_what_the_caller_may(cloud: Any) -> None:
    from kumoi.kernel.errors import NotFound
    from kumoi.services.image import facade
    from tests.cloud import CALLERS

    image_id = ready(cloud, hw_x="1")
    image = cloud.database.read(lambda tx: facade.usable(tx, CALLERS["member"], image_id))
    assert image.status == "active" and image.properties == {"hw_x": "1"} and image.size == len(RAW)
    with pytest.raises(NotFound):
        cloud.database.read(lambda tx: facade.usable(tx, CALLERS["other"], image_id))
    assert list(cloud.database.read(lambda tx: facade.by_ids(tx, [image_id, "x"]))) == [image_id]
    assert cloud.database.read(facade.active_ids) == [image_id]


@pytest.mark.parametrize("path", ["/locations", "/locations/-", "/locations/0"])
def test_locations_are_nobodys_to_change(cloud: Any, path: str) -> None:
    image_id = create(cloud).json["id"]
    value = {"url": "http://example.org/x", "metadata": {}}
    refused = patch(cloud, image_id, {"op": "add", "path": path, "value": value}, as_="admin")
    assert refused.status_code == 403 and "locations" in refused.text


def test_readers_look_only(cloud: Any) -> None:
    """They learn that an image is there only if they may see it."""
    mine, theirs = ready(cloud), ready(cloud, as_="other")
    for image_id, status in ((mine, 403), (theirs, 404)):
        path = f"{IMAGES}/{image_id}"
        assert cloud.get(path, as_="reader").status_code == (200 if status == 403 else 404)
        for method, below, sent in (
            ("GET", "/file", None), ("DELETE", "", None), ("POST", "/actions/deactivate", {}), ("PUT", "/tags/one", {}),
            ("POST", "/members", {"member": "x"}), ("PUT", f"/members/{PROJECT}", {"status": "accepted"}),
            ("DELETE", "/members/x", None), ("POST", "/import", {"method": {"name": "glance-direct"}}),
            ("POST", "/import", {"method": {"name": "by-mail"}}),
        ):  # fmt: skip
            answered = cloud.call(method, path + below, as_="reader", json=sent)
            assert answered.status_code == status, f"{method} {below}: {answered.text}"
        assert patch(cloud, image_id, {"op": "add", "path": "/x", "value": "y"}, as_="reader").status_code == status
        assert send(cloud, image_id, RAW, as_="reader").status_code == status
    assert create(cloud, as_="reader").status_code == 403


def test_usage_and_limits(cloud: Any) -> None:
    image_id = ready(cloud)
    create(cloud)
    usage = cloud.get("/image/v2/info/usage").json["usage"]
    assert usage["image_count_total"] == {"usage": 2, "limit": 100}
    assert usage["image_size_total"] == {"usage": 1, "limit": 200 << 10}
    assert usage["image_stage_total"]["usage"] == usage["image_count_uploading"]["usage"] == 0
    assert cloud.get("/image/v2/info/usage", as_="other").json["usage"]["image_count_total"]["usage"] == 0
    cloud.delete(f"{IMAGES}/{image_id}")
    assert cloud.get("/image/v2/info/usage").json["usage"]["image_size_total"]["usage"] == 0


def test_admins_read_where_stores_are(cloud: Any) -> None:
    files, objects = cloud.get("/image/v2/info/stores/detail", as_="admin").json["stores"]
    assert (files["type"], files["default"], files["properties"]["data_dir"]) == (
        "file",
        "true",
        str(cloud.folder.images),
    )
    assert (objects["type"], objects["properties"]["container"]) == ("swift", "images")
    assert cloud.get("/image/v2/info/stores/detail").status_code == 403


def test_deletions_are_answered_at_once(cloud: Any) -> None:
    """Each frees its bytes later, and waits for no other."""
    cloud.database.write(lambda tx: quotas.set_limit(tx, "image", "image_count_total", quotas.EVERYBODY, -1))
    kept, gone = ready(cloud), [ready(cloud, RAW[:64]) for _ in range(40)]
    for image_id in gone:
        assert cloud.delete(f"{IMAGES}/{image_id}").status_code == 204
    assert [image["id"] for image in cloud.get(IMAGES).json["images"]] == [kept]
    assert sorted(cloud.engines[ImageStore].inventory()) == sorted([kept, *gone]), "no request waited for the disk"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cloud.runner.run_until_quiet(60.0), range(8)))
    assert cloud.engines[ImageStore].inventory() == [kept] and cloud.audit() == []


def test_errors_are_as_clients_read_them(cloud: Any) -> None:
    """glanceclient reads the `message` of each value in an error's JSON."""
    for refused in (cloud.get("/image/v2/nothing"), create(cloud, status="active"), cloud.get(IMAGES, as_=None)):
        assert refused.status_code in (401, 403, 404)
        assert all(value.get("message") for value in refused.json.values())

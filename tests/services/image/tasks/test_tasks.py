"""Tasks: what fills images, as the image API shows it."""

from collections.abc import Iterator
from typing import Any

import pytest

from kumoi.kernel.settings import Settings
from tests.services.image.sending import IMAGES, RAW, create, patch, send
from tests.services.image.website import Website

PATH = "/image/v2/tasks"


@pytest.fixture
def site(cloud: Any) -> Iterator[Website]:
    made = Website()
    for settings in (cloud.settings, cloud.locate(Settings)):
        settings.web_download_hosts, settings.web_download_ports = "127.0.0.1", f"{made.port}, 80"
    yield made
    made.close()


def imported(cloud: Any, **more: Any) -> tuple[str, Any]:
    """The id of an image whose bytes were staged, and the answer to its import."""
    image_id = str(create(cloud).json["id"])
    assert send(cloud, image_id, RAW, what="stage").status_code == 204
    return image_id, cloud.post(f"{IMAGES}/{image_id}/import", json={"method": {"name": "glance-direct"}, **more})


def test_an_import_is_a_task(cloud: Any) -> None:
    image_id, answered = imported(cloud)
    (task,) = cloud.get(f"{IMAGES}/{image_id}/tasks").json["tasks"]
    assert (task["status"], task["type"], task["result"]) == ("success", "api_image_import", {"image_id": image_id})
    assert task["request_id"] == answered.headers["x-openstack-request-id"] and task["image_id"] == image_id
    assert task["input"] == {
        "image_id": image_id,
        "backend": ["files"],
        "import_req": {"method": {"name": "glance-direct"}, "stores": ["files"], "all_stores_must_succeed": True},
    }
    assert cloud.get(f"{PATH}/{task['id']}", as_="admin").json == task
    assert "expires_at" in task and task["self"] == f"/v2/tasks/{task['id']}"
    assert cloud.get(f"{PATH}/{task['id']}").status_code == 403
    assert cloud.get(f"{IMAGES}/{image_id}/tasks", as_="other").status_code == 404


def test_a_task_goes_its_way(cloud: Any) -> None:
    image_id, _ = imported(cloud, all_stores=True)
    (task,) = cloud.get(f"{IMAGES}/{image_id}/tasks").json["tasks"]
    assert (task["status"], task["result"], "expires_at" in task) == ("processing", None, False)
    cloud.settle()
    (task,) = cloud.get(f"{IMAGES}/{image_id}/tasks").json["tasks"]
    assert task["status"] == "success" and task["input"]["import_req"]["all_stores"] is True


def test_a_task_makes_an_image(cloud: Any, site: Website) -> None:
    uri = site.put("/one", RAW).replace("http://", "http://ann:secret@")
    given = {"import_from": uri, "import_from_format": "raw", "image_properties": {"name": "one", "color": "red"}}
    made = cloud.post(PATH, as_="admin", json={"type": "import", "input": given})
    assert made.status_code == 201, made.text
    assert made.json["type"] == "import" and "secret" not in made.text
    assert made.json["input"]["image_properties"] == given["image_properties"]
    cloud.settle(60.0)
    task = cloud.get(f"{PATH}/{made.json['id']}", as_="admin").json
    assert task["status"] == "success"
    image = cloud.get(f"{IMAGES}/{task['result']['image_id']}", as_="admin").json
    assert (image["status"], image["name"], image["color"], image["size"]) == ("active", "one", "red", len(RAW))
    assert (image["disk_format"], image["container_format"]) == ("raw", "bare")


def test_a_task_that_fails_says_why(cloud: Any, site: Website) -> None:
    given = {
        "import_from": f"http://127.0.0.1:{site.port}/nothing",
        "import_from_format": "raw",
        "image_properties": {},
    }
    made = cloud.post(PATH, as_="admin", json={"type": "import", "input": given}).json
    cloud.settle(60.0)
    task = cloud.get(f"{PATH}/{made['id']}", as_="admin").json
    assert task["status"] == "failure" and "status 404" in task["message"] and task["result"] is None


@pytest.mark.parametrize(
    "body",
    [
        {}, {"type": "import"}, {"type": "export", "input": {}},
        {"type": "import", "input": {"import_from": "file:///etc/shadow", "image_properties": {}}},
        {"type": "import", "input": {"import_from": "http://10.0.0.1/x", "image_properties": {}}},
        {"type": "import", "input": {"import_from": "http://example.org/x", "image_properties": {"disk_format": "x"}}},
    ],
)  # fmt: skip
def test_what_is_no_task_is_refused(cloud: Any, body: dict[str, Any]) -> None:
    assert cloud.post(PATH, as_="admin", json=body).status_code == 400
    assert cloud.post(PATH, json=body).status_code == 403
    assert cloud.get(PATH, as_="admin").json["tasks"] == [] and cloud.get(IMAGES, as_="admin").json["images"] == []


def test_lists_have_pages_and_filters(cloud: Any) -> None:
    ids = [imported(cloud)[0] for _ in range(3)]
    running, _ = imported(cloud, all_stores=True)
    first = cloud.get(f"{PATH}?limit=2&sort_dir=asc", as_="admin").json
    rest = cloud.get("/image" + first["next"], as_="admin").json
    every = [*first["tasks"], *rest["tasks"]]
    assert len(every) == 4 and all("input" not in task for task in every)
    of = {task["id"]: cloud.get(f"{PATH}/{task['id']}", as_="admin").json["image_id"] for task in every}
    assert list(of.values()) == [*ids, running]
    (task,) = cloud.get(f"{PATH}?status=processing", as_="admin").json["tasks"]
    assert of[task["id"]] == running
    for wrong in ("?status=x", "?limit=-1", "?sort_dir=up", "?marker=nothing", "?type=export"):
        assert cloud.get(f"{PATH}{wrong}", as_="admin").status_code == 400
    assert cloud.get(f"{PATH}/nothing", as_="admin").status_code == 404
    assert cloud.delete(f"{PATH}/{task['id']}", as_="admin").status_code == 405
    assert cloud.get(PATH).status_code == 403


def test_other_work_is_no_task(cloud: Any) -> None:
    image_id, _ = imported(cloud)
    cloud.delete(f"{IMAGES}/{image_id}")
    cloud.settle()
    (task,) = cloud.get(PATH, as_="admin").json["tasks"]
    deletion = cloud.get(f"/kumoi/v1/events?resource=image/{image_id}", as_="admin")
    assert "image.delete" in deletion.text and task["type"] == "api_image_import"


def test_tasks_are_shown_to_the_owner_and_not_to_others_who_see_the_image(cloud: Any) -> None:
    image_id, _ = imported(cloud)
    path = f"{IMAGES}/{image_id}"
    changes = [{"op": "replace", "path": "/visibility", "value": "community"}]
    shared = patch(cloud, image_id, *changes)
    assert shared.status_code == 200, shared.text
    assert cloud.get(path, as_="other").status_code == 200
    assert cloud.get(f"{path}/tasks", as_="other").json == {"tasks": []}
    for who in ("member", "reader", "admin"):
        assert len(cloud.get(f"{path}/tasks", as_=who).json["tasks"]) == 1, who

"""Addresses as clients try them: version documents, first versions, and paths with a slash or `.json` at the end."""

import io
from typing import Any

import falcon.testing
import pytest

from kumoi.engines.hosts import Hosts
from kumoi.kernel import bodies
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import ApiError
from kumoi.kernel.http import Request
from kumoi.kernel.tokens import Keys
from kumoi.services.identity.errors import Refused
from kumoi.services.network.errors import render
from tests.cloud import Cloud
from tests.services.compute.world import SERVERS

NOVA, CINDER, GLANCE, PLACEMENT = "/compute/v2.1", "/volume/v3", "/image/v2", "/placement"


def by_id(versions: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {version["id"]: version for version in versions}


@pytest.mark.parametrize(
    ("root", "status", "current", "address"),
    [
        ("/compute", 200, "v2.1", "/compute/v2.1/"),
        ("/network", 200, "v2.0", "/network/v2.0/"),
        ("/image", 300, "v2.15", "/image/v2/"),
        ("/volume", 300, "v3.0", "/volume/v3/"),
        ("/placement", 200, "v1.0", ""),
        ("/kumoi", 200, "v1", "/kumoi/v1/"),
    ],
)
def test_what_a_service_says_at_its_root(cloud: Any, root: str, status: int, current: str, address: str) -> None:
    for path in (root, f"{root}/"):
        told = cloud.get(path, as_=None)
        assert told.status_code == status
        version = by_id(told.json["versions"])[current]
        assert version["status"] == "CURRENT"
        (link,) = [each["href"] for each in version["links"] if each["rel"] == "self"]
        assert link.endswith(address)


def test_image_says_the_same_below_its_version(cloud: Any) -> None:
    assert cloud.get("/image/v2/", as_=None).json == cloud.get("/image", as_=None).json


def test_what_identity_says_at_its_root(cloud: Any) -> None:
    told = cloud.get("/identity/", as_=None)
    assert told.status_code == 300
    (version,) = told.json["versions"]["values"]
    assert version["status"] == "stable" and version["links"][0]["href"].endswith("/identity/v3/")
    assert cloud.get("/identity/v3", as_=None).json["version"]["id"] == version["id"]


def test_compute_lists_its_first_version_and_answers_there(cloud: Any) -> None:
    versions = by_id(cloud.get("/compute", as_=None).json["versions"])
    first, current = versions["v2.0"], versions["v2.1"]
    assert (first["status"], first["version"], first["min_version"]) == ("SUPPORTED", "", "")
    assert (current["version"], current["min_version"]) == ("2.104", "2.1")
    for version in (first, current):
        path = version["links"][0]["href"].partition("/compute")[2]
        shown = cloud.get(f"/compute{path}", as_=None)
        assert shown.status_code == 200 and shown.json["version"]["id"] == version["id"]
        assert shown.json["version"]["media-types"] and shown.json["version"]["version"] == version["version"]
    assert cloud.get("/compute/v2/servers").json == {"servers": []}
    assert cloud.get("/compute/v2/servers", as_=None).status_code == 401
    latest = cloud.get("/compute/v2/flavors", version="2.96")
    assert latest.headers["openstack-api-version"] == "compute 2.1"


LISTS = [
    f"{SERVERS}", f"{SERVERS}/detail", f"{NOVA}/flavors", f"{NOVA}/limits", f"{NOVA}/os-keypairs", f"{CINDER}/volumes",
    f"{CINDER}/types", f"{CINDER}/snapshots", f"{GLANCE}/images", f"{PLACEMENT}/resource_providers",
    "/network/v2.0/networks", "/identity/v3/projects", "/kumoi/v1/events",
]  # fmt: skip


EMPTY_IDS = (f"{CINDER}/volumes", f"{GLANCE}/images")
"""Tempest asks these for an item with an empty id and expects 404."""


@pytest.mark.parametrize("path", [path for path in LISTS if path not in EMPTY_IDS])
def test_one_slash_at_the_end_is_not_heeded(cloud: Any, path: str) -> None:
    bare, slashed = cloud.get(path, as_="admin"), cloud.get(f"{path}/", as_="admin")
    assert bare.status_code == slashed.status_code == 200
    assert list(slashed.json) == list(bare.json)
    assert cloud.get(f"{path}/", as_=None).status_code == 401
    assert cloud.get(f"{path}//", as_="admin").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{NOVA}/os-keypairs/", {"keypair": {"name": "slash"}}, (200, 201)),
        (f"{CINDER}/volumes/", {"volume": {"size": 1}}, (202,)),
        (f"{GLANCE}/images/", {"name": "slash", "disk_format": "raw", "container_format": "bare"}, (201,)),
        ("/network/v2.0/networks/", {"network": {}}, (201,)),
        (f"{PLACEMENT}/resource_providers/", {"name": "slash"}, (200, 201)),
    ],
)
def test_what_is_made_at_a_path_with_a_slash_is_made(
    cloud: Any, path: str, body: dict[str, Any], status: tuple[int, ...]
) -> None:
    made = cloud.post(path, json=body, as_="admin")
    assert made.status_code in status, made.text


@pytest.mark.parametrize("path", [f"{SERVERS}/", f"{CINDER}/volumes/", f"{GLANCE}/images/"])
@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_an_item_with_an_empty_id_is_not_found(cloud: Any, method: str, path: str) -> None:
    assert cloud.call(method, path, as_="admin").status_code == 404
    assert cloud.call(method, path.rstrip("/"), as_="admin").status_code == 405
    assert cloud.call(method, path, as_=None).status_code == 401


@pytest.mark.parametrize("path", EMPTY_IDS)
def test_an_item_with_an_empty_id_is_not_shown(cloud: Any, path: str) -> None:
    assert cloud.get(f"{path}/", as_="admin").status_code == 404
    assert cloud.get(f"{path}/", as_=None).status_code == 401


def test_json_at_the_end_of_a_path_of_network_is_not_heeded(cloud: Any) -> None:
    made = cloud.post("/network/v2.0/networks.json", json={"network": {"name": "n"}})
    assert made.status_code == 201
    network_id = made.json["network"]["id"]
    shown = cloud.get(f"/network/v2.0/networks/{network_id}")
    assert cloud.get(f"/network/v2.0/networks/{network_id}.json").json == shown.json
    assert cloud.get("/network/v2.0/networks.json").json == cloud.get("/network/v2.0/networks").json
    assert cloud.put(f"/network/v2.0/networks/{network_id}.json", json={"network": {"name": "m"}}).status_code == 200
    own = cloud.get("/network/v2.0/quotas/project.json").json["project"]["project_id"]
    assert cloud.get(f"/network/v2.0/quotas/{own}.json").json == cloud.get(f"/network/v2.0/quotas/{own}").json
    assert cloud.get(f"/network/v2.0/quotas/{own}/details.json").status_code == 200
    assert cloud.get(f"/network/v2.0/quotas/{own}/default.json").status_code == 200
    assert cloud.delete(f"/network/v2.0/networks/{network_id}.json").status_code == 204
    assert cloud.get(f"/network/v2.0/networks/{network_id}.json").status_code == 404
    assert cloud.get("/network/v2.0/networks.json", as_=None).status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/v2.0/tokens", "/v2.0", "/v2.0/", "/nope", "/v3/nope", "/v3/users/a/nope"])
def test_a_path_that_identity_does_not_have_is_not_found_by_anybody(cloud: Any, method: str, path: str) -> None:
    for persona in (None, "admin"):
        told = cloud.call(method, f"/identity{path}", as_=persona)
        assert told.status_code == 404 and told.json["error"]["code"] == 404
    assert cloud.call(method, "/network/v2.0/nope", as_=None).status_code == 401
    assert cloud.call(method, f"{NOVA}/nope", as_=None).status_code == 401


SHAPES = {
    f"{NOVA}/servers": "badMethod", "/identity/v3/users": "error", f"{GLANCE}/images": "error",
    "/network/v2.0/networks": "NeutronError", f"{CINDER}/volumes": "badMethod",
    f"{PLACEMENT}/resource_providers": "errors", "/kumoi/v1/events": "error", "/nobody": "error",
}  # fmt: skip


@pytest.mark.parametrize("path", SHAPES)
@pytest.mark.parametrize("method", ["COPY", "TRACE", "PATCH"])
def test_a_method_that_nothing_has_is_refused_in_the_shape_of_the_service(cloud: Any, path: str, method: str) -> None:
    told = cloud.call(method, path, as_="admin")
    assert told.status_code == (404 if path == "/nobody" else 405)
    assert next(iter(told.json)) == SHAPES[path]
    assert told.headers["x-openstack-request-id"].startswith("req-")
    if path != "/nobody":
        assert cloud.call(method, path, as_=None).status_code == 401


def test_what_another_service_calls_its_own_is_no_name_of_networks() -> None:
    assert render(Refused())["NeutronError"]["type"] == "HTTPUnauthorized"
    kinds: list[type[ApiError]] = [ApiError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if not kind.__module__.startswith(("kumoi.services.network", "tests.")):
            error = kind.__new__(kind)
            error.message, error.title, error.resource = "", "Not Found", ""  # type: ignore[attr-defined]
            name = render(error)["NeutronError"]["type"]
            assert name.startswith("HTTP") or name in ("PolicyNotAuthorized", "OverQuota"), kind


def test_the_id_of_a_request_is_in_the_body_as_in_the_header(cloud: Any) -> None:
    told = cloud.get("/placement/nope")
    assert told.status_code == 404
    assert told.json["errors"][0]["request_id"] == told.headers["x-openstack-request-id"] != ""


@pytest.mark.parametrize(
    ("method", "path", "headers", "length", "expected"),
    [
        ("POST", f"{NOVA}/servers", {"OpenStack-API-Version": "compute 9.9"}, 900_000, 406),
        ("POST", f"{NOVA}/servers", {"X-Auth-Token": "nobody's"}, 900_000, 401),
        ("POST", f"{NOVA}/nope", {}, 900_000, 404),
        ("POST", "/nobody", {}, 900_000, 404),
        ("PUT", "/network/v2.0/networks", {}, 900_000, 405),
        ("COPY", "/network/v2.0/networks", {}, 900_000, 405),
        ("DELETE", f"{GLANCE}/images/", {}, 900_000, 404),
        ("GET", f"{CINDER}/volumes", {}, 900_000, 200),
        ("POST", f"{CINDER}/volumes", {}, bodies.LARGEST_BODY + 1, 413),
        ("POST", f"{CINDER}/volumes", {}, bodies.LARGEST_SENT, 413),
    ],
)  # fmt: skip
def test_an_early_answer_waits_for_the_rest_of_the_body(
    cloud: Any, method: str, path: str, headers: dict[str, str], length: int, expected: int
) -> None:
    body = io.BytesIO(b"x" * length)
    env = falcon.testing.create_environ(
        path, method=method, headers={"X-Auth-Token": "member", "Content-Length": str(length), **headers}
    )
    env["wsgi.input"] = body
    told: list[str] = []
    list(cloud.http.app(env, lambda line, *_: told.append(line)))
    assert told[0].startswith(str(expected))
    assert body.tell() == length


def test_not_more_is_taken_than_the_front_sends(cloud: Any) -> None:
    body = io.BytesIO(b"x" * (4 * bodies.LARGEST_SENT))
    env = falcon.testing.create_environ(
        f"{NOVA}/nope", method="POST", headers={"Content-Length": str(len(body.getvalue()))}
    )
    env["wsgi.input"] = body
    list(cloud.http.app(env, lambda *_: None))
    assert body.tell() == bodies.LARGEST_SENT


@pytest.mark.parametrize(
    ("method", "path", "before", "after"),
    [
        ("POST", f"{NOVA}/servers/x/action", '{"reboot": ', "}"),
        ("POST", f"{CINDER}/volumes/x/action", '{"os-extend": ', "}"),
        ("POST", f"{CINDER}/attachments", '{"attachment": {"volume_uuid": "x", "connector": {"x": ', "}}}"),
        ("POST", f"{GLANCE}/images", '{"name": "x", "more": ', "}"),
        ("POST", "/network/v2.0/networks", '{"network": {"name": ', "}}"),
        ("POST", f"{PLACEMENT}/resource_providers", '{"name": ', "}"),
    ],
)
def test_what_is_nested_too_deeply_is_refused_in_the_shape_of_the_service(
    cloud: Any, method: str, path: str, before: str, after: str
) -> None:
    """Also at a depth that the interpreter can still parse but not serialize."""
    for depth in (bodies.DEEPEST + 1, *range(900, 1001, 20), 100_000):
        deep = f"{before}{'[' * depth}{']' * depth}{after}"
        headers = {"X-Auth-Token": "admin", "Content-Type": "application/json", "OpenStack-API-Version": "volume 3.44"}
        told = cloud.http.simulate_request(method, path, body=deep, headers=headers)
        assert told.status_code == 400 and "nested too deeply" in told.text, (depth, told.text[:200])
        assert next(iter(told.json)) in ("badRequest", "NeutronError", "errors", "error")


def test_a_handler_reaches_the_keys_inside_its_transaction(cloud: Cloud) -> None:
    request = Request(cloud.api.services[0], None, "req-1")
    request._engines = cloud.locate

    def work(tx: Transaction) -> str:
        request._tx = tx
        with pytest.raises(RuntimeError, match="inside a transaction"):
            request.engine(Hosts)
        return request.keys.seal_secret("a word")

    sealed = cloud.database.write(work)
    assert Keys.load(cloud.folder.keys).open_secret(sealed) == "a word"


@pytest.mark.parametrize("accept", ["text/plain", "application/xml", "text/html", "application/json;q=0", "image/*"])
@pytest.mark.parametrize("path", ["/network/v2.0/networks", "/placement/resource_providers"])
def test_what_cannot_be_sent_as_asked_is_not_done(cloud: Any, path: str, accept: str) -> None:
    """As Neutron and placement have it; the other services send JSON anyway."""
    headers = {"Accept": accept}
    refused = cloud.get(path, as_="admin", headers=headers)
    assert refused.status_code == 406 and refused.headers["content-type"] == "application/json", refused.text
    assert next(iter(refused.json)) == SHAPES[path] and "application/json" in refused.text
    assert cloud.get(path, as_=None, headers=headers).status_code == 401
    body = {"network": {"name": "unmade"}} if "network" in path else {"name": "unmade"}
    assert cloud.post(path, as_="admin", version="1.39", headers=headers, json=body).status_code == 406
    assert "unmade" not in cloud.get(path, as_="admin").text


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "text/html, */*;q=0.1", "application/json; charset=utf-8", "what", ""]
)
@pytest.mark.parametrize("path", ["/network/v2.0/networks", "/placement/resource_providers"])
def test_what_json_satisfies_or_nobody_understands_is_sent(cloud: Any, path: str, accept: str) -> None:
    assert cloud.get(path, as_="admin", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("path", [f"{NOVA}/servers", f"{CINDER}/volumes", f"{GLANCE}/images", "/identity/v3/regions"])
def test_services_that_send_json_anyway(cloud: Any, path: str) -> None:
    told = cloud.get(path, as_="admin", headers={"Accept": "application/xml"})
    assert told.status_code == 200 and told.headers["content-type"] == "application/json"

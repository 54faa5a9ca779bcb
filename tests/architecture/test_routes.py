"""Promises of every declared route: without a token 401, with too weak a role 403, before anything else is checked."""

import itertools
import re
from typing import Any

import falcon.testing
import pytest

from kumoi import app
from kumoi.kernel import versions
from kumoi.kernel.routes import Route, Service
from tests.replies import CheckedStreams

SERVICES = app.load_services()
EVERY = [(service, route) for service in SERVICES for route in service.each()]
NAMES = [f"{service.type}:{route.method}:{route.path}:{route.name}" for service, route in EVERY]
OUTSIDE = ["system-reader", "system-member", "system-manager", "domain-manager"]
"""Callers with a role, but not on a project."""
WEAKER = {
    "reader": ["roleless", "domain-manager"],
    "member": ["roleless", "reader", *OUTSIDE],
    "admin": ["roleless", "reader", "member", *OUTSIDE],
}


STRANGERS = ["member", "roleless", "reader", "domain-manager"]
"""Whom a service that decides itself lets do nothing with what is nobody's."""

WITHOUT_A_KEY = {
    "object_store:/v1/{account}": "sets what the headers say: asked again, it changes nothing more",
    "object_store:/v1/{account}/{container}": "sets what the headers say: asked again, it changes nothing more",
    "object_store:/v1/{account}/{container}/{object:path}": "sets what the headers say: asked again, it changes nothing more",
    "s3:/{container}": "removes keys: asked again, it removes nothing more",
    "s3:/{container}/{object:path}": "an upload that is begun twice expires; one is completed once",
    "identity:/ec2tokens": "as /auth/tokens",
    "identity:/s3tokens": "as /auth/tokens",
    "identity:/auth/tokens": "a token is kept nowhere: another one takes nothing and costs nothing",
    "identity:/users/{user_id}/password": "makes nothing; asked without a token, so there is no user whose key it were",
    "compute:/servers/{server_id}/action:os-getConsoleOutput": "only looks",
    "block_storage:/volumes/{volume_id}/action:os-show_image_metadata": "only looks",
    "cloud:/placement/dry-run": "only looks",
    "cloud:/session": "a cookie is kept nowhere but in the browser",
}
"""POST routes that ignore the Idempotency-Key, and why."""


def ask(cloud: Any, service: Service, route: Route, as_: str | None, more: dict[str, str] | None = None) -> Any:
    path = re.sub(r"\{[^}]*\}", "5b1f8e1c-0000-4000-8000-000000000000", service.prefix + route.path)
    version = None
    if service.microversions:
        last = route.versions.last if route.versions else None
        version = versions.text(last or service.microversions.maximum)
    headers = dict(more or {})
    if version and service.microversions:
        headers["OpenStack-API-Version"] = f"{service.microversions.service_type} {version}"
    if route.mode == "stream":
        # Refused before the body is read.
        client = falcon.testing.TestClient(CheckedStreams(cloud.api))
        return client.simulate_request(route.method, path, headers={"X-Auth-Token": as_} if as_ else {}, body=b"bytes")
    body = {"json": {route.action: None}} if route.action else {}
    return cloud.call(route.method, path, as_=as_, headers=headers, **body)


@pytest.mark.parametrize(("service", "route"), EVERY, ids=NAMES)
def test_strangers_and_the_too_weak_are_sent_away(one_cloud: Any, service: Service, route: Route) -> None:
    if not (route.policy.token or route.policy.service_decides):
        return
    refused = ask(one_cloud, service, route, None)
    assert refused.status_code == 401, refused.text
    assert refused.headers["x-openstack-request-id"].startswith("req-")
    weaker = STRANGERS if route.policy.service_decides else WEAKER.get(route.policy.role or "", [])
    for caller in weaker:
        refused = ask(one_cloud, service, route, caller)
        assert refused.status_code == 403, f"{caller}: {refused.text}"


POSTS = [(service, route) for service, route in EVERY if route.method == "POST" and route.status != 501]


def posted(service: Service, route: Route) -> str:
    return ":".join(filter(None, (service.type, route.path, route.action)))


@pytest.mark.parametrize(("service", "route"), POSTS, ids=[posted(service, route) for service, route in POSTS])
def test_every_post_heeds_a_key(one_cloud: Any, service: Service, route: Route) -> None:
    """A route that supports it refuses an invalid key."""
    refused = ask(one_cloud, service, route, "admin", {"Idempotency-Key": ""})
    heeded = refused.status_code == 400 and "Idempotency-Key" in refused.text
    assert heeded == (posted(service, route) not in WITHOUT_A_KEY), refused.text


def test_what_heeds_no_key_is_there() -> None:
    assert set(WITHOUT_A_KEY) <= {posted(service, route) for service, route in POSTS}


def test_no_route_is_declared_twice() -> None:
    seen: dict[tuple[Any, ...], list[Route]] = {}
    for service, route in EVERY:
        path = re.sub(r"\{[^}]*\}", "{}", route.path)
        # The streams answer what the front hands on to them, also for a route that the API has.
        seen.setdefault((service.type, route.method, path, route.action, route.mode == "stream"), []).append(route)
    for key, routes in seen.items():
        if len(routes) > 1:
            spans = sorted((r.versions.first, r.versions.last or (99, 0)) for r in routes if r.versions)
            assert len(spans) == len(routes), f"{key} is declared twice without versions"
            for (_, last), (first, _) in itertools.pairwise(spans):
                assert last < first, f"{key} is declared twice in one version"


def test_every_path_is_one_that_falcon_can_take(one_cloud: Any) -> None:
    assert one_cloud.get("/healthcheck", as_=None).text == "OK"

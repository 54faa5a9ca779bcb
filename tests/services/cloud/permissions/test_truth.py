"""What the services decide themselves is what they declare: whoever is offered a request is not refused, and nobody else is
let in."""

import re
from typing import Any

import falcon.testing
import pytest

from kumoi import app
from kumoi.kernel import versions
from kumoi.kernel.routes import Route, Service
from tests import examples
from tests.cloud import CALLERS, Cloud
from tests.replies import CheckedStreams

ABSENT = "5b1f8e1c-0000-4000-8000-000000000000"
DECIDED = [
    (service, route)
    for service in app.load_services()
    for route in service.each()
    if route.policy.service_decides or route.policy.name == "authenticated"
]
NAMES = [f"{service.type}:{route.method}:{route.described_path}:{route.mode}" for service, route in DECIDED]
SENT = {
    "/ec2tokens": {
        "credentials": {"access": "a", "signature": "s", "verb": "GET", "host": "h", "path": "/", "params": {}}
    },
    "/s3tokens": {"credentials": {"access": "a", "signature": "s", "token": "dA=="}},
    "/credentials": {"credential": {"type": "note", "blob": "text"}},
    "/users/{user_id}/credentials/OS-EC2": {"tenant_id": ABSENT},
    "/users/{user_id}/application_credentials": {"application_credential": {"name": "of the caller"}},
    "/projects/{project_id}/tags": {"tags": []},
}
"""Bodies for what is the caller's own. Without a right one a request is refused for that."""
IN_A_DOMAIN = {"domain-manager"}
"""Allowed what is in their domain, which holds nothing here."""
HIDDEN = {
    "/credentials/{credential_id}",
    "/domains/{domain_id}",
    "/projects/{project_id}",
    "/projects/{project_id}/tags/{tag}",
}
"""One that does not exist is refused as if it was another's."""


def ask(cloud: Cloud, service: Service, route: Route, caller: str) -> Any:
    who = CALLERS[caller]
    project, domain = who.project_id or ABSENT, who.domain_id or who.project_domain_id or "default"
    own = {"user_id": who.user_id, "account": f"AUTH_{project}", "project_id": project, "domain_id": domain}
    path, body = service.prefix + route.path, SENT.get(route.path)
    if body is None and route.method == "POST" and (example := examples.of(service, route)) is not None:
        path, body = example(cloud)
    elif body is None and service.type == "identity" and route.method in ("PATCH", "PUT"):
        body = {route.path.split("/")[1].removesuffix("s"): {}}
    if route.path.startswith("/users") or service.type == "object_store" or route.method == "GET":
        path = re.sub(r"\{(user_id|account|project_id|domain_id)\}", lambda found: own[found[1]], path)
    path = re.sub(r"\{[^}]*\}", ABSENT, path)
    headers = {"Accept": "*/*"}
    if service.microversions:
        version = examples.first_version(service, route) or versions.text(service.microversions.minimum)
        headers["OpenStack-API-Version"] = f"{service.microversions.service_type} {version}"
    if route.mode == "stream":
        client = falcon.testing.TestClient(CheckedStreams(cloud.api))
        return client.simulate_request(route.method, path, headers={"X-Auth-Token": caller, "Content-Length": "0"})
    return cloud.call(route.method, path, as_=caller, headers=headers, **({} if body is None else {"json": body}))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("cloud")
    made = Cloud(folder, f"sqlite:///{folder / 'kumoi.db'}")
    examples.prepare(made)
    yield made
    made.close()


@pytest.mark.parametrize(("service", "route"), DECIDED, ids=NAMES)
def test_who_is_offered_it_is_let_in_and_nobody_else(told: Cloud, service: Service, route: Route) -> None:
    for caller, who in CALLERS.items():
        answer = ask(told, service, route, caller)
        said = f"{caller}: {answer.status_code} {answer.text[:200]}"
        if route.policy.offers(who):
            assert answer.status_code != 403 or caller in IN_A_DOMAIN or route.path in HIDDEN, said
        else:
            assert answer.status_code in (401, 403, 404), said

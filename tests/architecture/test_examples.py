"""Every POST route has an example that succeeds. Tests of quotas, the fuzz and others use it as a starting state."""

from typing import Any

import pytest

from kumoi import app
from kumoi.kernel.routes import Route, Service
from tests import examples
from tests.cloud import Cloud

POSTS = [
    (service, route)
    for service in app.load_services()
    for route in service.each()
    if route.method == "POST" and route.status != 501 and route.handler.__name__ != "refuse"
    if route.mode != "stream"
    if route.action not in ("os-getSPICEConsole", "os-getSerialConsole")
]
"""Routes that refuse everything (absent features) are left out."""


def named(service: Service, route: Route) -> str:
    name = f"{route.name.partition('.')[0]}.{route.handler.__name__}"
    return ":".join(filter(None, (service.type, name, route.action)))


WITHOUT = {"compute:server_actions.change_password:changePassword", "compute:server_actions.restore:restore"}
"""Routes without an example: `restore` is always refused, and `changePassword` while guests have no agent. The list may
only shrink: a new route needs an example."""
WITH = [(service, route) for service, route in POSTS if named(service, route) not in WITHOUT]


def test_every_post_has_an_example() -> None:
    missing = {named(service, route) for service, route in POSTS if examples.of(service, route) is None}
    assert missing == WITHOUT


@pytest.fixture
def prepared(cloud: Cloud) -> Any:
    return examples.prepare(cloud)


@pytest.mark.parametrize(("service", "route"), WITH, ids=[f"{named(s, r)} {r.path}" for s, r in WITH])
def test_it_is_answered(prepared: Any, service: Service, route: Route) -> None:
    example = examples.of(service, route)
    assert example is not None
    path, body = example(prepared)
    version = examples.first_version(service, route)
    answered = prepared.call(route.method, path, as_=examples.caller(route), version=version, json=body)
    assert answered.status_code == route.status, answered.text
    prepared.settle()
    assert prepared.audit() == []

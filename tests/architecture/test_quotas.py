"""Every route that declares a quota enforces it: it refuses when the limit equals the usage."""

from typing import Any

import pytest

from kumoi import app
from kumoi.kernel import quotas
from kumoi.kernel.routes import Route, Service
from tests import examples
from tests.cloud import PROJECT, Cloud

TAKING = [
    (service, route, resource)
    for service in app.load_services()
    for route in service.each()
    for resource in sorted(route.quota)
]
NAMES = [f"{service.type} {route.method} {route.path} {route.name} {resource}" for service, route, resource in TAKING]


@pytest.fixture
def prepared(cloud: Cloud) -> Any:
    return examples.prepare(cloud)


@pytest.mark.parametrize(("service", "route", "resource"), TAKING, ids=NAMES)
def test_what_is_declared_is_taken(prepared: Any, service: Service, route: Route, resource: str) -> None:
    example = examples.of(service, route)
    assert example is not None, f"tests/services/{service.type}/{route.name.partition('.')[0]}/example.py is missing"
    path, body = example(prepared)
    version, caller = examples.first_version(service, route), examples.caller(route)
    owner = next(
        owner for owner, name in quotas.registry if name == resource and owner in (service.type, "network", "image")
    )
    holder = "member-user" if resource == "key_pairs" else PROJECT

    def allow(more: int) -> None:
        def set_limit(tx: Any) -> None:
            used = quotas.registry[owner, resource].usage(tx, holder)
            quotas.set_limit(tx, owner, resource, PROJECT, quotas.UNLIMITED if more else used)

        prepared.database.write(set_limit)

    allow(0)
    refused = prepared.call(route.method, path, as_=caller, version=version, json=body)
    assert refused.status_code == service.over_quota_status, refused.text
    assert "uota" in refused.text and resource in refused.text
    allow(1)
    taken = prepared.call(route.method, path, as_=caller, version=version, json=body)
    assert taken.status_code == route.status, taken.text

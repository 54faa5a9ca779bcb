"""Every route that has the id of a project's resource: the id of another project's resource is not found.

Generated from the declarations, so a new route needs no new test. Admin routes refuse a member earlier, which
tests/architecture checks for all of them.
"""

import copy
import dataclasses
import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import falcon.testing
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from kumoi import app
from kumoi.kernel import openapi, queries, randomness, routes, versions
from kumoi.kernel.randomness import SeededSource
from kumoi.kernel.routes import Route, Routes, Service
from tests import examples
from tests.fuzz.asking import Asking
from tests.fuzz.examples import EXAMPLES, PATCH, PATCHED, PATCHES
from tests.fuzz.furnished import MARKS
from tests.fuzz.names import KINDS, Namer
from tests.replies import CheckedStreams
from tests.stepped import at

OWNED = {
    "server_id", "volume_id", "snapshot_id", "attachment_id", "network_id", "subnet_id", "subnetpool_id", "port_id",
    "router_id", "floating_ip_id", "security_group_id", "rule_id", "image_id", "operation_id", "user_id", "access",
    "application_credential_id", "credential_id", "project_id", "owner_id", "message_id",
    "account", "container", "object",
} | {f"{kind}_id" for _, _, kind in examples.creating()}  # fmt: skip
"""Path parameters for resources of a project or user. Members can create these, as the examples show."""
NOBODYS = {
    "address", "agent_id", "aggregate_id", "alias", "before", "consumer_id", "domain_id", "endpoint_id",
    "flavor_id", "group_id", "host_name", "hypervisor_id",
    "migration_id", "implied_role_id", "provider_id", "qos_specs_id", "region_id",
    "resource_class", "role_id", "service", "service_id", "type_id", "group_type_id",
    # Keypairs, aggregates, traits and classes; words in paths that select an action; resources below a project's
    # resource, or found by name among the caller's own.
    "name", "action", "key", "tag", "tag_name", "namespace", "object_name", "property_name", "resource_type",
    "member_id", "task_id", "network", "request_id", "store", "token",
}  # fmt: skip
"""Path parameters for resources of the whole cloud, or for other values."""
FORBIDDEN_INSTEAD = {
    "user_id",
    "project_id",
    "owner_id",
    "credential_id",
    "application_credential_id",
    "access",
    "account",
}
"""Users, projects and resources below them: OpenStack answers 403, because their existence is not secret."""
EVERYBODYS = {("compute", "quota_sets.defaults"), ("block_storage", "transfers.accept")}
"""The same for every project, or meant for another one."""
TRIES = 12
"""Bodies that are tried until one is taken for well formed."""


def asked_routes() -> list[tuple[Service, Route]]:
    found = []
    for service in app.load_services():
        for route in service.each():
            owned = OWNED & set(re.findall(r"\{(\w+)\}", route.described_path))
            admins = route.policy.role == "admin" or not (route.policy.token or route.policy.service_decides)
            if owned and not admins and (service.type, route.name) not in EVERYBODYS and route.status != 501:
                found.append((service, route))
    return found


ROUTES = asked_routes()
NAMES = [f"{s.type}:{r.method}:{r.path}:{r.action or r.name}" for s, r in ROUTES]


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    made = Asking()
    with at(made.begin):
        made.cloud.resume()
        yield made
        made.cloud.pause()
    made.remove()


def test_others_have_one_of_every_kind(asking: Asking) -> None:
    """Otherwise nothing could be refused. Kinds that furnished.py does not create come from their resource's
    example."""
    kinds = {KINDS.get(name, name.removesuffix("_id")) for name in OWNED}
    assert {kind for kind in kinds if not asking.furnished.things["theirs"].ids.get(kind)} == set()


def bodies(service: Service, route: Route, namer: Namer) -> Iterator[dict[str, Any]]:
    """Bodies for this route, from examples and the description."""
    if route.mode == "stream":  # What goes there is no JSON.
        yield {}
        return
    label = f"{route.method} {service.prefix}{route.path}"
    if label == PATCHED:
        yield {"body": json.dumps(PATCHES[0]), "content_type": PATCH}
    for example in EXAMPLES.get(label, ()):
        if route.action is None or route.action in example:
            yield {"json": namer.named(copy.deepcopy(example), "", "")}
    registered = dict(routes.declared)
    only = Routes()
    only.all.append(route)
    marks = service.microversions
    if marks and route.versions and route.versions.last:
        marks = dataclasses.replace(marks, maximum=route.versions.last)
    document = openapi.document(dataclasses.replace(service, routes=(only,), microversions=marks), "")
    routes.declared.update(registered)
    del document["components"]["securitySchemes"]
    described = [result.ok() for result in schemathesis.openapi.from_dict(document).get_all_operations()]
    # The description has the streams' routes besides.
    asked = (route.method, service.prefix + route.described_path)
    (operation,) = (one for one in described if (one.method.upper(), one.path) == asked)
    found: list[Any] = []

    @seed(1)
    @settings(max_examples=TRIES, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def gather(case: Any) -> None:
        found.append(case.body)

    if route.body is not None or route.action is not None:
        gather()
    yield from ({"json": body} for body in found if isinstance(body, dict | list))
    yield {}


def send(asking: Asking, route: Route, path: str, token: str) -> Any:
    client = falcon.testing.TestClient(CheckedStreams(asking.cloud.api))
    headers = {"X-Auth-Token": token, "Content-Type": "application/octet-stream", "Destination": "mark/mark"}
    return client.simulate_request(route.method, path, headers=headers, body=b"some bytes")


def test_of_whatever_paths_name_it_is_known_whose_it_is() -> None:
    """A new path parameter fails here until it is listed as that of a project's or user's resource or not. Resources
    that members create are recognized."""
    named = {
        name
        for service in app.load_services()
        for route in service.each()
        for name in re.findall(r"\{(\w+)\}", route.described_path)
    }
    unknown, gone = named - OWNED - NOBODYS, (OWNED | NOBODYS) - named
    assert unknown == set(), "put these names from paths into OWNED (a project's or user's) or NOBODYS, in this file"
    assert gone == set(), "no path has these names any more: take them out of OWNED or NOBODYS"
    assert not OWNED & NOBODYS


CHANGES = [(s, r) for s, r in ROUTES if r.method not in ("GET", "HEAD") and r.mode != "read"]
LOOKERS = {
    "system-reader": ("reader", "system"),
    "system-member": ("member", "system"),
    "system-manager": ("manager", "system"),
    "domain-manager": ("manager", "spare"),
}
"""Persons who may see all projects or manage a domain, without being members of a project: role and target."""


@pytest.fixture(scope="module")
def lookers(asking: Asking) -> dict[str, str]:
    """Person → token."""
    cloud, tokens, v3 = asking.cloud, {}, "/identity/v3"
    with randomness.using(SeededSource(2)):
        admin = asking.furnished.log_in("admin")
        roles = {role["name"]: role["id"] for role in cloud.get(f"{v3}/roles", as_=admin).json["roles"]}
        domains = {domain["name"]: domain["id"] for domain in cloud.get(f"{v3}/domains", as_=admin).json["domains"]}
        for person, (role, target) in LOOKERS.items():
            user = {"name": person, "password": f"{person} password"}
            user_id = cloud.post(f"{v3}/users", as_=admin, json={"user": user}).json["user"]["id"]
            place = "system" if target == "system" else f"domains/{domains[target]}"
            given = cloud.put(f"{v3}/{place}/users/{user_id}/roles/{roles[role]}", as_=admin)
            assert given.status_code == 204, given.text
            scope = {"system": {"all": True}} if target == "system" else {"domain": {"id": domains[target]}}
            password = {"user": {"id": user_id, "password": user["password"]}}
            auth = {"identity": {"methods": ["password"], "password": password}, "scope": scope}
            answered = cloud.post(f"{v3}/auth/tokens?nocatalog", as_=None, json={"auth": auth})
            assert answered.status_code == 201, answered.text
            tokens[person] = answered.headers["X-Subject-Token"]
    return tokens


@pytest.mark.parametrize(
    ("service", "route"), CHANGES, ids=[f"{s.type}:{r.method}:{r.path}:{r.action or r.name}" for s, r in CHANGES]
)
def test_who_only_looks_changes_nothing(
    asking: Asking, lookers: dict[str, str], service: Service, route: Route
) -> None:
    """A system reader sees every project's resources and cannot change them. A domain manager has no access to other
    domains."""
    chance = Random(1)
    theirs = asking.furnished.things["theirs"].ids
    namer = Namer(asking.furnished, service.type, chance, [], "")
    with randomness.using(SeededSource(1)):
        names = re.findall(r"\{(\w+)\}", route.described_path)
        kinds = {name: KINDS.get(name, name.removesuffix("_id")) for name in names}
        ids = {name: theirs[kind][0] if kind in theirs else namer.of(kind) or "mark" for name, kind in kinds.items()}
        path = service.prefix + route.described_path.format(**ids)
        for person, token in lookers.items():
            statuses = []
            for more in bodies(service, route, namer):
                if route.mode == "stream":
                    answered = send(asking, route, path, token)
                else:
                    answered = asking.cloud.call(route.method, path, as_=token, headers=newest(service, route), **more)
                statuses.append(answered.status_code)
                assert answered.status_code in (400, 403, 404), (
                    f"{person}: {answered.status_code} {path} {answered.text}"
                )
                if answered.status_code != 400:
                    break
            assert {403, 404} & set(statuses), f"{person}: no body was well formed: {answered.text}"


def newest(service: Service, route: Route) -> dict[str, str]:
    """The header with the last version of a route."""
    if not service.microversions:
        return {}
    last = route.versions.last if route.versions else None
    version = versions.text(last or service.microversions.maximum)
    return {"OpenStack-API-Version": f"{service.microversions.service_type} {version}"}


@pytest.mark.parametrize(("service", "route"), ROUTES, ids=NAMES)
def test_what_is_of_another_project_is_not_there(asking: Asking, service: Service, route: Route) -> None:
    chance = Random(1)
    theirs = asking.furnished.things["theirs"].ids
    namer = Namer(asking.furnished, service.type, chance, [], "")
    with randomness.using(SeededSource(1)):
        token = asking.furnished.log_in("member")
        names = re.findall(r"\{(\w+)\}", route.described_path)
        kinds = {name: KINDS.get(name, name.removesuffix("_id")) for name in names}
        if "identity" in service.type and "access" in names:
            kinds["access"] = "access"
        ids = {name: theirs[kind][0] if kind in theirs else namer.of(kind) or "mark" for name, kind in kinds.items()}
        path = service.prefix + route.described_path.format(**ids)
        allowed = {400, 404}
        if service.type == "identity" or FORBIDDEN_INSTEAD & set(names):
            allowed.add(403)
        headers = newest(service, route)
        seen = []
        for more in bodies(service, route, namer):
            if route.mode == "stream":
                answered = send(asking, route, path, token)
            else:
                answered = asking.cloud.call(route.method, path, as_=token, headers=headers, **more)
            seen.append(answered.status_code)
            assert answered.status_code in allowed, f"{answered.status_code} {path} {more} {answered.text}"
            if answered.status_code != 400:
                return
    pytest.fail(f"no body was well formed: {seen}, the last: {answered.text}")


def sorted_lists() -> Iterator[tuple[Service, Route, list[str]]]:
    """The lists that members may ask for in an order of theirs, and the keys."""
    for service in app.load_services():
        marks = service.microversions
        for route in service.each():
            if route.method != "GET" or "{" in route.path or route.policy.role == "admin" or route.query is None:
                continue
            last = (route.versions.last if route.versions else None) or (marks.maximum if marks else None)
            kinds = {name: str(kind) for name, kind, _ in queries.parameters(route.query, last)}
            if kinds.get("sort_key", "").startswith("list"):
                yield service, route, re.findall(r"'(\w+)'", kinds["sort_key"]) or UNLISTED_KEYS


UNLISTED_KEYS = ["uuid", "name", "display_name", "status", "vm_state", "project_id", "created_at", "size", "visibility"]
"""Tried where a service reads the keys itself; those that it does not know are refused."""
SORTED = list(sorted_lists())


@pytest.mark.parametrize(("service", "route", "keys"), SORTED, ids=[f"{s.type}:{r.path}" for s, r, _ in SORTED])
def test_no_order_tells_of_another_project(asking: Asking, service: Service, route: Route, keys: list[str]) -> None:
    """The id first, so that what a list does with its last key is seen though that is the same in many rows."""
    with randomness.using(SeededSource(1)):
        token = asking.furnished.log_in("member")
    answered = []
    for first, second in [(one, key) for one in ("id", "uuid") for key in keys if key != one]:
        query = f"?sort_key={first}&sort_key={second}"
        seen = asking.cloud.get(f"{service.prefix}{route.path}{query}", as_=token, headers=newest(service, route))
        answered.append(seen.status_code)
        told = [mark for mark in ("theirs", "hidden") if MARKS[mark] in seen.text]
        assert seen.status_code in (200, 400, 403) and not told, f"{query}: {seen.text}"
    assert 200 in answered

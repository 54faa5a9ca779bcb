"""Every route that shows something is asked in each microversion in which its reply changes, in a cloud that has one of
everything. tests/replies.py compares each answer with what the route declares."""

import itertools
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest

from kumoi import app
from kumoi.kernel import versions
from kumoi.kernel.routes import Route, Service
from kumoi.kernel.versions import Version
from tests.fuzz.asking import Asking
from tests.fuzz.examples import QUERIES, WORDS_IN_PATHS
from tests.fuzz.furnished import CINDER, KEY, MARKS, NEWEST, NOVA
from tests.fuzz.names import WORDS, Namer
from tests.still import at

NOT_SHOWN = {"compute:consoles.access": "guests of the fake hypervisor have no screen"}
ROUTES = [
    (service, route)
    for service in app.load_services()
    for route in service.each()
    if route.method == "GET" and route.mode != "stream" and route.reply is not None
]
NAMES = [f"{service.type}:{route.path}:{route.name}" for service, route in ROUTES]


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    made = Asking()
    with at(made.begin):
        made.cloud.resume()
        furnish(made)
        yield made
        made.cloud.pause()
    made.remove()


def furnish(asking: Asking) -> None:
    """What only few clouds have, and what names in paths say that is no id."""
    everybody, ours = asking.furnished.things["everybody"], asking.furnished.things["ours"].ids

    def post(path: str, body: Any, method: str = "POST", person: str = "admin") -> Any:
        version = NEWEST.get(path.split("/")[1])
        answered = asking.cloud.call(method, path, as_=asking.furnished.log_in(person), version=version, json=body)
        assert answered.status_code < 300, answered.text
        return answered.json if answered.content else {}

    flavor = {"name": "hidden", "ram": 1, "vcpus": 1, "disk": 1, "os-flavor-access:is_public": False}
    flavor_id = everybody.add("flavor", post(f"{NOVA}/flavors", {"flavor": flavor})["flavor"]["id"])
    post(f"{NOVA}/flavors/{flavor_id}/os-extra_specs", {"extra_specs": {"mark": "x"}})
    tenant = asking.furnished.projects["ours"]
    post(f"{NOVA}/flavors/{flavor_id}/action", {"addTenantAccess": {"tenant": tenant}})
    kind = {"name": "hidden", "os-volume-type-access:is_public": False}
    type_id = everybody.add("type", post(f"{CINDER}/types", {"volume_type": kind})["volume_type"]["id"])
    post(f"{CINDER}/types/{type_id}/extra_specs", {"extra_specs": {"mark": "x"}})
    post(f"{CINDER}/types/{type_id}/action", {"addProjectAccess": {"project": tenant}})
    post(f"{CINDER}/default-types/{tenant}", {"default_type": {"volume_type": type_id}}, "PUT")
    post(f"{CINDER}/snapshots/{ours['snapshot'][0]}/metadata", {"metadata": {"mark": "x"}}, person="member")
    image = {"name": "shared", "disk_format": "raw", "container_format": "bare", "visibility": "shared"}
    image_id = everybody.add("image", post("/image/v2/images", image, person="member")["id"])
    post(f"/image/v2/images/{image_id}/members", {"member": asking.furnished.projects["strange"]}, person="member")
    everybody.add("project", asking.furnished.projects["strange"])
    everybody.add(
        "keypair", post(f"{NOVA}/os-keypairs", {"keypair": {"name": "mine", "public_key": KEY}})["keypair"]["name"]
    )
    actions = post(f"{NOVA}/servers/{ours['server'][0]}/os-instance-actions", None, "GET")["instanceActions"]
    everybody.add("request", actions[0]["request_id"])
    for one in post(f"{NOVA}/os-hypervisors", None, "GET")["hypervisors"]:
        everybody.add("hypervisor", one["hypervisor_hostname"])
    everybody.add("network", f"{MARKS['ours']}-0")


def edges(service: Service, route: Route) -> list[Version | None]:
    """The first and the last version of each shape that the reply has."""
    marks = service.microversions
    if marks is None:
        return [None]
    spoken = [(marks.minimum[0], minor) for minor in range(marks.minimum[1], marks.maximum[1] + 1)]
    spoken = [version for version in spoken if route.versions is None or version in route.versions]
    shapes = [described(versions.narrowed(route.reply, version)) for version in spoken]
    changes = [i for i in range(1, len(spoken)) if shapes[i] != shapes[i - 1]]
    return [spoken[i] for i in sorted({0, *changes, *(i - 1 for i in changes), len(spoken) - 1})]


def described(shape: Any) -> Any:
    return None if shape in (None, bytes) else msgspec.json.schema(shape)


def paths(asking: Asking, service: Service, route: Route) -> Iterator[str]:
    """The route's path with one thing after the other that the cloud has."""
    namer = Namer(asking.furnished, service.type, Random(1), [], "")
    names = re.findall(r"\{(\w+)\}", route.path)
    choices = []
    for name in names:
        known = list(WORDS_IN_PATHS.get(service.prefix + route.path, WORDS.get(name, ())))
        for whose in ("ours", "everybody"):
            known += asking.furnished.things[whose].ids.get(namer.kind(name, route.path), [])
        choices.append([*known, "mark"])
    query = {
        name: value or asking.furnished.projects["ours"]
        for name, value in QUERIES.get(f"GET {service.prefix}{route.path}", {}).items()
    }
    after = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    for chosen in itertools.product(*choices):
        yield service.prefix + route.path.format(**dict(zip(names, chosen, strict=True))) + after


@pytest.mark.parametrize(("service", "route"), ROUTES, ids=NAMES)
def test_a_reply_is_as_declared_in_every_version(asking: Asking, service: Service, route: Route) -> None:
    def ask(path: str, version: Version | None) -> Any:
        headers = {"X-Subject-Token": token} if path.endswith("/auth/tokens") else {}
        if service.microversions and version:
            headers["OpenStack-API-Version"] = f"{service.microversions.service_type} {versions.text(version)}"
        return asking.cloud.get(path, as_=token, headers=headers)

    asked = edges(service, route)
    seen = 0
    for person in ("admin", "member"):
        token = asking.furnished.log_in(person)
        shown = [path for path in paths(asking, service, route) if ask(path, asked[-1]).status_code < 300]
        for path, version in itertools.product(shown[:2], asked):
            answered = ask(path, version)
            assert answered.status_code < 300, f"{path} {version}: {answered.text}"
        seen += len(shown)
    assert bool(seen) == (f"{service.type}:{route.name}" not in NOT_SHOWN), ask(
        next(paths(asking, service, route)), asked[-1]
    ).text

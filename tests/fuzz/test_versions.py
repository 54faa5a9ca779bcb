"""Every GET route is called in each microversion in which its reply changes, in a cloud that has every kind of
resource. tests/replies.py compares each reply with the declaration."""

import itertools
import json
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
from tests.stepped import at

NOT_SHOWN = {
    "cloud:session.show": "takes a browser's cookie: tests/services/cloud/session",
    "compute:server_migrations.show": "no server migrates while it runs",
    "compute:consoles.access": "guests of the fake hypervisor have no screen",
}
ABOUT_OURS = {
    "GET /kumoi/v1/dependents": {"resource": "network", "id": "network"},
    "GET /kumoi/v1/reachability": {"from": "port", "to": "port", "port": "22"},
}
"""Queries that name a resource by its id: parameter → its kind, or a value."""
BODIES: dict[str, Any] = {
    "block_storage:snapshots.create": {"snapshot": {"volume_id": "{volume}", "force": True}},
    "block_storage:snapshots.update": {"snapshot": {"name": "n"}},
    "block_storage:volumes.create": {"volume": {"size": 1}},
    "block_storage:volumes.update": {"volume": {"name": "n"}},
    "block_storage:volumes.update_until_3_52": {"volume": {"name": "n"}},
    "compute:aggregates.create": {"aggregate": {"name": "{new}"}},
    "compute:aggregates.set_metadata": {"set_metadata": {"metadata": {"mark": "x"}}},
    "compute:aggregates.update": {"aggregate": {"name": "{new}-too"}},
    "compute:flavors.create": {"flavor": {"name": "{new}", "vcpus": 1, "ram": 64, "disk": 1}},
    "compute:flavors.update": {"flavor": {"description": "d"}},
    "compute:quota_sets.update": {"quota_set": {"cores": 50}},
    "compute:quota_sets.update_class": {"quota_class_set": {"cores": 50}},
    "compute:server_groups.create_until_2_14": {"server_group": {"name": "{new}", "policies": ["affinity"]}},
    "compute:servers.update": {"server": {"name": "n"}},
    "placement:resource_providers.update": {"name": "n"},
}
"""Bodies of writing routes whose replies change with the version."""
ELSEWHERE = {
    "compute:aggregates.add_host": "a host joins an aggregate once: tests/services/compute/aggregates",
    "compute:aggregates.remove_host": "a host leaves an aggregate once: tests/services/compute/aggregates",
    "block_storage:backups.create": "a volume has one backup in the making: tests/services/block_storage/backups",
    "block_storage:backups.update": "nobody has a backup here: tests/services/block_storage/backups",
    "block_storage:transfers.create": "a volume is offered once: tests/services/block_storage/transfers",
    "block_storage:volume_actions.upload_image": "a volume is uploaded once: tests/services/block_storage/volume_actions",
    "compute:server_rebuild.rebuild": "a server is rebuilt once at a time: tests/services/compute/server_rebuild",
    "compute:interfaces.create": "one server takes few ports: tests/services/compute/interfaces",
    "compute:volume_attachments.create_until_2_100": "one server takes few: tests/services/compute/volume_attachments",
}
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
    """Resources that few clouds have, and path parameters that are not ids."""
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
    sealed = post(f"{CINDER}/types", {"volume_type": {"name": "sealed"}})["volume_type"]["id"]
    post(f"{CINDER}/types/{everybody.add('type', sealed)}/encryption", {"encryption": {"provider": "luks"}})
    post(f"{CINDER}/types/{type_id}/action", {"addProjectAccess": {"project": tenant}})
    post(f"{CINDER}/default-types/{tenant}", {"default_type": {"volume_type": type_id}}, "PUT")
    post(f"{CINDER}/snapshots/{ours['snapshot'][0]}/metadata", {"metadata": {"mark": "x"}}, person="member")
    image = {"name": "shared", "disk_format": "raw", "container_format": "bare", "visibility": "shared"}
    image_id = everybody.add("image", post("/image/v2/images", image, person="member")["id"])
    post(f"/image/v2/images/{image_id}/members", {"member": asking.furnished.projects["strange"]}, person="member")
    post(f"{CINDER}/os-quota-sets/{tenant}", {"quota_set": {"volumes": -1, "snapshots": -1}}, "PUT")
    everybody.add("project", asking.furnished.projects["strange"])
    everybody.add(
        "keypair", post(f"{NOVA}/os-keypairs", {"keypair": {"name": "mine", "public_key": KEY}})["keypair"]["name"]
    )
    actions = post(f"{NOVA}/servers/{ours['server'][0]}/os-instance-actions", None, "GET")["instanceActions"]
    everybody.add("request", actions[0]["request_id"])
    for one in post(f"{NOVA}/os-hypervisors", None, "GET")["hypervisors"]:
        everybody.add("hypervisor", one["hypervisor_hostname"])
        everybody.add("host_name", one["hypervisor_hostname"])
    aggregate = post(f"{NOVA}/os-aggregates", {"aggregate": {"name": "one"}})["aggregate"]
    everybody.add("aggregate", str(aggregate["id"]))
    everybody.add("before", "2026-11-29")
    default = {"name": "default_cgsnapshot_type"}
    group_type = post(f"{CINDER}/group_types", {"group_type": default})["group_type"]["id"]
    post(f"{CINDER}/group_types/{group_type}/group_specs", {"group_specs": {"mark": "x"}})
    everybody.add("group_type", group_type)
    qos = {"name": "one", "consumer": "front-end"}
    everybody.add("qos_specs", post(f"{CINDER}/qos-specs", {"qos_specs": qos})["qos_specs"]["id"])
    metadefs = "/image/v2/metadefs/namespaces"
    post(metadefs, {"namespace": "mark", "visibility": "public"})
    post(f"{metadefs}/mark/objects", {"name": "mark"})
    post(f"{metadefs}/mark/properties", {"name": "mark", "title": "Mark", "type": "string"})
    post(f"{metadefs}/mark/tags/mark", {})
    post(f"{metadefs}/mark/resource_types", {"name": "OS::Glance::Image"})
    wanted = {"import_from": "http://nowhere.invalid/x", "import_from_format": "raw", "image_properties": {"name": "x"}}
    everybody.add("task", post("/image/v2/tasks", {"type": "import", "input": wanted})["id"])
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
    """The route's path for each matching resource of the cloud."""
    namer = Namer(asking.furnished, service.type, Random(1), [], "")
    names = re.findall(r"\{(\w+)\}", route.described_path)
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
    ours = asking.furnished.things["ours"].ids
    for name, value in ABOUT_OURS.get(f"GET {service.prefix}{route.path}", {}).items():
        query[name] = ours[value][0] if value in ours and name != "resource" else value
    after = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    for chosen in itertools.product(*choices):
        yield service.prefix + route.described_path.format(**dict(zip(names, chosen, strict=True))) + after


def ask(
    asking: Asking, service: Service, method: str, path: str, token: str, version: Version | None, **more: Any
) -> Any:
    headers = {"X-Subject-Token": token} if path.endswith("/auth/tokens") else {}
    if service.microversions and version:
        headers["OpenStack-API-Version"] = f"{service.microversions.service_type} {versions.text(version)}"
    return asking.cloud.call(method, path, as_=token, headers=headers, **more)


@pytest.mark.parametrize(("service", "route"), ROUTES, ids=NAMES)
def test_a_reply_is_as_declared_in_every_version(asking: Asking, service: Service, route: Route) -> None:
    asked = edges(service, route)
    seen, last = 0, ""
    for person in ("admin", "member"):
        token = asking.furnished.log_in(person)
        shown = []
        for path in paths(asking, service, route):
            answered = ask(asking, service, "GET", path, token, asked[-1])
            last = answered.text
            shown += [path] if answered.status_code < 300 else []
        for path, version in itertools.product(shown[:2], asked):
            answered = ask(asking, service, "GET", path, token, version)
            assert answered.status_code < 300, f"{path} {version}: {answered.text}"
        seen += len(shown)
    # Requests of a service with its own signatures are asked for in its own tests.
    hidden = f"{service.type}:{route.name}" in NOT_SHOWN or service.identify is not None
    assert bool(seen) != hidden, last


WRITING = {
    f"{service.type}:{route.name}": (service, route)
    for service in app.load_services()
    for route in service.each()
    if route.method != "GET" and route.reply is not None and len(edges(service, route)) > 2
}


def test_every_reply_that_changes_is_asked_for() -> None:
    assert WRITING.keys() == BODIES.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("name", BODIES)
def test_what_writes_answers_as_declared_in_every_version(asking: Asking, name: str) -> None:
    service, route = WRITING[name]
    ours = asking.furnished.things["ours"].ids
    token = asking.furnished.log_in("admin" if route.policy.role == "admin" else "member")
    path = next(iter(paths(asking, service, route)))
    for number, version in enumerate(edges(service, route)):
        text = json.dumps(BODIES[name]).replace("{volume}", ours["volume"][0]).replace("{new}", f"new-{number}")
        answered = ask(asking, service, route.method, path, token, version, json=json.loads(text))
        assert answered.status_code < 300, f"{path} {version}: {answered.text}"

"""Every route that declares a quota takes it: with the limit at what is in use, it refuses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi import app
from kumoi.kernel import quotas
from kumoi.kernel.routes import Route, Service
from kumoi.services.block_storage import bootstrap
from tests.cloud import PROJECT, Cloud
from tests.services.compute import world as worlds
from tests.services.compute.world import World

V2, CINDER, NOVA = "/network/v2.0", "/volume/v3", "/compute/v2.1"
TAKING = [
    (service, route, resource)
    for service in app.load_services()
    for route in service.each()
    for resource in sorted(route.quota)
]
NAMES = [f"{service.type} {route.method} {route.path} {route.name} {resource}" for service, route, resource in TAKING]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPqPM2dUz4UjzHUsNXJWq4JbGJZqFH9KvJ0Zk4NhMW7a somebody"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    cloud = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}")
    cloud.database.write(lambda tx: bootstrap.bootstrap(tx, cloud.settings, {}))
    made = worlds.make(cloud)
    cloud.post(f"{V2}/security-groups", json={"security_group": {"name": "one"}})
    yield made
    cloud.close()


def volume(world: World) -> str:
    made = world.cloud.post(f"{CINDER}/volumes", json={"volume": {"size": 1}})
    world.cloud.settle()
    return str(made.json["volume"]["id"])


def question(world: World, service: Service, route: Route) -> tuple[str, dict[str, Any]]:
    """A path and a body that the route answers with success; a new route with a quota needs one here."""
    cloud, at = world.cloud, service.prefix
    match (service.type, route.path):
        case "compute", "/servers":
            return f"{at}/servers", world.body()
        case "compute", "/servers/{server_id}/os-interface":
            return f"{at}/servers/{world.boot()}/os-interface", {"interfaceAttachment": {"net_id": world.network}}
        case "compute", "/os-keypairs":
            return f"{at}/os-keypairs", {"keypair": {"name": "new", "public_key": KEY}}
        case "block_storage", "/volumes":
            return f"{at}/volumes", {"volume": {"size": 1}}
        case "block_storage", "/snapshots":
            return f"{at}/snapshots", {"snapshot": {"volume_id": volume(world)}}
        case "block_storage", "/volumes/{volume_id}/action":
            return f"{at}/volumes/{volume(world)}/action", {"os-extend": {"new_size": 2}}
        case "network", "/networks":
            return f"{at}/networks", {"network": {}}
        case "network", "/subnets":
            subnet = {"network_id": world.network, "cidr": "10.7.0.0/24", "ip_version": 4}
            return f"{at}/subnets", {"subnet": subnet}
        case "network", "/subnetpools":
            return f"{at}/subnetpools", {"subnetpool": {"name": "p", "prefixes": ["10.7.0.0/16"]}}
        case "network", "/ports":
            return f"{at}/ports", {"port": {"network_id": world.network}}
        case "network", "/routers":
            return f"{at}/routers", {"router": {}}
        case "network", "/routers/{router_id}/add_router_interface":
            router = cloud.post(f"{at}/routers", json={"router": {}}).json["router"]["id"]
            return f"{at}/routers/{router}/add_router_interface", {"subnet_id": world.subnet}
        case "network", "/floatingips":
            external = {"name": "out", "router:external": True}
            network = cloud.post(f"{at}/networks", as_="admin", json={"network": external}).json["network"]["id"]
            subnet = {"network_id": network, "cidr": "203.0.113.0/24", "ip_version": 4}
            assert cloud.post(f"{at}/subnets", as_="admin", json={"subnet": subnet}).status_code == 201
            return f"{at}/floatingips", {"floatingip": {"floating_network_id": network}}
        case "network", "/security-groups":
            return f"{at}/security-groups", {"security_group": {"name": "two"}}
        case "network", "/security-group-rules":
            listed = cloud.get(f"{at}/security-groups", params={"name": "one"}).json["security_groups"]
            rule = {"security_group_id": listed[0]["id"], "direction": "ingress", "protocol": "tcp"}
            return f"{at}/security-group-rules", {"security_group_rule": rule}
        case unknown:
            raise AssertionError(f"no question for {unknown}")


@pytest.mark.parametrize(("service", "route", "resource"), TAKING, ids=NAMES)
def test_what_is_declared_is_taken(world: World, service: Service, route: Route, resource: str) -> None:
    path, body = question(world, service, route)
    version = None
    if route.versions and service.microversions:
        version = ".".join(map(str, max(route.versions.first, service.microversions.minimum)))
    owner = next(owner for owner, name in quotas.registry if name == resource and owner in (service.type, "network"))
    holder = "member-user" if resource == "key_pairs" else PROJECT

    def allow(more: int) -> None:
        def set_limit(tx: Any) -> None:
            used = quotas.registry[owner, resource].usage(tx, holder)
            quotas.set_limit(tx, owner, resource, PROJECT, quotas.UNLIMITED if more else used)

        world.cloud.database.write(set_limit)

    allow(0)
    refused = world.cloud.call(route.method, path, version=version, json=body)
    assert refused.status_code == service.over_quota_status, refused.text
    assert "uota" in refused.text and resource in refused.text
    allow(1)
    taken = world.cloud.call(route.method, path, version=version, json=body)
    assert taken.status_code == route.status, taken.text

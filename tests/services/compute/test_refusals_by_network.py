"""Compute's replies when the network service refuses: Nova's messages and statuses, whatever network's own are."""

from collections.abc import Callable
from typing import Any

import pytest

from kumoi.kernel.errors import ApiError
from kumoi.services.compute import words
from kumoi.services.network.facade import errors
from tests.services.compute.world import LATEST, SERVERS, World

V2 = "/network/v2.0"
NOBODY = "5b1f8e1c-0000-4000-8000-000000000000"


def make(world: World, collection: str, as_: str = "member", **fields: Any) -> str:
    name = collection.replace("-", "_").removesuffix("s")
    made = world.cloud.post(f"{V2}/{collection}", as_=as_, json={name: fields})
    assert made.status_code == 201, made.text
    return str(made.json[name]["id"])


def network(world: World, cidr: str | None = "10.1.0.0/24", as_: str = "member", **fields: Any) -> str:
    made = make(world, "networks", as_, **fields)
    if cidr:
        make(world, "subnets", as_, network_id=made, ip_version=4, cidr=cidr)
    return made


def external(world: World) -> str:
    return network(world, "203.0.113.0/24", "admin", project_id="3" * 32, **{"router:external": True})


def used(world: World) -> str:
    return make(world, "ports", network_id=world.network, device_id="something")


def foreign(world: World) -> str:
    shared = network(world, as_="admin", shared=True)
    return make(world, "ports", "other", network_id=shared)


REFUSED: list[tuple[Callable[[World], dict[str, Any]], int, str]] = [
    (lambda world: {"uuid": NOBODY}, 400, f"Network {NOBODY} could not be found."),
    (lambda world: {"uuid": network(world, as_="other")}, 400, "Network {uuid} could not be found."),
    (lambda world: {"uuid": external(world)}, 403, "It is not allowed to create an interface on external network {uuid}"),
    (lambda world: {"uuid": network(world, None)}, 400,
     "Network {uuid} requires a subnet in order to boot instances on."),
    (lambda world: {"uuid": network(world, "10.2.0.0/30")}, 400,
     "No fixed IP addresses available for network: {uuid}"),
    (lambda world: {"uuid": world.network, "fixed_ip": "10.0.0.2"}, 400,
     "Fixed IP address 10.0.0.2 is already in use on instance."),
    (lambda world: {"uuid": world.network, "fixed_ip": "192.0.2.1"}, 400,
     "Fixed IP address 192.0.2.1 is not a valid address of the network: IP address 192.0.2.1 is not a valid IP for any "
     "of the subnets on the specified network (fixed_ips)."),
    (lambda world: {"port": NOBODY}, 400, f"Port id {NOBODY} could not be found."),
    (lambda world: {"port": foreign(world)}, 400, "Port id {port} could not be found."),
    (lambda world: {"port": used(world)}, 409, "Port {port} is still in use."),
]  # fmt: skip


def message(refused: Any) -> str:
    (fault,) = refused.json.values()
    assert fault["code"] == refused.status_code
    return str(fault["message"])


@pytest.mark.parametrize(("wanted", "status", "words"), REFUSED)
def test_a_server_on_it(world: World, wanted: Any, status: int, words: str) -> None:
    asked = wanted(world)
    told = world.ask(networks=[asked])
    assert (told.status_code, message(told)) == (status, words.format(**asked))
    assert world.cloud.get(SERVERS).json["servers"] == []


@pytest.mark.parametrize(("wanted", "status", "words"), REFUSED)
def test_a_card_on_it(world: World, wanted: Any, status: int, words: str) -> None:
    asked = wanted(world)
    server_id = world.boot(networks="none")
    card = {"net_id": asked.get("uuid"), "port_id": asked.get("port")}
    if address := asked.get("fixed_ip"):
        card["fixed_ips"] = [{"ip_address": address}]
    body = {"interfaceAttachment": {name: value for name, value in card.items() if value}}
    told = world.cloud.post(f"{SERVERS}/{server_id}/os-interface", version=LATEST, json=body)
    assert (told.status_code, message(told)) == (status, words.format(**asked))


def test_an_address_of_ones_choice_on_anothers_shared_network(world: World) -> None:
    """The check that ports have: otherwise a tenant takes the address of another one's gateway or server."""
    shared = network(world, as_="admin", shared=True, project_id="3" * 32)
    choice = {"uuid": shared, "fixed_ip": "10.1.0.77"}
    told = world.ask(networks=[choice])
    assert told.status_code == 403 and "create_port:fixed_ips:ip_address" in message(told)
    assert world.cloud.get(SERVERS).json["servers"] == []
    server_id = world.boot(networks=[{"uuid": shared}])
    card = {"interfaceAttachment": {"net_id": shared, "fixed_ips": [{"ip_address": "10.1.0.78"}]}}
    told = world.cloud.post(f"{SERVERS}/{server_id}/os-interface", version=LATEST, json=card)
    assert told.status_code == 403 and "create_port:fixed_ips:ip_address" in message(told)
    assert world.ask(networks=[choice], as_="admin").status_code == 202


def test_networks_of_themselves(world: World) -> None:
    told = world.ask(as_="other", networks="auto")
    assert (told.status_code, message(told)) == (
        400,
        f"Invalid input for field/attribute networks. Value: auto. Project {'2' * 32} has no network to use, and none can "
        "be made for it: the cloud has no default external network.",
    )
    network(world)
    several = (409, "Multiple possible networks found, use a Network ID to be more specific.")
    told = world.ask(networks="auto")
    assert (told.status_code, message(told)) == several
    server_id = world.boot(networks="none")
    told = world.cloud.post(f"{SERVERS}/{server_id}/os-interface", version=LATEST, json={"interfaceAttachment": {}})
    assert (told.status_code, message(told)) == several


def test_the_same_port_twice(world: World) -> None:
    port = make(world, "ports", network_id=world.network)
    told = world.ask(networks=[{"port": port}, {"port": port}])
    assert (told.status_code, message(told)) == (400, f"Port {port} is specified more than once (networks.port).")


def test_a_port_of_another_project_that_the_caller_sees(world: World) -> None:
    port = foreign(world)
    told = world.ask(as_="admin", networks=[{"port": port}])
    words = f"Port {port} is not usable: it belongs to another project than the server."
    assert (told.status_code, message(told)) == (400, words)


def test_security_groups(world: World) -> None:
    make(world, "security-groups", name="twice")
    make(world, "security-groups", name="twice")
    told = world.ask(security_groups=[{"name": "default"}, {"name": "none"}])
    words = f"Security group none not found for project {'1' * 32}."
    assert (told.status_code, message(told)) == (400, words)
    told = world.ask(security_groups=[{"name": "twice"}])
    several = "Multiple security groups found matching 'twice'. Use an ID to be more specific."
    assert (told.status_code, message(told)) == (409, several)
    server_id = world.boot(networks="none")
    told = world.act(server_id, "addSecurityGroup", {"name": "none"})
    assert (told.status_code, message(told)) == (404, "Security group none does not exist")
    told = world.act(server_id, "addSecurityGroup", {"name": "twice"})
    assert (told.status_code, message(told)) == (409, several)
    told = world.act(server_id, "addSecurityGroup", {"name": "default"})
    words = f"Security group default cannot be added: no port of instance {server_id} is secured."
    assert (told.status_code, message(told)) == (400, words)
    told = world.act(server_id, "removeSecurityGroup", {"name": "default"})
    assert (told.status_code, message(told)) == (404, "Security group default does not exist")


def test_quotas_and_patterns(world: World) -> None:
    world.cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"port": 0}})
    told = world.ask()
    assert told.status_code == 403 and message(told).startswith("Quota exceeded for port"), told.text
    told = world.cloud.get(f"{SERVERS}?ip=(", version=LATEST)
    assert told.status_code == 400 and "ip" in message(told), told.text


def test_everything_that_network_refuses_has_words() -> None:
    refused = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, ApiError) and kind.__module__.startswith("kumoi.services")
    }
    assert len(refused) > 10
    assert refused == {*words.OF_PORTS, *words.OF_SECURITY_GROUPS, *words.OF_FLOATING_IPS}

"""Metadata requests: each guest gets its own data, and networks with the same addresses do not mix."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kumoi.engines.hypervisor.interface import GuestAddress, GuestMetadata
from kumoi.engines.network.interface import NetworkError
from kumoi.host.metadata.server import MetadataServer
from kumoi.kernel import processes, randomness
from tests.engines.hypervisor.contract import metadata
from tests.waits import PATIENCE


def about(server_id: str, network_id: str, *addresses: str) -> GuestMetadata:
    return msgspec.structs.replace(
        metadata(server_id), addresses=[GuestAddress(network_id, address) for address in addresses]
    )


@pytest.fixture
def server() -> Iterator[MetadataServer]:
    made = MetadataServer()
    yield made
    made.close()


def asked(server: MetadataServer, network_id: str, address: str) -> str | None:
    status, body = server.answer(network_id, address, "GET", "/openstack/latest/meta_data.json")
    return json.loads(body)["uuid"] if status == 200 else None


def test_a_guest_is_known_by_network_and_address(server: MetadataServer) -> None:
    server.publish("a", about("a", "red", "10.0.0.5", "fd00:0::5"))
    server.publish("b", about("b", "blue", "10.0.0.5"))
    assert asked(server, "red", "10.0.0.5") == "a"
    assert asked(server, "red", "fd00::5") == "a"
    assert asked(server, "blue", "10.0.0.5") == "b"
    assert asked(server, "blue", "10.0.0.6") is None
    assert asked(server, "green", "10.0.0.5") is None


def test_a_guest_without_ipv4_is_known_by_its_card(server: MetadataServer) -> None:
    link = {"id": "tap1", "ethernet_mac_address": "fa:16:3e:00:03:2d"}
    told = {"links": [link], "networks": [{"link": "tap1", "network_id": "red"}], "services": []}
    server.publish("a", msgspec.structs.replace(about("a", "red"), network_data=told))
    assert asked(server, "red", "fe80::f816:3eff:fe00:32d") == "a"
    assert asked(server, "red", "fe80::f816:3eff:fe00:32e") is None
    assert asked(server, "blue", "fe80::f816:3eff:fe00:32d") is None
    server.publish("a", None)
    assert asked(server, "red", "fe80::f816:3eff:fe00:32d") is None


def test_what_is_published_counts_from_the_next_question(server: MetadataServer) -> None:
    server.publish("a", about("a", "red", "10.0.0.5"))
    assert asked(server, "red", "10.0.0.5") == "a"
    server.publish("a", msgspec.structs.replace(about("a", "red", "10.0.0.9"), meta={"new": "yes"}))
    assert asked(server, "red", "10.0.0.5") is None
    assert b'"new":"yes"' in server.answer("red", "10.0.0.9", "GET", "/openstack/latest/meta_data.json")[1]
    server.publish("a", None)
    assert asked(server, "red", "10.0.0.9") is None


def test_an_address_passes_to_another_guest(server: MetadataServer) -> None:
    server.publish("a", about("a", "red", "10.0.0.5"))
    server.publish("b", about("b", "red", "10.0.0.5"))
    server.publish("a", None)
    assert asked(server, "red", "10.0.0.5") == "b"


def test_odd_questions(server: MetadataServer) -> None:
    server.publish("a", about("a", "red", "10.0.0.5"))
    assert server.answer("red", "10.0.0.5", "PUT", "/latest/api/token")[0] == 405
    assert server.answer("red", "10.0.0.5", "GET", "/openstack/../../etc/passwd")[0] == 404
    assert server.answer("red", "10.0.0.5", "GET", "//latest//meta-data/?x=1")[0] == 200
    assert server.answer("red", "10.0.0.5", "GET", "/openstack/latest")[1].startswith(b"meta_data.json\n")


@pytest.mark.real
def test_two_networks_with_the_same_addresses(server: MetadataServer) -> None:
    networks = {f"kt-{randomness.new_hex()[:8]}": server_id for server_id in ("a", "b")}

    def ip(*words: str) -> None:
        processes.run(["ip", *words])

    try:
        for name, server_id in networks.items():
            ip("netns", "add", name)
            ip("netns", "add", f"{name}-guest")
            ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", f"{name}-guest")
            for inside, address in ((name, "10.0.0.2/24"), (f"{name}-guest", "10.0.0.5/24")):
                ip("-n", inside, "address", "add", address, "dev", "eth0")
                ip("-n", inside, "link", "set", "eth0", "up")
            ip("-n", name, "address", "add", "169.254.169.254/32", "dev", "eth0")
            ip("-n", f"{name}-guest", "route", "add", "169.254.169.254", "via", "10.0.0.2")
            server.publish(server_id, about(server_id, name, "10.0.0.5"))
            server.listen(name, name)
            server.listen(name, name)

        def ask(name: str, path: str = "openstack/latest/meta_data.json") -> str:
            question = f"exec 3<>/dev/tcp/169.254.169.254/80; printf 'GET /{path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
            return processes.run(["ip", "netns", "exec", f"{name}-guest", "bash", "-c", question], within=PATIENCE)

        for name, server_id in networks.items():
            head, _, body = ask(name).partition("\n\n")
            assert head.startswith("HTTP/1.1 200 OK")
            assert json.loads(body)["uuid"] == server_id
        first = next(iter(networks))
        server.publish("a", msgspec.structs.replace(about("a", first, "10.0.0.5"), user_data=b"x" * 300_000))
        assert ask(first, "openstack/latest/user_data").count("x") >= 300_000
        server.quiet(first)
        with pytest.raises(processes.CommandFailed):
            ask(first)
        ip("netns", "delete", first)
        with pytest.raises(NetworkError, match="No such file"):
            server.listen(first, first)
    finally:
        for name in networks:
            for namespace in (name, f"{name}-guest"):
                if Path("/run/netns", namespace).exists():
                    ip("netns", "delete", namespace)

"""A guest's metadata follows its server's rows."""

import json
from typing import Any

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import GuestAddress
from kumoi.host.metadata.documents import config_drive, documents
from tests.services.compute.world import SERVERS, World

V2 = "/network/v2.0"


def make(world: World, kind: str, as_: str = "member", **fields: Any) -> dict[str, Any]:
    made = world.cloud.post(f"{V2}/{kind}s", as_=as_, json={kind: fields})
    assert made.status_code == 201, made.text
    return dict(made.json[kind])


def way_out(world: World) -> str:
    """A router between the world's network and an external one; the id of the latter."""
    outside = str(make(world, "network", "admin", **{"router:external": True})["id"])
    make(world, "subnet", "admin", network_id=outside, ip_version=4, cidr="172.24.4.0/24", enable_dhcp=False)
    router = make(world, "router", external_gateway_info={"network_id": outside})["id"]
    path = f"{V2}/routers/{router}/add_router_interface"
    assert world.cloud.put(path, json={"subnet_id": world.subnet}).status_code == 200
    world.cloud.settle()
    return outside


def read(world: World, server_id: str) -> tuple[list[GuestAddress], str | None]:
    """The addresses in the guest's metadata, and its public address."""
    metadata = world.cloud.engines[FakeHypervisor].spec(server_id).metadata
    public = documents(metadata, b"seed")["latest/meta-data/public-ipv4"]
    return metadata.addresses, public.decode().strip() or None


def test_a_floating_ip_that_comes_moves_and_goes(world: World) -> None:
    outside, one, two = way_out(world), world.boot("one"), world.boot("two")
    cards = {server: world.cloud.get(f"{SERVERS}/{server}/os-interface").json for server in (one, two)}
    ports = {server: cards[server]["interfaceAttachments"][0]["port_id"] for server in cards}
    assert read(world, one)[1] is None

    floating = make(world, "floatingip", floating_network_id=outside, port_id=ports[one])
    path, address = f"{V2}/floatingips/{floating['id']}", floating["floating_ip_address"]
    world.cloud.settle()
    assert read(world, one)[1] == address and read(world, one)[0][0].floating == address

    world.cloud.put(path, json={"floatingip": {"port_id": ports[two]}})
    world.cloud.settle()
    assert (read(world, one)[1], read(world, two)[1]) == (None, address)

    world.cloud.put(path, json={"floatingip": {"port_id": None}})
    world.cloud.settle()
    assert read(world, two)[1] is None

    world.cloud.put(path, json={"floatingip": {"port_id": ports[one]}})
    world.cloud.settle()
    assert read(world, one)[1] == address
    assert world.cloud.delete(path).status_code == 204
    world.cloud.settle()
    assert read(world, one)[1] is None


def test_a_floating_ip_given_while_the_server_is_made(world: World) -> None:
    outside = way_out(world)
    server_id = str(world.ask().json["server"]["id"])
    (card,) = world.cloud.get(f"{SERVERS}/{server_id}/os-interface").json["interfaceAttachments"]
    floating = make(world, "floatingip", floating_network_id=outside, port_id=card["port_id"])
    world.cloud.settle()
    assert read(world, server_id)[1] == floating["floating_ip_address"]


def test_another_address_of_a_port(world: World) -> None:
    server_id = world.boot()
    (card,) = world.cloud.get(f"{SERVERS}/{server_id}/os-interface").json["interfaceAttachments"]
    body = {"port": {"fixed_ips": [{"ip_address": "10.0.77.7"}]}}
    assert world.cloud.put(f"{V2}/ports/{card['port_id']}", json=body).status_code == 200
    world.cloud.settle()
    assert [each.address for each in read(world, server_id)[0]] == ["10.0.77.7"]


def test_files_of_old_versions(world: World) -> None:
    def ask(*files: tuple[str, str], version: str = "2.56") -> Any:
        personality = [{"path": path, "contents": contents} for path, contents in files]
        return world.ask(version=version, personality=personality)

    motd = ("/etc/motd", "aGVs\nbG8=")
    assert ask(motd, version="2.57").status_code == 400
    refused = ask(("/a", "no base 64!"))
    assert refused.status_code == 400 and "personality[0].contents" in refused.json["badRequest"]["message"]
    for named, files in (
        ("injected_files", [motd] * 6), ("injected_file_path_bytes", [("/" + "x" * 255, "")]),
        ("injected_file_content_bytes", [("/a", "AAAA" * 3414)]),
    ):  # fmt: skip
        refused = ask(*files)
        assert refused.status_code == 403 and named in refused.json["forbidden"]["message"]
    server_id = ask(("/empty", ""), motd).json["server"]["id"]
    world.cloud.settle()
    metadata = world.cloud.engines[FakeHypervisor].spec(server_id).metadata
    for read in (documents(metadata, b"seed"), config_drive(metadata, b"seed")):
        _, told = json.loads(read["openstack/latest/meta_data.json"])["files"]
        assert told == {"path": "/etc/motd", "content_path": "/content/0001"}
        assert read["openstack/content/0001"] == b"hello"
    assert world.cloud.audit() == []

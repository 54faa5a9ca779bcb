"""Requests for new servers, and their results."""

import base64
from functools import partial
from typing import Any

import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.hypervisor.interface import MOST_CARDS, MOST_DISKS
from kumoi.engines.hypervisor.qemu.hardware import lay_out
from tests.cloud import PROJECT
from tests.services.compute.world import LATEST, SERVERS, World
from tests.waits import at_once

UNKNOWN = "5b1f8e1c-0000-4000-8000-000000000000"


def message(response: Any) -> str:
    (error,) = response.json.values()
    return str(error["message"])


def test_the_first_answer(world: World) -> None:
    made = world.ask(adminPass="secret", security_groups=[{"name": "default"}])
    server = made.json["server"]
    assert set(server) == {"id", "links", "OS-DCF:diskConfig", "adminPass", "security_groups"}
    assert server["adminPass"] == "secret" and server["security_groups"] == [{"name": "default"}]
    assert made.headers["Location"].endswith(f"/compute/v2.1/servers/{server['id']}")
    shown = world.show(server["id"])
    assert (shown["status"], shown["OS-EXT-STS:task_state"], shown["progress"]) == ("BUILD", "scheduling", 0)


def test_what_the_guest_is_told(world: World) -> None:
    world.cloud.post("/compute/v2.1/os-keypairs", json={"keypair": {"name": "k"}})
    data = base64.b64encode(b"#!/bin/sh\n").decode()
    server_id = world.boot(
        "My Server!", key_name="k", user_data=data, config_drive=True, metadata={"a": "b"}, adminPass="pw"
    )
    spec = world.cloud.engines[FakeHypervisor].spec(server_id)
    read = spec.metadata
    assert spec.config_drive and read.user_data == b"#!/bin/sh\n" and read.meta == {"a": "b"}
    assert read.hostname == "my-server" and list(read.public_keys) == ["k"] and read.admin_pass == "pw"
    assert spec.root is not None and (spec.root.image_id, spec.root.size_gib) == (world.image, 1)
    assert (spec.vcpus, spec.memory_mib) == (1, 256)
    assert read.network_data["links"] and read.addresses[0].address.startswith("10.0.")
    shown = world.show(server_id, as_="admin")
    assert shown["OS-EXT-SRV-ATTR:user_data"] == data and shown["config_drive"] == "True"
    assert "pw" not in str(world.cloud.database.read(lambda tx: tx.all(_everything())))


@pytest.mark.parametrize("version", ["2.3", LATEST])
def test_who_only_reads_sees_no_user_data(world: World, version: str) -> None:
    data = base64.b64encode(b"password: secret").decode()
    server_id = world.boot(user_data=data)
    field = "OS-EXT-SRV-ATTR:user_data"
    assert world.show(server_id, as_="system", version=version)[field] == data
    for reader in ("system-reader", "system-member", "system-manager"):
        shown = world.show(server_id, as_=reader, version=version)
        listed = world.cloud.get(f"{SERVERS}/detail?all_tenants=1", as_=reader, version=version)
        assert listed.status_code == 200 and server_id in listed.text
        for answer in (str(shown), listed.text):
            assert data not in answer and "secret" not in answer, reader


def _everything() -> Any:
    import sqlalchemy as sa

    from kumoi.kernel.operations import operations
    from kumoi.services.compute.servers.models import servers

    return sa.select(servers, operations.c.arguments, operations.c.data).join(operations, sa.true())


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "   "}, "name"),
        ({"flavorRef": "none"}, "Flavor none"),
        ({"flavorRef": None}, "flavorRef"),
        ({"imageRef": UNKNOWN}, "image"),
        ({"imageRef": None}, "imageRef"),
        ({"networks": [{"uuid": "nonsense"}]}, "networks"),
        ({"networks": [{"uuid": UNKNOWN}]}, UNKNOWN),
        ({"networks": [{}]}, "network"),
        ({"networks": "some"}, "networks"),
        ({"networks": None}, "networks"),
        ({"key_name": "none"}, "key_name"),
        ({"user_data": "%%%"}, "user_data"),
        ({"user_data": "aGVs\u00a0bG8="}, "user_data"),
        ({"user_data": "aGVs\u3000bG8="}, "user_data"),
        ({"user_data": "A" * 65536}, "user_data"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"a" * 256: "1"}}, "metadata"),
        ({"security_groups": [{"name": "none"}]}, "none"),
        ({"availability_zone": "mars"}, "availability zone"),
        ({"min_count": 0}, "min_count"),
        ({"min_count": 3, "max_count": 2}, "min_count"),
        ({"min_count": "x"}, "min_count"),
        ({"config_drive": "perhaps"}, "config_drive"),
        ({"accessIPv4": "fe80::1"}, "accessIPv4"),
        ({"tags": ["a,b"]}, "tags"),
        ({"accessIPv6": "fe80::1%eth0"}, "accessIPv6"),
        ({"hostname": "-x"}, "hostname"),
        ({"hostname": "x-y\n"}, "hostname"),
        ({"trusted_image_certificates": [UNKNOWN]}, "trusted_image_certificates"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_input_names_its_field_and_makes_nothing(world: World, asked: dict[str, Any], field: str) -> None:
    body = world.body()
    body["server"].update(asked)
    for name in [name for name, value in asked.items() if value is None]:
        del body["server"][name]
    refused = world.cloud.post(SERVERS, version="2.96", json=body)
    assert refused.status_code == 400 and field in message(refused), refused.text
    assert world.cloud.get(SERVERS).json["servers"] == []
    assert world.cloud.audit() == []


def test_images_that_do_not_fit(world: World) -> None:
    import sqlalchemy as sa

    from kumoi.services.image.images.models import images

    for values, words in (
        ({"status": "queued"}, "not active"),
        ({"status": "active", "min_ram": 257}, "memory is too small"),
        ({"min_ram": 0, "min_disk": 2}, "disk is smaller"),
        ({"min_disk": 0, "virtual_size": 2 << 30}, "disk is too small"),
    ):
        world.cloud.database.write(lambda tx, values=values: tx.execute(sa.update(images).values(**values)))
        refused = world.ask()
        assert refused.status_code == 400 and words in message(refused), refused.text


def test_quota_is_taken_and_given_back(world: World) -> None:
    world.cloud.put("/compute/v2.1/os-quota-sets/" + "1" * 32, as_="admin", json={"quota_set": {"instances": 2}})
    server_id = world.boot()
    world.boot("two")
    refused = world.ask("three")
    assert refused.status_code == 403
    assert message(refused) == ("Quota exceeded for instances: Requested 1, but already used 2 of 2 instances.")
    limits = world.cloud.get("/compute/v2.1/limits").json["limits"]["absolute"]
    assert (limits["totalInstancesUsed"], limits["totalCoresUsed"], limits["totalRAMUsed"]) == (2, 2, 512)
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.cloud.settle()
    assert world.ask("three").status_code == 202


def test_many_at_once(world: World) -> None:
    made = world.ask("many", min_count=2, max_count="3", return_reservation_id=True)
    reservation_id = made.json["reservation_id"]
    world.cloud.settle()
    listed = world.cloud.get(f"{SERVERS}/detail", params={"reservation_id": reservation_id}).json["servers"]
    assert sorted(each["name"] for each in listed) == ["many-1", "many-2", "many-3"]
    assert {each["status"] for each in listed} == {"ACTIVE"}
    world.cloud.put("/compute/v2.1/os-quota-sets/" + "1" * 32, as_="admin", json={"quota_set": {"instances": 5}})
    assert world.ask("more", min_count=1, max_count=9).status_code == 202
    assert len(world.cloud.get(SERVERS).json["servers"]) == 5
    assert world.ask("more", min_count=2, networks=[{"port": UNKNOWN}]).status_code == 400


def test_networks_chosen_and_not(world: World) -> None:
    port = world.cloud.post("/network/v2.0/ports", json={"port": {"network_id": world.network}}).json["port"]
    given = world.boot("given", networks=[{"port": port["id"]}])
    (address,) = world.show(given)["addresses"]["private"]
    assert address["addr"] == port["fixed_ips"][0]["ip_address"]
    assert world.ask("again", networks=[{"port": port["id"]}]).status_code == 409
    fixed = world.boot("fixed", networks=[{"uuid": world.network, "fixed_ip": "10.0.7.7"}])
    assert world.show(fixed)["addresses"]["private"][0]["addr"] == "10.0.7.7"
    assert world.ask("again", networks=[{"uuid": world.network, "fixed_ip": "10.0.7.7"}]).status_code in (400, 409)
    assert world.show(world.boot("auto", networks="auto"))["addresses"]
    refused = world.ask("lonely", as_="other", networks="auto")
    assert refused.status_code == 400 and "networks" in refused.json["badRequest"]["message"]
    assert world.show(world.boot("none", networks="none"))["addresses"] == {}
    old = world.cloud.post(SERVERS, version="2.36", json=world.body("old", networks=None))
    assert old.status_code == 202
    assert world.cloud.post(SERVERS, version="2.36", json=world.body("old", networks="auto")).status_code == 400
    world.cloud.post("/network/v2.0/networks", json={"network": {"name": "other"}})
    world.cloud.delete(f"{SERVERS}/{given}")
    world.cloud.settle()
    assert world.cloud.get(f"/network/v2.0/ports/{port['id']}").json["port"]["device_id"] == ""
    world.nothing_is_left()


def test_hosts_by_an_admins_choice(world: World) -> None:
    assert world.ask(availability_zone="nova:host-1").status_code == 403
    assert world.ask(host="host-1").status_code == 403
    made = world.ask(as_="admin", availability_zone="nova:host-1")
    world.cloud.settle()
    assert world.show(made.json["server"]["id"], as_="admin")["OS-EXT-SRV-ATTR:host"] == "host-1"
    for name in ("host", "hypervisor_hostname"):
        refused = world.ask("lost", as_="admin", **{name: "host-9"})
        assert refused.status_code == 400 and "host-9 could not be found" in message(refused)
        assert world.ask("found", as_="admin", **{name: "host-1"}).status_code == 202


def test_no_more_than_a_guest_has_room_for(world: World) -> None:
    card = {"uuid": world.network}
    refused = world.ask(networks=[card] * (MOST_CARDS + 1))
    assert refused.status_code == 400 and "networks" in message(refused)
    blank = {"source_type": "blank", "destination_type": "volume", "volume_size": 1, "delete_on_termination": True}
    root = {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": world.image}
    refused = world.ask(block_device_mapping_v2=[root, *([blank] * MOST_DISKS)])
    assert refused.status_code == 400 and "Block Device Mapping is Invalid" in message(refused)
    quota = {"quota_set": {"volumes": 2 * MOST_DISKS}}
    assert world.cloud.put(f"/volume/v3/os-quota-sets/{PROJECT}", as_="admin", json=quota).status_code == 200
    full = world.boot(networks=[card] * MOST_CARDS, block_device_mapping_v2=[root, *([blank] * (MOST_DISKS - 1))])
    spec = world.cloud.engines[FakeHypervisor].spec(full)
    hardware = lay_out(spec, "tcg", "max")
    assert (len(hardware.disk_slots), len(hardware.nic_slots)) == (MOST_DISKS, MOST_CARDS)
    made = world.cloud.post("/volume/v3/volumes", json={"volume": {"size": 1}}).json["volume"]
    world.cloud.settle()
    for path, asked in (
        ("os-interface", {"interfaceAttachment": {"net_id": world.network}}),
        ("os-volume_attachments", {"volumeAttachment": {"volumeId": made["id"]}}),
    ):
        refused = world.cloud.post(f"{SERVERS}/{full}/{path}", json=asked)
        assert refused.status_code == 403 and "more than" in refused.json["forbidden"]["message"]
    world.cloud.settle()
    assert world.cloud.get(f"/volume/v3/volumes/{made['id']}").json["volume"]["status"] == "available"
    assert world.cloud.engines[FakeHypervisor].spec(full) == spec
    assert world.cloud.audit() == []


def test_hints(world: World) -> None:
    body = {**world.body(), "os:scheduler_hints": {"group": UNKNOWN}}
    assert world.cloud.post(SERVERS, version="2.96", json=body).status_code == 400
    body = {**world.body(), "os:scheduler_hints": {"different_host": [UNKNOWN]}}
    assert world.cloud.post(SERVERS, version="2.96", json=body).status_code == 202


def test_two_requests_at_once_make_two_servers(world: World) -> None:
    answers = at_once([partial(world.ask, f"t{n}") for n in range(6)])
    assert [answer.status_code for answer in answers] == [202] * 6
    at_once([world.cloud.settle] * 2)
    listed = world.cloud.get(f"{SERVERS}/detail").json["servers"]
    assert [each["status"] for each in listed] == ["ACTIVE"] * 6
    assert len({each["addresses"]["private"][0]["addr"] for each in listed}) == 6
    for each in listed:
        world.cloud.delete(f"{SERVERS}/{each['id']}")
    world.nothing_is_left()


def test_a_blank_root_volume_beside_an_image(world: World) -> None:
    made = world.cloud.post("/volume/v3/volumes", json={"volume": {"size": 1}}).json["volume"]["id"]
    world.cloud.settle()
    root = {"source_type": "volume", "destination_type": "volume", "boot_index": 0, "uuid": made}
    refused = world.ask(imageRef=None, block_device_mapping_v2=[root])
    assert refused.status_code == 400 and "not bootable" in message(refused)
    server_id = world.boot(block_device_mapping_v2=[root])
    assert [each["id"] for each in world.show(server_id)["os-extended-volumes:volumes_attached"]] == [made]
    assert world.cloud.audit() == []


@pytest.mark.parametrize("named", ["port", "none"])
def test_a_group_that_does_not_exist(world: World, named: str) -> None:
    networks: Any = "none"
    if named == "port":
        body = {"port": {"network_id": world.network}}
        networks = [{"port": world.cloud.post("/network/v2.0/ports", json=body).json["port"]["id"]}]
    refused = world.ask(networks=networks, security_groups=[{"name": "nope"}])
    assert refused.status_code == 400 and "nope" in message(refused)
    assert world.ask(networks=networks, security_groups=[{"name": "default"}]).status_code == 202

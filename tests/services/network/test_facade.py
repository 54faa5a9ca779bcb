"""The network service's facade for devices of other services."""

from typing import Any

import pytest

from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import OverQuota
from kumoi.services.network.facade import addresses, errors, network_data, ports, security_groups
from kumoi.services.network.facade.ports import Wanted
from tests.cloud import CALLERS

MEMBER = CALLERS["member"]
V2 = "/network/v2.0"
NOVA = "compute:nova"


def test_a_server_by_itself_gets_the_one_network(cloud: Any, net: Any) -> None:
    def plan(wanted: Any = None) -> list[Wanted]:
        planned: list[Wanted] = cloud.database.read(lambda tx: ports.plan(tx, MEMBER, wanted))
        return planned

    net.external()
    net.network(cidr=None)
    assert plan() == []
    with pytest.raises(errors.NoNetwork):
        plan("auto")
    shared = net.network("10.4.0.0/24", as_="admin", shared=True, project_id="3" * 32)
    assert plan() == [Wanted(network_id=shared["id"])]
    own = net.network()
    assert plan() == [Wanted(network_id=own["id"])] and plan("none") == []
    net.network("10.1.0.0/24")
    with pytest.raises(errors.NetworksAmbiguous):
        plan()


def test_ports_come_and_go_with_their_server(cloud: Any, net: Any) -> None:
    one, two = net.network(), net.network("10.1.0.0/24", mtu=1300)
    given = net.make("ports", network_id=two["id"])
    group = net.make("security-groups", name="web")
    wanted = [
        Wanted(network_id=one["id"], fixed_ip="10.0.0.50", tag="nic"),
        Wanted(port_id=given["id"]),
        Wanted(network_id=two["id"]),
    ]

    def create(tx: Transaction) -> list[ports.Port]:
        ids = ports.create(tx, MEMBER, "server", wanted, ["web", "default"], owner="compute:zone-1")
        return [ports.by_ids(tx, ids)[one] for one in ids]

    made = cloud.database.write(create)
    assert [port.network_name for port in made] == ["n"] * 3 and made[1].id == given["id"]
    assert made[0].fixed_addresses == ((one["subnet"]["id"], "10.0.0.50", 4),) and made[0].tag == "nic"
    assert {name for _, name in made[0].security_groups} == {"web", "default"}
    assert (group["id"], "web") in made[0].security_groups
    assert made[0].created_for_device and not made[1].created_for_device
    assert made[0].device_owner == "compute:zone-1" and made[2].mtu == 1300
    cloud.settle()
    bound = cloud.database.write(lambda tx: ports.bind(tx, "server", "host-1"))
    assert bound == [port.id for port in made]
    assert {port.host for port in cloud.database.read(lambda tx: ports.by_ids(tx, bound)).values()} == {"host-1"}
    assert len(cloud.database.read(reconcile.pending)) == 5  # three ports, metadata of two networks
    assert not cloud.database.read(lambda tx: ports.all_up(tx, [made[0].id]))
    found = cloud.database.read(lambda tx: ports.of_devices(tx, ["server", "nobody"]))
    assert [port.id for port in found["server"]] == [port.id for port in made] and set(found) == {"server"}
    assert cloud.database.read(ports.device_ids) == {"server"}

    def search(pattern: str, version: int = 4) -> set[str]:
        return cloud.database.read(
            lambda tx: {row[0] for row in tx.tuples(addresses.devices_with(tx, pattern, version))}
        )

    assert search("^10.0.0.5") == search("0.0.[5]0$") == {"server"} and search(".", 6) == search("^10.0.0$") == set()
    data = cloud.database.read(lambda tx: network_data.of_ports(tx, made))
    assert [link["mtu"] for link in data["links"]] == [1442, 1300, 1300]
    assert data["networks"][0]["type"] == "ipv4_dhcp"
    cloud.database.write(lambda tx: ports.unbind(tx, "server"))
    cloud.database.write(lambda tx: ports.release_one(tx, "server", made[2].id))
    for _ in range(2):
        cloud.database.write(lambda tx: ports.release(tx, "server"))
    assert [port["id"] for port in net.list("ports", device_owner="")] == [given["id"]]
    freed = net.show("ports", given["id"])
    assert freed["device_id"] == freed["binding:host_id"] == ""
    cloud.settle()
    assert cloud.database.read(ports.device_ids) == set()


@pytest.mark.parametrize(
    ("wanted", "error", "facts"),
    [
        (Wanted(network_id="nobody"), errors.NetworkNotFound, {"network_id": "nobody"}),
        (Wanted(port_id="nobody"), errors.PortNotFound, {"port_id": "nobody"}),
        (Wanted(), errors.NetworkNotNamed, {}),
        (Wanted(network_id="OUTSIDE"), errors.NetworkNotUsable, {"network_id": "OUTSIDE"}),
        (Wanted(network_id="BARE"), errors.NetworkWithoutSubnet, {"network_id": "BARE"}),
        (Wanted(network_id="OWN", fixed_ip="10.9.9.9"), errors.InvalidFixedAddress, {"address": "10.9.9.9"}),
        (Wanted(network_id="OWN", fixed_ip="nonsense"), errors.InvalidFixedAddress, {"address": "nonsense"}),
        (Wanted(network_id="OWN", fixed_ip="10.0.0.2"), errors.IpAddressAlreadyAllocated, {"address": "10.0.0.2"}),
        (Wanted(network_id="FOREIGN"), errors.NetworkNotFound, {"network_id": "FOREIGN"}),
        (Wanted(port_id="USED"), errors.PortInUse, {"port_id": "USED", "device_id": "x"}),
        (Wanted(network_id="FULL"), errors.IpAddressGenerationFailure, {"network_id": "FULL"}),
    ],
)
def test_refusals_carry_the_facts(cloud: Any, net: Any, wanted: Wanted, error: Any, facts: dict[str, str]) -> None:
    own = net.network()
    full = net.network("10.2.0.0/30")
    ids = {
        "OWN": own["id"], "OUTSIDE": net.external()["id"], "BARE": net.network(cidr=None)["id"], "FULL": full["id"],
        "FOREIGN": net.network(as_="other")["id"],
        "USED": net.make("ports", network_id=own["id"], device_id="x")["id"],
    }  # fmt: skip
    real = Wanted(ids.get(wanted.network_id or "", wanted.network_id), ids.get(wanted.port_id or "", wanted.port_id),
                  wanted.fixed_ip)  # fmt: skip
    before = len(net.list("ports", as_="admin"))

    def create(tx: Transaction) -> Any:
        return ports.create(tx, MEMBER, "server", [Wanted(network_id=own["id"]), real], owner=NOVA)

    with pytest.raises(error) as refused:
        cloud.database.write(create)
    assert {name: getattr(refused.value, name) for name in facts} == {
        name: ids.get(value, value) for name, value in facts.items()
    }
    assert len(net.list("ports", as_="admin")) == before


def test_security_groups_and_quota(cloud: Any, net: Any) -> None:
    network = net.network()
    for _ in range(2):
        net.make("security-groups", name="twice")

    def create(names: list[str]) -> Any:
        return lambda tx: ports.create(tx, MEMBER, "server", [Wanted(network_id=network["id"])], names, owner=NOVA)

    with pytest.raises(errors.SecurityGroupNotFound) as missing:
        cloud.database.write(create([net.make("security-groups", name="one")["id"], "default", "missing"]))
    assert (missing.value.group_id, missing.value.project_id) == ("missing", MEMBER.project_id)
    with pytest.raises(errors.SecurityGroupsAmbiguous):
        cloud.database.write(create(["twice"]))
    with pytest.raises(errors.NoSecuredPort):
        cloud.database.write(lambda tx: security_groups.add(tx, MEMBER.project_id or "", "server", "default"))
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"port": 1}})
    with pytest.raises(OverQuota):
        cloud.database.write(create([]))


def test_nobody_puts_a_card_into_a_server_but_compute(cloud: Any, net: Any) -> None:
    network = net.network(as_="admin", shared=True, project_id="3" * 32)
    net.make("ports", as_="other", network_id=network["id"], device_id="server", device_owner="compute:nova")
    assert cloud.database.read(lambda tx: ports.of_devices(tx, ["server"])) == {}
    assert cloud.database.write(lambda tx: ports.bind(tx, "server", "host-1")) == []
    (port,) = cloud.database.write(
        lambda tx: ports.create(tx, MEMBER, "server", [Wanted(network_id=network["id"])], owner=NOVA)
    )
    path = f"{V2}/ports/{port}"
    for change in ({"device_id": ""}, {"device_id": "another"}, {"device_owner": "mine"}):
        net.refused(cloud.put(path, json={"port": change}), 409, "PortInUse")
    assert net.set("ports", port, name="x", device_id="server")["name"] == "x"


def test_floating_ips_of_servers(cloud: Any, net: Any) -> None:
    outside, inside = net.external(), net.network()
    router = net.make("routers", external_gateway_info={"network_id": outside["id"]})
    body = {"subnet_id": inside["subnet"]["id"]}
    cloud.put(f"{V2}/routers/{router['id']}/add_router_interface", json=body)
    (port,) = cloud.database.write(
        lambda tx: ports.create(tx, MEMBER, "server", [Wanted(network_id=inside["id"])], owner=NOVA)
    )
    floating = net.make("floatingips", floating_network_id=outside["id"], port_id=port)
    (seen,) = cloud.database.read(lambda tx: ports.of_devices(tx, ["server"]))["server"]
    assert seen.floating == {seen.fixed_addresses[0][1]: [floating["floating_ip_address"]]}
    cloud.database.write(lambda tx: ports.release(tx, "server"))
    assert net.show("floatingips", floating["id"])["port_id"] is None

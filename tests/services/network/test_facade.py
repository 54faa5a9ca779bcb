"""What the network service does for servers."""

from typing import Any

import pytest

from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, OverQuota
from kumoi.services.network import facade
from kumoi.services.network.facade import Wanted
from tests.cloud import CALLERS

MEMBER = CALLERS["member"]
V2 = "/network/v2.0"


def test_a_server_by_itself_gets_the_one_network(cloud: Any, net: Any) -> None:
    def plan(wanted: Any = None) -> list[Wanted]:
        planned: list[Wanted] = cloud.database.read(lambda tx: facade.plan(tx, MEMBER, wanted))
        return planned

    net.external()
    net.network(cidr=None)
    assert plan() == []
    with pytest.raises(BadRequest, match=r"networks\. Value: auto"):
        plan("auto")
    shared = net.network("10.4.0.0/24", as_="admin", shared=True, project_id="3" * 32)
    assert plan() == [Wanted(network_id=shared["id"])]
    own = net.network()
    assert plan() == [Wanted(network_id=own["id"])] and plan("none") == []
    net.network("10.1.0.0/24")
    with pytest.raises(Conflict, match="Multiple possible networks"):
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

    def create(tx: Transaction) -> list[facade.Port]:
        ids = facade.create_ports(tx, MEMBER, "server", wanted, ["web", "default"], "zone-1")
        return [facade.by_ids(tx, ids)[one] for one in ids]

    made = cloud.database.write(create)
    assert [port.network_name for port in made] == ["n"] * 3 and made[1].id == given["id"]
    assert made[0].fixed_addresses == ((one["subnet"]["id"], "10.0.0.50", 4),) and made[0].tag == "nic"
    assert {name for _, name in made[0].security_groups} == {"web", "default"}
    assert (group["id"], "web") in made[0].security_groups
    assert made[0].created_for_server and not made[1].created_for_server
    assert made[0].device_owner == "compute:zone-1" and made[2].mtu == 1300
    cloud.settle()
    bound = cloud.database.write(lambda tx: facade.bind(tx, "server", "host-1"))
    assert bound == [port.id for port in made]
    assert {port.host for port in cloud.database.read(lambda tx: facade.by_ids(tx, bound)).values()} == {"host-1"}
    assert len(cloud.database.read(reconcile.pending)) == 5  # three ports, metadata of two networks
    assert not cloud.database.read(lambda tx: facade.all_up(tx, [made[0].id]))
    found = cloud.database.read(lambda tx: facade.of_servers(tx, ["server", "nobody"]))
    assert [port.id for port in found["server"]] == [port.id for port in made] and set(found) == {"server"}
    assert cloud.database.read(facade.device_ids) == {"server"}

    def search(pattern: str, project: str | None = None, version: int = 4) -> list[str]:
        return cloud.database.read(lambda tx: facade.servers_with_address(tx, project, pattern, version))

    assert search("^10.0.0.5") == ["server"] and search("^10.0.0.5", "2" * 32) == [] and search(".", None, 6) == []
    with pytest.raises(BadRequest):
        search("(")
    data = cloud.database.read(lambda tx: facade.network_data(tx, [port.id for port in made]))
    assert [link["mtu"] for link in data["links"]] == [1442, 1300, 1300]
    assert data["networks"][0]["type"] == "ipv4_dhcp"
    cloud.database.write(lambda tx: facade.unbind(tx, "server"))
    cloud.database.write(lambda tx: facade.release_port(tx, "server", made[2].id))
    for _ in range(2):
        cloud.database.write(lambda tx: facade.release(tx, "server"))
    assert [port["id"] for port in net.list("ports", device_owner="")] == [given["id"]]
    freed = net.show("ports", given["id"])
    assert freed["device_id"] == freed["binding:host_id"] == ""
    cloud.settle()
    assert cloud.database.read(facade.device_ids) == set()


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        (Wanted(network_id="nobody"), BadRequest, "could not be found"),
        (Wanted(port_id="nobody"), BadRequest, "could not be found"),
        (Wanted(), BadRequest, "networks"),
        (Wanted(network_id="OUTSIDE"), Forbidden, "external network"),
        (Wanted(network_id="BARE"), BadRequest, "requires a subnet"),
        (Wanted(network_id="OWN", fixed_ip="10.9.9.9"), BadRequest, "10.9.9.9"),
        (Wanted(network_id="OWN", fixed_ip="10.0.0.2"), BadRequest, "already in use"),
        (Wanted(network_id="FOREIGN"), BadRequest, "could not be found"),
        (Wanted(port_id="USED"), Conflict, "still in use"),
        (Wanted(network_id="FULL"), BadRequest, "No fixed IP addresses available"),
    ],
)
def test_refusals_in_computes_words(cloud: Any, net: Any, wanted: Wanted, error: Any, words: str) -> None:
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
        return facade.create_ports(tx, MEMBER, "server", [Wanted(network_id=own["id"]), real])

    with pytest.raises(error, match=words):
        cloud.database.write(create)
    assert len(net.list("ports", as_="admin")) == before


def test_security_groups_and_quota(cloud: Any, net: Any) -> None:
    network = net.network()
    for _ in range(2):
        net.make("security-groups", name="twice")

    def create(names: list[str]) -> Any:
        return lambda tx: facade.create_ports(tx, MEMBER, "server", [Wanted(network_id=network["id"])], names)

    with pytest.raises(BadRequest, match="Security group missing not found"):
        cloud.database.write(create(["default", "missing"]))
    with pytest.raises(Conflict, match="Multiple security groups"):
        cloud.database.write(create(["twice"]))
    cloud.put(f"{V2}/quotas/{'1' * 32}", as_="admin", json={"quota": {"port": 1}})
    with pytest.raises(OverQuota):
        cloud.database.write(create([]))


def test_nobody_puts_a_card_into_a_server_but_compute(cloud: Any, net: Any) -> None:
    network = net.network(as_="admin", shared=True, project_id="3" * 32)
    net.make("ports", as_="other", network_id=network["id"], device_id="server", device_owner="compute:nova")
    assert cloud.database.read(lambda tx: facade.of_servers(tx, ["server"])) == {}
    assert cloud.database.write(lambda tx: facade.bind(tx, "server", "host-1")) == []
    (port,) = cloud.database.write(
        lambda tx: facade.create_ports(tx, MEMBER, "server", [Wanted(network_id=network["id"])])
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
        lambda tx: facade.create_ports(tx, MEMBER, "server", [Wanted(network_id=inside["id"])])
    )
    floating = net.make("floatingips", floating_network_id=outside["id"], port_id=port)
    (seen,) = cloud.database.read(lambda tx: facade.of_servers(tx, ["server"]))["server"]
    assert seen.floating == {seen.fixed_addresses[0][1]: floating["floating_ip_address"]}
    cloud.database.write(lambda tx: facade.release(tx, "server"))
    assert net.show("floatingips", floating["id"])["port_id"] is None

"""The topology and the hosts follow the tables, in any order of changes, and are repaired."""

from typing import Any

import pytest

from kumoi.engines.hosts import Hosts
from kumoi.engines.network.fake.topology import FakeTopology
from kumoi.engines.network.fake.wiring import FakeWiring
from kumoi.engines.network.interface import (
    FloatingIpSpec,
    NetworkError,
    NetworkSpec,
    PortKind,
    PortSpec,
    RouterSpec,
    Topology,
)
from kumoi.kernel import reconcile, resolvers
from kumoi.kernel.fences import Fence, Stale
from kumoi.kernel.settings import Settings
from kumoi.services.network import audit, sweeps
from kumoi.services.network.facade import network_data, ports
from kumoi.services.network.floating_ips.reconcilers import floating_ip
from kumoi.services.network.networks.reconcilers import network as network_reconciler
from kumoi.services.network.ports.reconcilers import port as port_reconciler
from kumoi.services.network.routers.reconcilers import router as router_reconciler
from kumoi.services.network.security_groups.reconcilers import security_group
from tests.waits import until

V2 = "/network/v2.0"


def view(cloud: Any) -> reconcile.View:
    return reconcile.View(cloud.database, cloud.locate)


@pytest.fixture
def way(cloud: Any, net: Any) -> dict[str, Any]:
    """Everything there is, followed by the topology."""
    outside, inside = net.external(), net.network(dns_domain="example.org.")
    net.make(
        "subnets", network_id=inside["id"], ip_version=6, cidr="fd00::/64", ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )  # fmt: skip
    router = net.make("routers", external_gateway_info={"network_id": outside["id"]})
    for subnet in net.show("networks", inside["id"])["subnets"]:
        body = {"subnet_id": subnet}
        assert cloud.put(f"{V2}/routers/{router['id']}/add_router_interface", json=body).status_code == 200
    port = net.make(
        "ports", network_id=inside["id"], fixed_ips=[{"ip_address": "10.0.0.9"}],
        extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": "1300"}],
    )  # fmt: skip
    floating = net.make("floatingips", floating_network_id=outside["id"], port_id=port["id"])
    cloud.settle()
    return {"outside": outside, "inside": inside, "router": router, "port": port, "floating": floating}


def test_a_subnet_that_names_no_name_servers_has_those_of_the_cloud(
    cloud: Any, net: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = net.network()
    (subnet_id,) = network["subnets"] or net.show("networks", network["id"])["subnets"]
    monkeypatch.setattr(resolvers, "_settings", Settings(dns_servers="192.0.2.53,2001:db8::53"))

    def told() -> list[str]:
        wanted = cloud.database.read(lambda tx: network_reconciler.desired(tx, [network["id"]]))
        return list(wanted[network["id"]].subnets[0].dns_servers)

    assert told() == ["192.0.2.53"]
    port = net.make("ports", network_id=network["id"])
    data = cloud.database.read(lambda tx: network_data.of_ports(tx, list(ports.by_ids(tx, [port["id"]]).values())))
    assert data["services"] == [{"type": "dns", "address": "192.0.2.53"}]
    net.set("subnets", subnet_id, dns_nameservers=["198.51.100.1"])
    assert told() == ["198.51.100.1"]


def test_what_the_topology_is_told(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    assert audit.differences(view(cloud)) == []
    inside, outside, port = way["inside"]["id"], way["outside"]["id"], way["port"]["id"]

    def ask(desired: Any, *ids: str) -> Any:
        return cloud.database.read(lambda tx: desired(tx, list(ids)))

    network = ask(network_reconciler.desired, inside)[inside]
    (metadata,) = net.list("ports", device_owner="network:distributed")
    assert network.dns_domain == "example.org." and network.physical_network is None
    assert [subnet.metadata_address for subnet in network.subnets] == [metadata["fixed_ips"][0]["ip_address"], None]
    public = ask(network_reconciler.desired, outside)[outside]
    assert public.physical_network == "external" and public.vlan is None and public.mtu == 1500
    specs = ask(port_reconciler.desired, port, metadata["id"], way["floating"]["id"])
    assert set(specs) == {port, metadata["id"]}
    assert specs[metadata["id"]].kind is PortKind.LOCALPORT and specs[port].kind is PortKind.VIF
    assert specs[port].dhcp_options[0].name == "mtu" and specs[port].host is None
    router = ask(router_reconciler.desired, way["router"]["id"])[way["router"]["id"]]
    assert [[one.address for one in interface.addresses] for interface in router.interfaces] == [
        ["10.0.0.1/24"], ["fd00::1/64"],
    ]  # fmt: skip
    assert router.interfaces[1].addresses[0].ra_mode == "slaac"
    assert router.gateway.next_hops == ["172.24.4.1"] and router.gateway.enable_snat
    floating = ask(floating_ip.desired, way["floating"]["id"])[way["floating"]["id"]]
    assert floating.router_id == router.id and floating.fixed_address == "10.0.0.9"
    assert net.show("floatingips", way["floating"]["id"])["status"] == "ACTIVE"
    group_id = way["port"]["security_groups"][0]
    group = ask(security_group.desired, group_id)[group_id]
    assert len(group.rules) == 4 and {rule.remote_group_id for rule in group.rules} == {None, group_id}


def test_everything_goes_in_any_order(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    net.drop("floatingips", way["floating"]["id"])
    net.drop("ports", way["port"]["id"])
    for subnet in net.show("networks", way["inside"]["id"])["subnets"]:
        path = f"{V2}/routers/{way['router']['id']}/remove_router_interface"
        assert cloud.put(path, json={"subnet_id": subnet}).status_code == 200
    net.drop("routers", way["router"]["id"])
    net.drop("networks", way["inside"]["id"])
    net.drop("networks", way["outside"]["id"], as_="admin")
    # All of it in one batch. The networks come first, wait for what depends on them, and do not fail.
    assert reconcile.run_dirty(cloud.database, cloud.locate) > 0
    assert cloud.database.read(reconcile.pending) == []
    held = cloud.locate(Topology).inventory()
    assert held[NetworkSpec] == held[PortSpec] == held[RouterSpec] == held[FloatingIpSpec] == {}
    assert audit.differences(view(cloud)) == []


def test_a_port_becomes_part_of_a_router_and_is_no_port_any_more(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    other = net.network("10.8.0.0/24")
    port = net.make("ports", network_id=other["id"])
    cloud.settle()
    assert port["id"] in cloud.locate(Topology).inventory()[PortSpec]
    path = f"{V2}/routers/{way['router']['id']}/add_router_interface"
    assert cloud.put(path, json={"port_id": port["id"]}).status_code == 200
    cloud.settle()
    assert port["id"] not in cloud.locate(Topology).inventory()[PortSpec]
    assert audit.differences(view(cloud)) == []


def test_a_lost_topology_is_made_again(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    topology = cloud.locate(FakeTopology)
    before = topology.inventory()
    topology._database.execute("DELETE FROM resources")
    found = audit.differences(view(cloud))
    assert {(one["kind"], one["id"]) for one in found} >= {("router", way["router"]["id"])}
    assert all(one["service"] == "network" for one in found)
    sweeps.repair(view(cloud))
    cloud.settle()
    after = topology.inventory()
    assert all(set(after[kind]) == set(before[kind]) for kind in (PortSpec, FloatingIpSpec))
    assert audit.differences(view(cloud)) == []


def test_what_nobody_made_goes(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    topology = cloud.locate(Topology)
    spec = cloud.database.read(lambda tx: network_reconciler.desired(tx, [way["inside"]["id"]]))[way["inside"]["id"]]
    topology.apply(type(spec)(id="stray"), 40)
    (found,) = audit.differences(view(cloud))
    assert found["id"] == "stray" and found["kind"] == "network"
    sweeps.repair(view(cloud))
    cloud.settle()
    assert audit.differences(view(cloud)) == [] and "stray" not in topology.inventory()[NetworkSpec]


def test_tables_set_back_to_an_older_state_win_in_the_end(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    inside = way["inside"]["id"]
    spec = cloud.database.read(lambda tx: network_reconciler.desired(tx, [inside]))[inside]
    topology = cloud.locate(Topology)
    topology.apply(spec, 500)
    sweeps.repair(view(cloud))
    cloud.settle()
    assert audit.differences(view(cloud)) == [] and topology.inventory()[NetworkSpec][inside] > 500
    port = way["port"]["id"]
    topology.remove(PortSpec, port, 900)
    with pytest.raises(Stale):
        port_reconciler.apply(view(cloud), {port: 5})
    sweeps.repair(view(cloud))
    for _ in range(sweeps.STUCK_AFTER + 1):
        cloud.database.write(lambda tx: tx.execute(reconcile.dirty.update().values(next_at=0)))
        reconcile.run_dirty(cloud.database, cloud.locate)
    sweeps.repair(view(cloud))
    cloud.settle()
    assert port in topology.inventory()[PortSpec] and audit.differences(view(cloud)) == []


def test_an_engine_that_fails_is_asked_again(cloud: Any, net: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network = net.network()
    cloud.settle()
    topology = cloud.locate(FakeTopology)

    def refuse(*_: Any) -> None:
        raise NetworkError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(topology, "apply_all", refuse)
        port = net.make("ports", network_id=network["id"])
        reconcile.run_dirty(cloud.database, cloud.locate)
        (row,) = cloud.database.read(reconcile.pending)
        assert row["id"] == port["id"] and "away" in row["fault"]
        assert audit.differences(view(cloud)) == []
    cloud.database.write(lambda tx: tx.execute(reconcile.dirty.update().values(next_at=0)))
    cloud.settle()
    assert port["id"] in topology.inventory()[PortSpec]


def test_ports_go_up_and_down_with_their_plugs(cloud: Any, net: Any) -> None:
    network = net.network()
    port = net.make("ports", network_id=network["id"])
    net.set("ports", port["id"], as_="admin", **{"binding:host_id": "host-1"})
    cloud.settle()
    wiring = cloud.locate(Hosts).wiring("host-1")
    fence = Fence(f"port/{port['id']}", 1)
    wiring.plug(fence, port["id"], port["mac_address"], 1442)
    until(lambda: net.show("ports", port["id"])["status"] == "ACTIVE")
    wiring.unplug(fence, port["id"])
    until(lambda: net.show("ports", port["id"])["status"] == "DOWN")
    assert net.show("ports", port["id"])["revision_number"] == port["revision_number"] + 3


def test_a_plug_goes_after_its_port(cloud: Any, net: Any) -> None:
    network = net.network()
    port, kept = (net.make("ports", network_id=network["id"]) for _ in range(2))
    wiring = cloud.locate(Hosts).wiring("host-1")
    for one in (port, kept):
        net.set("ports", one["id"], as_="admin", **{"binding:host_id": "host-1"})
        wiring.plug(Fence("server/x", 1), one["id"], one["mac_address"], 1442)
    net.drop("ports", port["id"])
    cloud.settle()
    (found,) = audit.differences(view(cloud))
    assert found["kind"] == "port" and "does not belong" in found["problem"]
    sweeps.repair(view(cloud))
    assert wiring.plugged() == [kept["id"]] and audit.differences(view(cloud)) == []


def test_states_that_went_unheard_are_found(cloud: Any, net: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network = net.network()
    port = net.make("ports", network_id=network["id"])
    topology = cloud.locate(FakeTopology)
    monkeypatch.setattr(topology, "watch", lambda callback: None)
    cloud.settle()
    wiring = cloud.locate(Hosts).wiring("host-1")
    wiring.plug(Fence(f"port/{port['id']}", 1), port["id"], port["mac_address"], 1442)
    assert net.show("ports", port["id"])["status"] == "DOWN"
    sweeps.compare_states(view(cloud))
    assert net.show("ports", port["id"])["status"] == "ACTIVE"


def test_metadata_is_answered_where_ports_are(cloud: Any, net: Any) -> None:
    network = net.network()
    port = net.make("ports", network_id=network["id"])
    cloud.settle()
    wiring = cloud.locate(Hosts).wiring("host-1")
    assert wiring.served_networks() == {}
    net.set("ports", port["id"], as_="admin", **{"binding:host_id": "host-1"})
    cloud.settle()
    assert set(wiring.served_networks()) == {network["id"]}
    net.drop("ports", port["id"])
    cloud.settle()
    assert wiring.served_networks() == {} and audit.differences(view(cloud)) == []
    net.drop("networks", network["id"])
    cloud.settle()
    assert audit.differences(view(cloud)) == []


def test_lost_metadata_is_answered_again(cloud: Any, net: Any) -> None:
    network = net.network()
    port = net.make("ports", network_id=network["id"])
    net.set("ports", port["id"], as_="admin", **{"binding:host_id": "host-1"})
    cloud.settle()
    wiring = cloud.locate(Hosts).wiring("host-1")
    revision = cloud.database.read(lambda tx: reconcile.revision(tx, "network.metadata", network["id"]))
    wiring.unserve_network(Fence(f"network/{network['id']}", revision), network["id"])
    (found,) = audit.differences(view(cloud))
    assert found["kind"] == "metadata" and "not answered" in found["problem"]
    sweeps.repair(view(cloud))
    cloud.settle()
    assert set(wiring.served_networks()) == {network["id"]} and audit.differences(view(cloud)) == []


def test_what_is_long_gone_is_forgotten(cloud: Any, net: Any) -> None:
    network = net.network()
    kept = net.network("10.1.0.0/24")
    net.drop("networks", network["id"])
    cloud.settle()
    old = reconcile.dirty.update().values(next_at=0)
    cloud.database.write(lambda tx: tx.execute(old))
    sweeps.repair(view(cloud))
    import sqlalchemy as sa

    left = cloud.database.read(lambda tx: {row[0] for row in tx.tuples(sa.select(reconcile.dirty.c.id))})
    assert network["id"] not in left and kept["id"] in left


def test_connections_end_where_a_floating_ip_leads_elsewhere(cloud: Any, net: Any, way: dict[str, Any]) -> None:
    wiring = FakeWiring(cloud.folder, cloud.settings)
    outer = way["floating"]["floating_ip_address"]
    wiring.carry(outer, "10.0.0.9")
    wiring.carry(outer, "10.0.0.8")
    sweeps.end_connections(view(cloud))
    assert wiring.connections() == [(outer, "10.0.0.9")]
    for _ in range(sweeps.CALLS_WITHOUT_EFFECT + 1):
        sweeps.end_connections(view(cloud))
    wiring.carry(outer, "10.0.0.8")
    sweeps.end_connections(view(cloud))
    assert (outer, "10.0.0.8") in wiring.connections(), "told the same again without need"
    net.set("floatingips", way["floating"]["id"], port_id=None)
    sweeps.end_connections(view(cloud))
    assert wiring.connections() == []

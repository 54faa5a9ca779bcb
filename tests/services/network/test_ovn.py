"""The service on real OVN: what the API creates exists there, is repaired when lost, and is gone after deletion."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.network.interface import FloatingIpSpec, NetworkSpec, PortSpec, RouterSpec, Topology
from kumoi.engines.network.ovn.topology import OvnTopology
from kumoi.kernel import reconcile
from kumoi.services.network import audit, sweeps
from kumoi.services.network.service import SERVICE
from tests.cloud import Cloud
from tests.engines.network import running
from tests.services.network.conftest import V2, Networks

pytestmark = pytest.mark.real


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running.ovn() as ovn:
        made = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", services=[SERVICE])
        topology = OvnTopology(ovn.folder, ovn.settings)
        made.engines[Topology] = topology
        yield made
        topology.close()
        made.close()


def follow(cloud: Cloud) -> None:
    """Everything applied at the first attempt."""
    while reconcile.run_dirty(cloud.database, cloud.locate):
        pass
    assert cloud.database.read(reconcile.pending) == []


def test_everything_there_is(cloud: Cloud, net: Networks) -> None:
    view = reconcile.View(cloud.database, cloud.locate)
    outside, inside = net.external(), net.network(dns_domain="example.org.")
    for prefix, mode in (("fd00::/64", "slaac"), ("fd01::/64", "dhcpv6-stateful")):
        net.make(
            "subnets", network_id=inside["id"], ip_version=6, cidr=prefix, ipv6_ra_mode=mode, ipv6_address_mode=mode,
            dns_nameservers=["fd00::53"],
        )  # fmt: skip
    router = net.make("routers", external_gateway_info={"network_id": outside["id"]})
    subnets = net.show("networks", inside["id"])["subnets"]
    for subnet in subnets:
        path = f"{V2}/routers/{router['id']}/add_router_interface"
        assert cloud.put(path, json={"subnet_id": subnet}).status_code == 200
    group = net.make("security-groups", name="g", stateful=False)
    for fields in (
        {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "10.0.0.5/24"},
        {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0}, {"protocol": "112"}, {"protocol": "gre"},
        {"protocol": "icmp", "ethertype": "IPv6"}, {"remote_group_id": group["id"]},
        {"protocol": "sctp", "direction": "egress", "port_range_min": 1, "port_range_max": 9},
    ):  # fmt: skip
        net.make("security-group-rules", security_group_id=group["id"], **{"direction": "ingress", **fields})
    ports = [
        net.make(
            "ports", network_id=inside["id"], security_groups=[group["id"]],
            allowed_address_pairs=[{"ip_address": "10.0.0.0/28"}, {"ip_address": "fd00::99"}],
            extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": "1300"}],
        )
        for _ in range(3)
    ]  # fmt: skip
    floating = net.make("floatingips", floating_network_id=outside["id"], port_id=ports[0]["id"],
                        fixed_ip_address=ports[0]["fixed_ips"][0]["ip_address"])  # fmt: skip
    net.set("routers", router["id"], routes=[{"destination": "10.9.0.0/16", "nexthop": "10.0.0.250"}])
    follow(cloud)
    assert audit.topology_differences(view) == []
    assert net.show("floatingips", floating["id"])["status"] == "ACTIVE"
    topology: Any = cloud.locate(Topology)
    before = topology.inventory()
    assert len(before[PortSpec]) == 4 and len(before[NetworkSpec]) == 2

    for port in ports:
        topology.remove(PortSpec, port["id"], before[PortSpec][port["id"]] + 5)
    topology.remove(RouterSpec, router["id"], before[RouterSpec][router["id"]])
    assert len(audit.topology_differences(view)) == 5
    for _ in range(sweeps.STUCK_AFTER + 2):
        sweeps.repair(view)
        cloud.database.write(lambda tx: tx.execute(reconcile.dirty.update().values(next_at=0, lease_until=0)))
        reconcile.run_dirty(cloud.database, cloud.locate)
    follow(cloud)
    assert audit.topology_differences(view) == []

    net.drop("floatingips", floating["id"])
    for port in ports:
        net.drop("ports", port["id"])
    net.set("routers", router["id"], routes=[])
    for subnet in subnets:
        path = f"{V2}/routers/{router['id']}/remove_router_interface"
        assert cloud.put(path, json={"subnet_id": subnet}).status_code == 200
    net.drop("routers", router["id"])
    net.drop("networks", inside["id"])
    net.drop("security-groups", group["id"])
    follow(cloud)
    after = topology.inventory()
    assert set(after[NetworkSpec]) == {outside["id"]}
    assert after[PortSpec] == after[RouterSpec] == after[FloatingIpSpec] == {}
    assert audit.topology_differences(view) == []


def test_many_ports_follow_in_few_transactions(cloud: Cloud, net: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    network = net.network("10.0.0.0/16")
    follow(cloud)
    northbound, changes = cloud.engines[Topology].northbound, list[Any]()
    change = northbound.change

    def counted(*work: Any, **more: Any) -> Any:
        changes.append(work)
        return change(*work, **more)

    monkeypatch.setattr(northbound, "change", counted)
    made = cloud.post(f"{V2}/ports", json={"ports": [{"network_id": network["id"]}] * 100})
    assert made.status_code == 201
    follow(cloud)
    assert 0 < len(changes) < 10

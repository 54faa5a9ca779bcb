"""`Topology` by OVN: each call one transaction of the northbound database."""

from collections.abc import Callable, Sequence

from kumoi.engines.network.interface import (
    Content,
    FloatingIpSpec,
    NetworkSpec,
    NotThere,
    PortSpec,
    RouterSpec,
    SecurityGroupSpec,
    TopologyInventory,
)
from kumoi.engines.network.ovn import networks, routers, security_groups
from kumoi.engines.network.ovn import ports as logical_ports
from kumoi.engines.network.ovn.names import Names
from kumoi.engines.network.ovn.northbound import Northbound
from kumoi.engines.network.ovn.rows import Comparison, Differs, Rows, held_revision
from kumoi.kernel.settings import Folder, Settings

COMPARED_AT_ONCE = 100
"""Resources that are compared at once. Writers wait meanwhile, because the connection is in use."""


class OvnTopology:
    """For the process that owns the cloud's one connection. Thread-safe."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        self.northbound = Northbound(Names(folder, settings).northbound_socket)
        self.gateway_hosts = [settings.host_name]

    def apply_network(self, network: NetworkSpec, revision: int) -> None:
        self.northbound.change(lambda rows: networks.apply(rows, network, revision))

    def remove_network(self, network_id: str, revision: int) -> None:
        self.northbound.change(lambda rows: networks.remove(rows, network_id, revision))

    def apply_port(self, port: PortSpec, revision: int) -> None:
        self.apply_ports([(port, revision)])

    def apply_ports(self, ports: Sequence[tuple[PortSpec, int]]) -> None:
        def work(rows: Rows) -> None:
            for port, revision in ports:
                logical_ports.apply(rows, port, revision)

        self.northbound.change(work)

    def remove_port(self, port_id: str, revision: int) -> None:
        self.northbound.change(lambda rows: logical_ports.remove(rows, port_id, revision))

    def apply_router(self, router: RouterSpec, revision: int) -> None:
        self.northbound.change(lambda rows: routers.apply(rows, router, revision, self.gateway_hosts))

    def remove_router(self, router_id: str, revision: int) -> None:
        self.northbound.change(lambda rows: routers.remove(rows, router_id, revision))

    def apply_floating_ip(self, floating_ip: FloatingIpSpec, revision: int) -> None:
        self.northbound.change(lambda rows: routers.apply_floating_ip(rows, floating_ip, revision))

    def remove_floating_ip(self, floating_ip_id: str, revision: int) -> None:
        self.northbound.change(lambda rows: routers.remove_floating_ip(rows, floating_ip_id, revision))

    def apply_security_group(self, group: SecurityGroupSpec, revision: int) -> None:
        self.northbound.change(lambda rows: security_groups.apply(rows, group, revision))

    def remove_security_group(self, group_id: str, revision: int) -> None:
        self.northbound.change(lambda rows: security_groups.remove(rows, group_id, revision))

    def port_states(self) -> dict[str, bool]:
        def question(rows: Rows) -> dict[str, bool]:
            return {
                row.external_ids["kumoi:id"]: row.up == [True]
                for row in rows.all(networks.PORT, logical_ports.KIND)
                if row.type == ""
            }

        return self.northbound.read(question)

    def watch(self, callback: Callable[[str, bool], None]) -> None:
        self.northbound.watch(callback)

    def inventory(self) -> TopologyInventory:
        def question(rows: Rows) -> TopologyInventory:
            def held(table: str, kind: str) -> dict[str, int]:
                return {row.external_ids["kumoi:id"]: held_revision(row) for row in rows.all(table, kind)}

            return TopologyInventory(
                networks=held(networks.SWITCH, networks.KIND),
                ports=held(networks.PORT, logical_ports.KIND),
                routers=held(routers.ROUTER, routers.KIND),
                floating_ips=held(routers.NAT, routers.FLOATING_IP),
                security_groups=held(security_groups.GROUP, security_groups.KIND),
            )

        return self.northbound.read(question)

    def differing(self, wanted: Sequence[Content]) -> list[str]:
        found: list[str] = []
        for first in range(0, len(wanted), COMPARED_AT_ONCE):
            some = wanted[first : first + COMPARED_AT_ONCE]
            found += self.northbound.read(lambda rows, some=some: self._differing(Comparison(rows.tables), some))  # type: ignore[misc]
        return found

    def _differing(self, rows: Comparison, wanted: Sequence[Content]) -> list[str]:
        found = []
        for spec in wanted:
            try:
                self._apply(rows, spec)
            except (Differs, NotThere):
                found.append(spec.id)
        return found

    def _apply(self, rows: Rows, spec: Content) -> None:
        if isinstance(spec, NetworkSpec):
            networks.apply(rows, spec, 0)
        elif isinstance(spec, PortSpec):
            logical_ports.apply(rows, spec, 0)
        elif isinstance(spec, RouterSpec):
            routers.apply(rows, spec, 0, self.gateway_hosts)
        elif isinstance(spec, FloatingIpSpec):
            routers.apply_floating_ip(rows, spec, 0)
        else:
            security_groups.apply(rows, spec, 0)

    def close(self) -> None:
        self.northbound.close()

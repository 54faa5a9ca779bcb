"""`Topology` by OVN: each call one transaction of the northbound database."""

from collections.abc import Callable, Sequence
from typing import Any

from kumoi.engines.network.interface import Content, Inventory, NotThere
from kumoi.engines.network.ovn import networks, routers, security_groups
from kumoi.engines.network.ovn import ports as logical_ports
from kumoi.engines.network.ovn.names import Names
from kumoi.engines.network.ovn.northbound import Northbound
from kumoi.engines.network.ovn.rows import Comparison, Differs, Rendering, Rows, held_revision
from kumoi.kernel.settings import Folder, Settings

COMPARED_AT_ONCE = 100
"""Resources that are compared at once. Writers wait meanwhile, because the connection is in use."""


def renderings(gateway_hosts: Sequence[str]) -> dict[type[Content], Rendering[Any]]:
    """Kind → how it becomes rows. `gateway_hosts`: hosts that may run routers' gateways, the preferred one first."""
    router = routers.rendering(gateway_hosts)
    every: tuple[Rendering[Any], ...] = (
        networks.RENDERING, logical_ports.RENDERING, router, routers.FLOATING_IPS, security_groups.RENDERING,
    )  # fmt: skip
    return {each.kind: each for each in every}


class OvnTopology:
    """For the process that owns the cloud's one connection. Thread-safe."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        self.northbound = Northbound(Names(folder, settings).northbound_socket)
        self.renderings = renderings([settings.host_name])

    def apply(self, content: Content, revision: int) -> None:
        self.apply_all([(content, revision)])

    def apply_all(self, contents: Sequence[tuple[Content, int]]) -> None:
        def work(rows: Rows) -> None:
            for content, revision in contents:
                self.renderings[type(content)].apply(rows, content, revision)

        self.northbound.change(work)

    def remove(self, kind: type[Content], id: str, revision: int) -> None:
        self.northbound.change(lambda rows: self.renderings[kind].remove(rows, id, revision))

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

    def inventory(self) -> Inventory:
        def question(rows: Rows) -> Inventory:
            return {
                kind: {row.external_ids["kumoi:id"]: held_revision(row) for row in rows.all(each.table, kind.resource)}
                for kind, each in self.renderings.items()
            }

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
                self.renderings[type(spec)].apply(rows, spec, 0)
            except (Differs, NotThere):
                found.append(spec.id)
        return found

    def close(self) -> None:
        self.northbound.close()

"""A wiring that also serves metadata on every network it serves."""

from kumoi.engines.network.interface import ServedNetwork, Translations, Wiring, WiringInventory
from kumoi.host.metadata.server import MetadataServer
from kumoi.kernel.fences import Fence


class AnsweringWiring:
    """Wraps another Wiring, and listens in the namespaces that it creates."""

    def __init__(self, wiring: Wiring, metadata: MetadataServer) -> None:
        self.wiring = wiring
        self.metadata = metadata

    def listen_again(self) -> None:
        """After a restart: listen on every network that was served before."""
        for network_id, namespace in self.wiring.served_networks().items():
            self.metadata.listen(network_id, namespace)

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        return self.wiring.plug(fence, port_id, mac, mtu)

    def unplug(self, fence: Fence, port_id: str) -> None:
        self.wiring.unplug(fence, port_id)

    def plugged(self) -> list[str]:
        return self.wiring.plugged()

    def serve_network(self, fence: Fence, network: ServedNetwork) -> str:
        namespace = self.wiring.serve_network(fence, network)
        self.metadata.listen(network.network_id, namespace)
        return namespace

    def unserve_network(self, fence: Fence, network_id: str) -> None:
        self.metadata.quiet(network_id)
        self.wiring.unserve_network(fence, network_id)

    def served_networks(self) -> dict[str, str]:
        return self.wiring.served_networks()

    def end_connections(self, kept: Translations) -> int:
        return self.wiring.end_connections(kept)

    def inventory(self) -> WiringInventory:
        return self.wiring.inventory()

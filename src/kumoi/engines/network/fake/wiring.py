"""The wiring of a host without real networks: plugs are files."""

import msgspec

from kumoi.engines.network.fake import plugs
from kumoi.engines.network.interface import ServedNetwork, Translations, WiringInventory
from kumoi.kernel.fences import Fence
from kumoi.kernel.settings import Folder, Settings


class FakeWiring:
    """Keeps each plug as a file that contains the host's name, and each served network as a file that contains its spec."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        plugs.make_folders(folder)
        self.plugs = plugs.wiring_folder(folder)
        self.host_name = settings.host_name
        self.cloud = settings.cloud_id
        self.journal = self.plugs / plugs.JOURNAL
        if plugs.length(self.journal) > plugs.LONGEST_JOURNAL:
            self.journal.unlink()
        self.journal.touch()
        self.journal.chmod(0o644)  # The agent may be root with a strict umask; the topology reads as another user.

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        plugs.replace(self.plugs / f"port-{port_id}", self.host_name.encode())
        self._note(port_id)
        return f"t{self.cloud}{port_id[:8]}"

    def unplug(self, fence: Fence, port_id: str) -> None:
        (self.plugs / f"port-{port_id}").unlink(missing_ok=True)
        self._note(port_id)

    def _note(self, port_id: str) -> None:
        """Called after the change, so that a reader of the journal sees the change."""
        with self.journal.open("ab") as opened:
            opened.write(f"{port_id}\n".encode())

    def plugged(self) -> list[str]:
        return plugs.names(self.plugs, "port-")

    def serve_network(self, fence: Fence, network: ServedNetwork) -> str:
        plugs.replace(self.plugs / f"network-{network.network_id}", msgspec.json.encode(network))
        return self._namespace(network.network_id)

    def unserve_network(self, fence: Fence, network_id: str) -> None:
        (self.plugs / f"network-{network_id}").unlink(missing_ok=True)

    def served_networks(self) -> dict[str, str]:
        return {identifier: self._namespace(identifier) for identifier in plugs.names(self.plugs, "network-")}

    def carry(self, outer: str, inner: str) -> None:
        """Simulate an open connection through a floating IP. It stays until `end_connections` ends it."""
        plugs.replace(self.plugs / f"connection-{outer}-{inner}", b"")

    def connections(self) -> list[tuple[str, str]]:
        """(outer address, inner address)."""
        return [
            (outer, inner)
            for outer, _, inner in (name.partition("-") for name in plugs.names(self.plugs, "connection-"))
        ]

    def end_connections(self, kept: Translations) -> int:
        ended = [pair for pair in self.connections() if kept.floating.get(pair[0]) != pair[1]]
        for outer, inner in ended:
            (self.plugs / f"connection-{outer}-{inner}").unlink(missing_ok=True)
        return len(ended)

    def inventory(self) -> WiringInventory:
        return WiringInventory(ports=self.plugged(), networks=sorted(self.served_networks()), strays=[])

    def _namespace(self, network_id: str) -> str:
        return f"kumoi-{self.cloud}-{network_id}"

"""Every path, socket and kernel-visible name that OVN has for one cloud; devices' names end at 15 bytes."""

import hashlib
from pathlib import Path

from kumoi.kernel.settings import Folder, Settings


class Names:
    def __init__(self, folder: Folder, settings: Settings) -> None:
        cloud = settings.cloud_id
        self.data = folder.data
        self.cloud = cloud
        self.central = folder.ovn / "central"
        self.host = folder.ovn / "host"
        self.log = folder.log
        self.integration_bridge = f"int-{cloud}"
        self.external_bridge = f"ext-{cloud}"
        self.external_here = f"kumoi-{cloud}"
        """The end of the external network that holds this machine's address."""
        self.external_there = f"exb-{cloud}"
        """Its other end, in the external bridge."""
        self.nat_table = f"kumoi_{cloud}"
        self.guard_table = f"kumoi_{cloud}_guard"
        self.namespace_prefix = f"kumoi-{cloud}-"
        self.tap_prefix = f"t{cloud}"
        self.metadata_prefix = f"m{cloud}"

    @property
    def northbound_socket(self) -> Path:
        return self.central / "nb.sock"

    @property
    def southbound_socket(self) -> Path:
        return self.central / "sb.sock"

    @property
    def switch_socket(self) -> Path:
        """The socket of this host's Open vSwitch database."""
        return self.host / "db.sock"

    @property
    def switch_control(self) -> Path:
        """The socket on which ovs-vswitchd accepts commands."""
        return self.host / "vswitchd.ctl"

    def tap(self, port_id: str) -> str:
        return self.tap_prefix + digest(port_id)

    def metadata_device(self, network_id: str) -> str:
        return self.metadata_prefix + digest(network_id)

    def namespace(self, network_id: str) -> str:
        return self.namespace_prefix + network_id


def digest(identifier: str) -> str:
    """The eight hexadecimal digits that a device's name has room for."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:8]


def stable_mac(*parts: str) -> str:
    """A locally administered address, the same for the same parts."""
    digits = hashlib.sha256("/".join(parts).encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x0A, *digits[:5]))

"""The errors of the network service's facade."""

from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from kumoi.services.network.addresses.errors import IpAddressAlreadyAllocated, IpAddressGenerationFailure
from kumoi.services.network.errors import NetworkNotFound, PortNotFound
from kumoi.services.network.floating_ips.errors import (
    BadFloatingIpRequest,
    ExternalGatewayForFloatingIPNotFound,
    FloatingIPPortAlreadyAssociated,
)
from kumoi.services.network.ports.errors import PortInUse
from kumoi.services.network.security_groups.errors import SecurityGroupNotFound, SecurityGroupsAmbiguous


class NetworksAmbiguous(Conflict):
    """The request names no network, and the project can use several."""

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        super().__init__(f"Project {project_id} can use several networks: name one.")


class NoNetwork(NotFound):
    """The request names no network, and the project can use none."""

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        super().__init__(f"Project {project_id} has no network that it can use.")


class NetworkNotNamed(BadRequest):
    def __init__(self) -> None:
        super().__init__("Neither a network nor a port is named.")


class NetworkNotUsable(Forbidden):
    """The caller may see this (external) network, but may have no port on it."""

    def __init__(self, network_id: str) -> None:
        self.network_id = network_id
        super().__init__(f"Ports on external network {network_id} are not for project members.")


class NetworkWithoutSubnet(BadRequest):
    def __init__(self, network_id: str) -> None:
        self.network_id = network_id
        super().__init__(f"Network {network_id} has no subnet.")


class PortNamedTwice(BadRequest):
    def __init__(self, port_id: str) -> None:
        self.port_id = port_id
        super().__init__(f"Port {port_id} is named more than once.")


class PortOfAnotherProject(BadRequest):
    """The caller sees it, but it is not the project's that the device belongs to."""

    def __init__(self, port_id: str) -> None:
        self.port_id = port_id
        super().__init__(f"Port {port_id} belongs to another project.")


class InvalidFixedAddress(BadRequest):
    """It is not an address, or not in one of the network's subnets."""

    def __init__(self, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(f"Fixed IP address {address} is not a valid address of the network: {reason}")


class FloatingAddressNotFound(NotFound):
    def __init__(self, address: str) -> None:
        super().__init__(f"Floating IP {address} could not be found.")


class FloatingAddressAmbiguous(Conflict):
    """Several external networks have it."""

    def __init__(self, address: str) -> None:
        super().__init__(f"Several floating IPs have the address {address}.")


class FloatingAddressElsewhere(Conflict):
    def __init__(self, address: str, device_id: str) -> None:
        super().__init__(f"Floating IP {address} is not associated with instance {device_id}.")


class NoSecuredPort(BadRequest):
    """The device has no port with port security."""

    def __init__(self, device_id: str, group: str) -> None:
        self.device_id, self.group = device_id, group
        super().__init__(f"No port of device {device_id} has port security.")


__all__ = [
    "BadFloatingIpRequest",
    "ExternalGatewayForFloatingIPNotFound",
    "FloatingAddressAmbiguous",
    "FloatingAddressElsewhere",
    "FloatingAddressNotFound",
    "FloatingIPPortAlreadyAssociated",
    "InvalidFixedAddress",
    "IpAddressAlreadyAllocated",
    "IpAddressGenerationFailure",
    "NetworkNotFound",
    "NetworkNotNamed",
    "NetworkNotUsable",
    "NetworkWithoutSubnet",
    "NetworksAmbiguous",
    "NoNetwork",
    "NoSecuredPort",
    "PortInUse",
    "PortNamedTwice",
    "PortNotFound",
    "PortOfAnotherProject",
    "SecurityGroupNotFound",
    "SecurityGroupsAmbiguous",
]

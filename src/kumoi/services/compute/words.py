"""Maps the network service's errors to the messages and statuses that compute's clients expect."""

from collections.abc import Callable, Mapping
from typing import Any

from kumoi.kernel.errors import ApiError, BadRequest, Conflict, Forbidden, NotFound
from kumoi.services.network.facade import errors

Words = Mapping[type[ApiError], Callable[[Any], ApiError]]

OF_PORTS: Words = {
    errors.NetworksAmbiguous: lambda _: Conflict(
        "Multiple possible networks found, use a Network ID to be more specific."
    ),
    errors.NoNetwork: lambda e: BadRequest(
        f"Invalid input for field/attribute networks. Value: auto. Project {e.project_id} has no network to use, "
        "and none can be made for it: the cloud has no default external network."
    ),
    errors.NetworkNotNamed: lambda _: BadRequest("A network needs a uuid or a port (networks)."),
    errors.NetworkNotFound: lambda e: BadRequest(f"Network {e.network_id} could not be found."),
    errors.NetworkNotUsable: lambda e: Forbidden(
        f"It is not allowed to create an interface on external network {e.network_id}"
    ),
    errors.NetworkWithoutSubnet: lambda e: BadRequest(
        f"Network {e.network_id} requires a subnet in order to boot instances on."
    ),
    errors.PortNotFound: lambda e: BadRequest(f"Port id {e.port_id} could not be found."),
    errors.PortNamedTwice: lambda e: BadRequest(f"Port {e.port_id} is specified more than once (networks.port)."),
    errors.PortOfAnotherProject: lambda e: BadRequest(
        f"Port {e.port_id} is not usable: it belongs to another project than the server."
    ),
    errors.PortInUse: lambda e: Conflict(f"Port {e.port_id} is still in use."),
    errors.IpAddressGenerationFailure: lambda e: BadRequest(
        f"No fixed IP addresses available for network: {e.network_id}"
    ),
    errors.IpAddressAlreadyAllocated: lambda e: BadRequest(
        f"Fixed IP address {e.address} is already in use on instance."
    ),
    errors.InvalidFixedAddress: lambda e: BadRequest(
        f"Fixed IP address {e.address} is not a valid address of the network: {e.reason}"
    ),
    errors.SecurityGroupNotFound: lambda e: BadRequest(
        f"Security group {e.group_id} not found for project {e.project_id}."
    ),
    errors.SecurityGroupsAmbiguous: lambda e: Conflict(e.message),
}
"""For `network.facade.ports`."""

OF_SECURITY_GROUPS: Words = {
    errors.SecurityGroupNotFound: lambda e: NotFound(e.message),
    errors.SecurityGroupsAmbiguous: lambda e: Conflict(e.message),
    errors.NoSecuredPort: lambda e: BadRequest(
        f"Security group {e.group} cannot be added: no port of instance {e.device_id} is secured."
    ),
}
"""For `network.facade.security_groups`."""

OF_FLOATING_IPS: Words = {
    errors.BadFloatingIpRequest: lambda e: BadRequest(e.message),
    errors.ExternalGatewayForFloatingIPNotFound: lambda e: BadRequest(e.message),
    errors.FloatingIPPortAlreadyAssociated: lambda e: BadRequest(e.message),
    errors.FloatingAddressNotFound: lambda e: NotFound(e.message),
    errors.FloatingAddressAmbiguous: lambda e: Conflict(e.message),
    errors.FloatingAddressElsewhere: lambda e: Conflict(e.message),
}
"""For `network.facade.floating_ips`."""

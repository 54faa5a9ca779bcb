"""The errors of floating IPs."""

from kumoi.kernel.errors import BadRequest, Conflict, NotFound


class FloatingIPNotFound(NotFound):
    kind = "FloatingIPNotFound"

    def __init__(self, floating_ip_id: str) -> None:
        super().__init__(f"Floating IP {floating_ip_id} could not be found")


class BadFloatingIpRequest(BadRequest):
    kind = "BadRequest"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Bad floatingip request: {reason}.")


class FloatingIPPortAlreadyAssociated(Conflict):
    def __init__(self, address: str, floating_ip_id: str, port_id: str, fixed_ip: str, network_id: str) -> None:
        super().__init__(
            f"Cannot associate floating IP {address} ({floating_ip_id}) with port {port_id} using fixed IP {fixed_ip}, "
            f"as that fixed IP already has a floating IP on external network {network_id}."
        )


class ExternalGatewayForFloatingIPNotFound(NotFound):
    kind = "ExternalGatewayForFloatingIPNotFound"

    def __init__(self, network_id: str, subnet_id: str, port_id: str) -> None:
        super().__init__(
            f"External network {network_id} is not reachable from subnet {subnet_id}. Therefore, cannot associate Port "
            f"{port_id} with a Floating IP."
        )

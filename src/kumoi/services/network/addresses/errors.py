"""The errors of address allocation."""

from kumoi.kernel.errors import BadRequest, Conflict


class IpAddressGenerationFailure(Conflict):
    def __init__(self, network_id: str) -> None:
        self.network_id = network_id
        super().__init__(f"No more IP addresses available on network {network_id}.")


class IpAddressGenerationFailureForSubnet(Conflict):
    def __init__(self, subnet_id: str) -> None:
        super().__init__(f"No more IP addresses available for subnet {subnet_id}.")


class ExternalIpAddressExhausted(BadRequest):
    """400, as in Neutron; clients expect it."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"Unable to find any IP address on external network {network_id}.")


class IpAddressAlreadyAllocated(Conflict):
    def __init__(self, subnet_id: str, address: str) -> None:
        self.subnet_id, self.address = subnet_id, address
        super().__init__(f"IP address {address} already allocated in subnet {subnet_id}")


class InvalidIpForNetwork(BadRequest):
    def __init__(self, address: str) -> None:
        super().__init__(
            f"IP address {address} is not a valid IP for any of the subnets on the specified network (fixed_ips)."
        )


class InvalidIpForSubnet(BadRequest):
    def __init__(self, address: str) -> None:
        super().__init__(f"IP address {address} is not a valid IP for the specified subnet (fixed_ips).")

"""The errors of subnets."""

from kumoi.kernel.errors import BadRequest, Conflict


class SubnetInUse(Conflict):
    def __init__(
        self, subnet_id: str, reason: str = "One or more ports have an IP allocation from this subnet"
    ) -> None:
        super().__init__(f"Unable to complete operation on subnet {subnet_id}: {reason}.")


class OverlappingSubnet(BadRequest):
    kind = "InvalidInput"

    def __init__(self, cidr: str, network_id: str, other_id: str, other: str) -> None:
        super().__init__(
            f"Invalid input for operation: Requested subnet with cidr: {cidr} for network: {network_id} overlaps with "
            f"another subnet: it overlaps {other} of subnet {other_id}."
        )


class OutOfBoundsAllocationPool(BadRequest):
    def __init__(self, pool: str, cidr: str) -> None:
        super().__init__(f"The allocation pool {pool} spans beyond the subnet cidr {cidr}.")


class OverlappingAllocationPools(Conflict):
    def __init__(self, one: str, other: str, cidr: str) -> None:
        super().__init__(f"Found overlapping allocation pools: {one} {other} for subnet {cidr}.")


class InvalidAllocationPool(BadRequest):
    def __init__(self, pool: str) -> None:
        super().__init__(f"The allocation pool {pool} is not valid.")


class GatewayConflictWithAllocationPools(Conflict):
    def __init__(self, gateway: str, pool: str) -> None:
        super().__init__(f"Gateway ip {gateway} conflicts with allocation pool {pool}.")


class GatewayIpInUse(Conflict):
    def __init__(self, gateway: str, port_id: str) -> None:
        super().__init__(f"Current gateway ip {gateway} already in use by port {port_id}. Unable to update.")

"""The errors of subnet pools."""

from kumoi.kernel.errors import BadRequest, Conflict, NotFound


class SubnetPoolNotFound(NotFound):
    kind = "SubnetPoolNotFound"

    def __init__(self, pool_id: str) -> None:
        super().__init__(f"Subnet pool {pool_id} could not be found.")


class SubnetPoolDeleteError(BadRequest):
    def __init__(self) -> None:
        super().__init__("Unable to delete subnet pool: Subnet pool has existing allocations.")


class SubnetPoolQuotaExceeded(Conflict):
    def __init__(self) -> None:
        super().__init__("Per-tenant subnet pool prefix quota exceeded (default_quota).")


class SubnetAllocationError(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to allocate subnet: {reason}.")


class MinPrefixSubnetAllocationError(BadRequest):
    def __init__(self, asked: int, least: int) -> None:
        super().__init__(
            f"Unable to allocate subnet with prefix length {asked} (prefixlen), minimum allowed prefix is {least}."
        )


class MaxPrefixSubnetAllocationError(BadRequest):
    def __init__(self, asked: int, most: int) -> None:
        super().__init__(
            f"Unable to allocate subnet with prefix length {asked} (prefixlen), maximum allowed prefix is {most}."
        )


class EmptySubnetPoolPrefixList(BadRequest):
    def __init__(self) -> None:
        super().__init__("Empty subnet pool prefix list (prefixes).")


class PrefixVersionMismatch(BadRequest):
    def __init__(self) -> None:
        super().__init__("Cannot mix IPv4 and IPv6 prefixes in a subnet pool (prefixes).")


class IllegalSubnetPoolPrefixBounds(BadRequest):
    def __init__(self, one: str, one_value: int, relation: str, other: str, other_value: int) -> None:
        super().__init__(f"Illegal prefix bounds: {one}={one_value} is {relation} {other}={other_value}.")


class IllegalSubnetPoolPrefixUpdate(BadRequest):
    def __init__(self) -> None:
        super().__init__("Illegal update to prefixes: existing prefixes must be a subset of the new ones.")

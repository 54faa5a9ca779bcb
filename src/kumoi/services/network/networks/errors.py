"""The errors of networks."""

from collections.abc import Sequence

from kumoi.kernel.errors import BadRequest, Conflict


class NetworkInUse(Conflict):
    def __init__(self, network_id: str, port_ids: Sequence[str]) -> None:
        super().__init__(
            f"Unable to complete operation on network {network_id}. There are one or more ports still in use on the "
            f"network, id for these ports is: {','.join(list(port_ids)[:10])}."
        )


class InvalidSharedSetting(Conflict):
    def __init__(self, network: str) -> None:
        super().__init__(
            f"Unable to reconfigure sharing settings for network {network}. Multiple tenants are using it."
        )


class ExternalNetworkInUse(Conflict):
    def __init__(self, network_id: str) -> None:
        super().__init__(
            f"External network {network_id} cannot be updated to be made non-external, since it has existing gateway "
            "ports."
        )


class DefaultExternalNetworkExists(Conflict):
    def __init__(self, network_id: str) -> None:
        super().__init__(f"A default external network already exists: {network_id}.")


class NetworkMTUSubnetConflict(Conflict):
    def __init__(self, network_id: str, mtu: int, least: int) -> None:
        super().__init__(
            f"Network {network_id} has mtu {mtu}, and a subnet whose IP version asks for {least} at the least."
        )


class InvalidProvider(BadRequest):
    kind = "InvalidInput"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid input for operation: {reason}.")


class SegmentInUse(Conflict):
    kind = "VlanIdInUse"

    def __init__(self, kind: str, segment: int | None, physical_network: str | None) -> None:
        super().__init__(f"Unable to create the network. The {kind} {segment} on {physical_network} is in use.")


class NoNetworkAvailable(Conflict):
    def __init__(self) -> None:
        super().__init__("Unable to create the network. No tenant network is available for allocation.")

"""The errors of ports."""

from kumoi.kernel.errors import BadRequest, Conflict, NotFound


class MacAddressInUse(Conflict):
    def __init__(self, network_id: str, mac: str) -> None:
        super().__init__(f"Unable to complete operation for network {network_id}. The mac address {mac} is in use.")


class MacAddressGenerationFailure(Conflict):
    def __init__(self, network_id: str) -> None:
        super().__init__(f"Unable to generate unique mac on network {network_id}.")


class PortInUse(Conflict):
    def __init__(self, port_id: str, network_id: str, device_id: str) -> None:
        self.port_id, self.network_id, self.device_id = port_id, network_id, device_id
        super().__init__(
            f"Unable to complete operation on port {port_id} for network {network_id}. Port already has an attached "
            f"device {device_id}."
        )


class PortBound(Conflict):
    def __init__(self, port_id: str, owner: str) -> None:
        super().__init__(
            f"Unable to complete operation on port {port_id}, port is already bound, port owned by {owner}; unbind it "
            "before changing mac_address."
        )


class PortSecurityPortHasSecurityGroup(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "Port has security group associated. Cannot disable port security or IP address until it is removed."
        )


class PortSecurityAndIPRequiredForSecurityGroups(BadRequest):
    def __init__(self) -> None:
        super().__init__(
            "Port security must be enabled and port must have an IP address in order to use security groups."
        )


class AddressPairAndPortSecurityRequired(Conflict):
    def __init__(self) -> None:
        super().__init__("Port Security must be enabled in order to have allowed address pairs on a port.")


class UnsupportedVnicType(BadRequest):
    kind = "InvalidInput"

    def __init__(self, vnic_type: str) -> None:
        super().__init__(
            f"Invalid input for operation: binding:vnic_type '{vnic_type}' is not supported; only 'normal' is."
        )


class FixedIpNotOnPort(NotFound):
    kind = "FixedIpNotFound"

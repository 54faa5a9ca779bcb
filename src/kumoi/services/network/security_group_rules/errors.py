"""The errors of security group rules."""

from kumoi.kernel.errors import BadRequest, Conflict, NotFound


class SecurityGroupRuleNotFound(NotFound):
    kind = "SecurityGroupRuleNotFound"

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Security group rule {rule_id} does not exist")


class SecurityGroupRuleExists(Conflict):
    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Security group rule already exists. Rule id is {rule_id}.")


class SecurityGroupRuleInvalidProtocol(BadRequest):
    def __init__(self, protocol: str) -> None:
        super().__init__(
            f"Security group rule protocol {protocol[:40]} not supported. Only known protocol names and integer "
            "representations [0 to 255] are supported."
        )


class SecurityGroupRuleInvalidEtherType(BadRequest):
    def __init__(self, ethertype: str) -> None:
        super().__init__(
            f"Security group rule for ethertype '{ethertype[:40]}' not supported. Allowed values are ['IPv4', 'IPv6']."
        )


class SecurityGroupEthertypeConflictWithProtocol(BadRequest):
    def __init__(self, ethertype: str, protocol: str) -> None:
        super().__init__(f"Invalid ethertype {ethertype} for protocol {protocol}.")


class SecurityGroupProtocolRequiredWithPorts(BadRequest):
    def __init__(self) -> None:
        super().__init__("Must also specify protocol if port range is given.")


class SecurityGroupInvalidPortRange(BadRequest):
    def __init__(self) -> None:
        super().__init__("For TCP/UDP protocols, port_range_min must be <= port_range_max")


class SecurityGroupInvalidPortValue(BadRequest):
    def __init__(self, port: int) -> None:
        super().__init__(f"Invalid value for port {port} (port_range_min, port_range_max)")


class SecurityGroupInvalidIcmpValue(BadRequest):
    def __init__(self, field: str, attribute: str, value: int) -> None:
        super().__init__(f"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.")


class SecurityGroupMissingIcmpType(BadRequest):
    def __init__(self, value: int) -> None:
        super().__init__(f"ICMP code (port-range-max) {value} is provided but ICMP type (port-range-min) is missing.")


class SecurityGroupInvalidProtocolForPort(BadRequest):
    def __init__(self, protocol: str) -> None:
        super().__init__(f"Invalid protocol {protocol} for port range, only supported for TCP, UDP and SCTP.")


class SecurityGroupRemoteGroupAndRemoteIpPrefix(BadRequest):
    def __init__(self) -> None:
        super().__init__("Only remote_ip_prefix or remote_group_id may be provided.")


class SecurityGroupRuleParameterConflict(BadRequest):
    def __init__(self, ethertype: str, cidr: str) -> None:
        super().__init__(f"Conflicting value ethertype {ethertype} for CIDR {cidr}")

"""A rule of a security group."""

from typing import Any

from tests.examples import made


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    group = made(cloud, "network", "security_groups")["id"]
    rule = {"security_group_id": group, "direction": "ingress", "protocol": "tcp"}
    return "/network/v2.0/security-group-rules", {"security_group_rule": rule}

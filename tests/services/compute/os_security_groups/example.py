"""Security groups and rules as clients of old versions make them."""

from typing import Any

GROUPS = "/compute/v2.1/os-security-groups"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return GROUPS, {"security_group": {"name": "new", "description": "d"}}


def create_rule(cloud: Any) -> tuple[str, dict[str, Any]]:
    made = cloud.post(GROUPS, json={"security_group": {"name": "for a rule", "description": "d"}})
    rule = {"parent_group_id": made.json["security_group"]["id"], "ip_protocol": "tcp", "from_port": 1, "to_port": 2}
    return "/compute/v2.1/os-security-group-rules", {"security_group_rule": rule}

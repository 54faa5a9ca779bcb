"""What is asked of placement before a server is made."""

from typing import Any


def dry_run(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/kumoi/v1/placement/dry-run", {"resources": {"VCPU": 1}}

"""How an audit is started."""

from typing import Any


def begin(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/kumoi/v1/audit", {}

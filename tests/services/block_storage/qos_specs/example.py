"""QoS specs as an admin makes them."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/volume/v3/qos-specs", {"qos_specs": {"name": "new", "consumer": "front-end", "read_iops_sec": "100"}}

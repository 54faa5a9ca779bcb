"""Metadata of a server."""

from typing import Any

from tests.examples import server


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1/servers/{server(cloud)}/metadata", {"metadata": {"mark": "m"}}

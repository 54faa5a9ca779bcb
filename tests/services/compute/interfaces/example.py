"""A network card for a running server."""

from typing import Any

from tests.examples import server, world


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    body = {"interfaceAttachment": {"net_id": world(cloud).network}}
    return f"/compute/v2.1/servers/{server(cloud)}/os-interface", body

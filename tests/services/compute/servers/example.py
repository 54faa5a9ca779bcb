"""A server as a client makes it."""

from typing import Any

from tests.examples import world


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/compute/v2.1/servers", world(cloud).body()

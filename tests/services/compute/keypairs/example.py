"""A keypair as a client brings it."""

from typing import Any

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPqPM2dUz4UjzHUsNXJWq4JbGJZqFH9KvJ0Zk4NhMW7a somebody"


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/compute/v2.1/os-keypairs", {"keypair": {"name": "new", "public_key": KEY}}

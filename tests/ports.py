"""TCP ports and address ranges that no other test process uses."""

import socket

_held: list[socket.socket] = []


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def hold(name: str) -> bool:
    """Whether this process gets the name, which no other test process on this machine can then get until it ends."""
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0kumoi-tests/{name}")
    except OSError:
        held.close()
        return False
    _held.append(held)
    return True

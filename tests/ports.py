"""TCP ports and ranges of addresses that nobody else has, so that test runs side by side do not meet."""

import socket

_held: list[socket.socket] = []


def free_port() -> int:
    """A port of loopback that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def hold(name: str) -> bool:
    """Whether this process alone, of all test processes on this machine, has the name until it ends."""
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0kumoi-tests/{name}")
    except OSError:
        held.close()
        return False
    _held.append(held)
    return True

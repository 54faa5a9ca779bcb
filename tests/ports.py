"""TCP ports and address ranges that no other test process uses."""

import os
import socket

FIRST, COUNT = 10_000, 20_000
"""Below the ports that the kernel gives to outgoing connections, which would take a port before its test listens there."""
_held: list[socket.socket] = []


def free_port() -> int:
    """A loopback port on which nobody listens, and which no other caller gets before this process ends."""
    for number in range(COUNT):
        port = FIRST + (os.getpid() * 97 + number) % COUNT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if hold(f"port {port}"):
            return port
    raise OSError("there is no free port")


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

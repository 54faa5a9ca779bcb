"""A TCP port of loopback that nobody holds now, so that test runs side by side do not meet."""

import socket


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Two test processes never get the same port."""

import subprocess
import sys
from pathlib import Path

from tests.ports import COUNT, FIRST, free_port, hold

ASK = "import sys; sys.path.insert(0, '.'); from tests.ports import free_port, hold; print({})"


def asked(question: str) -> str:
    argv = [sys.executable, "-c", ASK.format(question)]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_a_name_is_held_by_one_process() -> None:
    name = f"of {hold.__module__} {id(hold)}"
    assert hold(name) and not hold(name)
    assert asked(f"hold({name!r})") == "False" and asked(f"hold({name + ', another'!r})") == "True"


def test_a_port_is_given_once() -> None:
    ports = [free_port() for _ in range(5)]
    assert len(set(ports)) == 5 and all(asked(f"hold('port {port}')") == "False" for port in ports)


def test_no_outgoing_connection_takes_a_port() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert lowest >= FIRST + COUNT

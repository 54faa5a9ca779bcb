"""Collects the state of a server that is ACTIVE and does not answer, before it is repaired."""

import subprocess
from pathlib import Path


def of(data: Path, server: str, port: str, address: str) -> str:
    """The end of its console, its card in the switch and its port in OVN, from their own tools."""
    switch = ["ovs-vsctl", "--timeout=5", f"--db=unix:{data}/ovn/host/db.sock"]
    north = ["ovn-nbctl", "--timeout=5", f"--db=unix:{data}/ovn/central/nb.sock"]
    south = ["ovn-sbctl", "--timeout=5", f"--db=unix:{data}/ovn/central/sb.sock"]
    tap = _asked(*switch, "--bare", "--columns=name", "find", "Interface", f"external_ids:iface-id={port}").strip()
    told = {
        "console": (data / "guests" / server / "console.log").read_text(errors="replace")[-1500:],
        "record": (data / "guests" / server / "guest.json").read_text()[:1500],
        "tap": _asked("ip", "-s", "-d", "link", "show", "dev", tap) if tap else "no card in the switch",
        "interface": _asked(*switch, "find", "Interface", f"external_ids:iface-id={port}"),
        "binding": _asked(*south, "find", "Port_Binding", f"logical_port={port}"),
        "chassis": _asked(*south, "list", "Chassis"),
        "logical port": _asked(*north, "find", "Logical_Switch_Port", f"name={port}"),
        "nat": _asked(*north, "find", "NAT", f"external_ip={address}"),
        "ports of the switch": _asked("ovs-appctl", f"--target={data}/ovn/host/vswitchd.ctl", "dpif/show"),
        "learned": _asked("ip", "neighbour", "show", address),
    }
    return "\n".join(f"--- {name}\n{text}" for name, text in told.items())


def _asked(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout + done.stderr

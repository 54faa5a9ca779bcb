"""A guest without a machine: a network namespace whose card is connected to a tap, as QEMU's would be."""

import fcntl
import os
import select
import struct
import subprocess
import sys
import threading
from pathlib import Path

from kumoi.kernel import randomness

TUNSETIFF = 0x400454CA
TUNSETOFFLOAD = 0x400454D0
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
OFFLOADS = 0x01 | 0x02 | 0x04
"""Checksums and TCP segmentation (IPv4 and IPv6) are offloaded, as virtio cards do by default."""

SCRIPT = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip address replace "$ip/$mask" dev "$interface"
ip link set "$interface" mtu "$mtu"
if [ -n "$staticroutes" ]; then
  set -- $staticroutes
  while [ -n "$1" ]; do
    if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"; else ip route replace "$1" via "$2"; fi
    shift 2
  done
elif [ -n "$router" ]; then
  ip route replace default via "$router"
fi
env | grep -E '^(ip|mask|router|dns|domain|mtu|staticroutes|bootfile|boot_file)=' > "$FACTS"
"""

DHCP6 = """
import ipaddress, socket, struct, sys
question, mac = int(sys.argv[1]), bytes.fromhex(sys.argv[2].replace(":", ""))
option = lambda code, data: struct.pack("!HH", code, len(data)) + data
body = option(1, struct.pack("!HH", 3, 1) + mac) + option(8, b"\\0\\0") + option(6, struct.pack("!HH", 23, 24))
if question == 1:
    body += option(3, struct.pack("!III", 1, 0, 0))
plug = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
plug.bind(("::", 546))
plug.settimeout(1)
for turn in range(60):
    plug.sendto(struct.pack("!I", question << 24 | 7) + body, ("ff02::1:2", 547, 0, socket.if_nametoindex("eth0")))
    try:
        answer = plug.recv(4096)
        break
    except TimeoutError:
        continue
def look(data):
    while data:
        code, length = struct.unpack("!HH", data[:4])
        inside, data = data[4:4 + length], data[4 + length:]
        if code == 3:
            look(inside[12:])
        elif code == 5:
            print("address", ipaddress.ip_address(inside[:16]))
        elif code == 23:
            print("dns", ipaddress.ip_address(inside[:16]))
print("kind", answer[0])
look(answer[4:])
"""
"""Sends a DHCPv6 request (1: for an address, 11: for information only) and prints the reply."""


class Guest:
    """Opens the tap of `Wiring.plug`. Frames are forwarded until `close`."""

    def __init__(self, tap: str, mac: str, folder: Path) -> None:
        self.namespace = f"kg-{randomness.random_bytes(4).hex()}"
        self.folder = folder
        self.children: list[subprocess.Popen[bytes]] = []
        run("ip", "netns", "add", self.namespace)
        self.plug = _open(tap)
        inside = f"g{randomness.random_bytes(4).hex()}"
        self.card = _open(inside)
        run("ip", "link", "set", inside, "netns", self.namespace, "name", "eth0")
        run("ip", "-n", self.namespace, "link", "set", "eth0", "address", mac)
        run("ip", "-n", self.namespace, "link", "set", "lo", "up")
        run("ip", "-n", self.namespace, "link", "set", "eth0", "up")
        self.stopping, self.stopper = os.pipe()
        self.pump = threading.Thread(target=self._pump, daemon=True)
        self.pump.start()

    def _pump(self) -> None:
        other = {self.plug: self.card, self.card: self.plug}
        while True:
            ready, _, _ = select.select([self.plug, self.card, self.stopping], [], [])
            if self.stopping in ready:
                return
            for descriptor in ready:
                try:
                    os.write(other[descriptor], os.read(descriptor, 70000))
                except OSError:
                    continue

    def run(self, *argv: str, check: bool = True) -> str:
        return run("ip", "netns", "exec", self.namespace, *argv, check=check)

    def spawn(self, *argv: str) -> None:
        self.children.append(
            subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, *argv],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def dhcp(self) -> dict[str, str]:
        """Request an address by DHCP and set it. Returns the received options."""
        script, facts = self.folder / "dhcp.sh", self.folder / f"{self.namespace}.facts"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        run(
            *("ip", "netns", "exec", self.namespace, "env", f"FACTS={facts}", "busybox", "udhcpc", "-i", "eth0"),
            *("-f", "-q", "-n", "-t", "60", "-T", "1", "-A", "1", "-s", str(script)),
            *("-O", "staticroutes", "-O", "mtu", "-O", "dns", "-O", "domain", "-O", "bootfile"),
        )
        return dict(line.split("=", 1) for line in facts.read_text().splitlines())

    def dhcp6(self, question: int, mac: str) -> dict[str, str]:
        """Waits until its link-local address is usable."""
        said = self.run(sys.executable, "-I", "-c", DHCP6, str(question), mac)
        return dict(line.split(" ", 1) for line in said.splitlines())

    def reaches(self, address: str, seconds: int = 1) -> bool:
        return answers("ip", "netns", "exec", self.namespace, *ping(address, seconds))

    def close(self) -> None:
        for child in self.children:
            child.kill()
            child.wait()
        os.write(self.stopper, b"x")
        self.pump.join()
        for descriptor in (self.plug, self.card, self.stopping, self.stopper):
            os.close(descriptor)
        run("ip", "netns", "delete", self.namespace)


def ping(address: str, seconds: int = 1) -> list[str]:
    return ["busybox", "ping", "-c", "1", "-W", str(seconds), address]


def answers(*argv: str) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def run(*argv: str, check: bool = True) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def _open(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(descriptor, TUNSETOFFLOAD, OFFLOADS)
    return descriptor

"""The guest image on plain QEMU: ssh, sudo, metadata, hot plug and the power button."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.waits import PATIENCE, until

SCRIPT = Path(__file__).parents[2] / "scripts" / "guest-image.sh"
PORT = free_port()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, ("qemu-system-x86_64", "genisoimage", "syslinux"))),
        reason="needs root, QEMU and the tools of packages.txt",
    ),
]


class Guest:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        image = subprocess.run([SCRIPT], capture_output=True, text=True, check=True).stdout.split()[-1]
        self.make("qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", "disk", "1G")
        self.make("qemu-img", "create", "-q", "-f", "raw", "volume", "64M")
        self.make("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key")
        documents = folder / "drive" / "openstack" / "latest"
        documents.mkdir(parents=True)
        key = (folder / "key.pub").read_text()
        told = {
            "uuid": "1",
            "hostname": "told.example",
            "public_keys": {"k": key},
            "admin_pass": 'it\'s "quoted" $HOME',
        }
        (documents / "meta_data.json").write_text(json.dumps(told))
        (documents / "user_data").write_text("#!/bin/sh\nid -un > /run/ran-as\n")
        self.make("genisoimage", "-quiet", "-o", "drive.iso", "-V", "config-2", "-J", "-r", "drive")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "pc,accel=tcg", "-cpu", "Nehalem", "-m", "256", "-display", "none",
             "-drive", "file=disk,if=virtio", "-drive", "file=drive.iso,if=virtio,format=raw,readonly=on",
             "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{PORT}-:22", "-device", "virtio-net-pci,netdev=n",
             "-serial", "file:serial", "-qmp", "unix:qmp,server=on,wait=off"],
            cwd=folder,
        )  # fmt: skip
        self.until(lambda: (folder / "qmp").exists())
        self.channel = socket.socket(socket.AF_UNIX)
        self.channel.connect(str(folder / "qmp"))
        self.answers = self.channel.makefile("r")
        self.answers.readline()
        self.qmp("qmp_capabilities")

    def make(self, *words: str) -> None:
        subprocess.run(words, cwd=self.folder, check=True)

    def qmp(self, order: str, **arguments: Any) -> Any:
        self.channel.sendall(json.dumps({"execute": order, "arguments": arguments}).encode())
        while "event" in (answer := json.loads(self.answers.readline())):
            pass
        assert "return" in answer, answer
        return answer["return"]

    def ssh(self, command: str) -> str:
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        login = ["ssh", "-i", "key", "-p", str(PORT), *options, "-o", "ConnectTimeout=10", "kumoi@127.0.0.1", command]

        def connected() -> Any:
            done = subprocess.run(login, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
            return done if done.returncode != 255 else None

        done = self.until(connected)
        return str(done.stdout).strip() if done.returncode == 0 else ""

    def until(self, met: Callable[[], Any]) -> Any:
        try:
            return until(met, every=0.1)
        except AssertionError as error:
            raise AssertionError((self.folder / "serial").read_text()) from error

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.answers.close()
        self.channel.close()


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    folder = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
    made = Guest(folder)
    made.until(lambda: made.ssh("true; echo open"))
    yield made
    made.close()
    shutil.rmtree(folder)


def test_it_is_what_its_metadata_says(guest: Guest) -> None:
    assert guest.ssh("hostname") == "told"
    assert guest.ssh("sudo id -un") == "root"
    guest.until(lambda: guest.ssh("cat /run/ran-as") == "root")
    guest.until(lambda: "kumoi:$6$" in guest.ssh("sudo cat /etc/shadow"))
    assert "kumoi-guest: ssh is open" in (guest.folder / "serial").read_text()


def test_its_root_has_grown_to_the_disk(guest: Guest) -> None:
    assert int(guest.ssh("df -m / | awk 'NR == 2 {print $2}'")) > 900
    assert "vda2" in guest.ssh("sudo lsblk")


def test_wget_has_a_timeout(guest: Guest) -> None:
    """Without -T it is busybox's own, with -T a script of the image; a server that says nothing is given up."""
    silent = socket.create_server(("127.0.0.1", 0))
    here = f"http://10.0.2.2:{silent.getsockname()[1]}/"
    assert "no data for 1 s" in guest.ssh(f"wget -q -T 1 -O - {here} 2>&1; true")
    assert guest.ssh("wget -T 1 2>&1 | head -1").startswith("BusyBox")
    silent.close()


def test_disks_and_cards_come_and_go_while_it_runs(guest: Guest) -> None:
    guest.qmp("blockdev-add", **{"node-name": "v", "driver": "raw", "file": {"driver": "file", "filename": "volume"}})
    guest.qmp("device_add", driver="virtio-blk-pci", id="disk1", drive="v")
    guest.qmp("netdev_add", type="user", id="more", net="10.9.9.0/24")
    guest.qmp("device_add", driver="virtio-net-pci", id="card1", netdev="more")
    guest.until(lambda: guest.ssh("lsblk -dno SIZE /dev/vdc") == "64M")
    guest.until(lambda: "10.9.9." in guest.ssh("ip -4 addr show dev eth1"))
    asks = "ps -o args | grep '[d]hcpcd.*eth1'"
    guest.until(lambda: guest.ssh(asks))
    assert guest.ssh("sudo mkfs.ext4 -q /dev/vdc && echo made") == "made"
    for device in ("disk1", "card1"):
        guest.qmp("device_del", id=device)
    guest.until(lambda: not guest.ssh("ls /sys/block | grep vdc"))
    guest.until(lambda: "eth1" not in guest.ssh("ip link; echo still here"))
    guest.until(lambda: not guest.ssh(asks))


def test_its_power_button_shuts_it_down(guest: Guest) -> None:
    guest.qmp("system_powerdown")
    guest.until(lambda: guest.process.poll() is not None)
    assert "reboot: Power down" in (guest.folder / "serial").read_text()

"""Demonstrates a new cloud with the `openstack` client. Repeated runs change nothing."""

import argparse
import os
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openstack
from keystoneauth1.exceptions import ClientException

from kumoi import services
from kumoi.cli import running
from kumoi.cli.refusals import Refused
from kumoi.kernel import clock, processes
from kumoi.kernel.settings import Folder

REPOSITORY = Path(__file__).parents[3]
NEEDED = frozenset({"block_storage", "compute", "image", "network", "object_store"})
"""Services whose resources it makes."""
SSH_WITHIN = 180.0
"""Seconds for a guest to boot and open ssh, under software emulation and on a busy machine."""


class Demonstration:
    """`person` is a member of project demo, `admin` the cloud's admin. Both clients only check what exists. Everything
    that creates or changes something is a command, which is printed."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        os.environ["OS_CLIENT_CONFIG_FILE"] = str(folder.clouds)
        self.environment = {**os.environ, "OS_CLOUD": "kumoi-member"}
        binaries = Path(sys.executable).parent
        self.environment["PATH"] = f"{binaries}:{os.environ.get('PATH', '/usr/bin:/bin')}"
        self.person: Any = openstack.connect(cloud="kumoi-member")
        self.key = folder.demo / "id_ed25519"

    def run(self) -> None:
        print(
            f"export OS_CLIENT_CONFIG_FILE={self.folder.clouds} OS_CLOUD=kumoi-member PATH={REPOSITORY}/.venv/bin:$PATH"
        )
        self.make_key()
        self.make_image()
        self.make_network()
        server = self.make_server()
        address = self.make_floating_ip(server)
        self.attach_volume(server)
        self.store_object()
        self.log_in(address)

    def make_key(self) -> None:
        self.folder.demo.mkdir(mode=0o700, exist_ok=True)
        with self.step("A key pair, to log in with"):
            if not self.key.exists():
                self.type(f"ssh-keygen -q -t ed25519 -N '' -C demo -f {self.key}")
            if self.person.compute.find_keypair("demo") is None:
                self.type(f"openstack keypair create --public-key {self.key}.pub demo -c name -c fingerprint")

    def make_image(self) -> None:
        with self.step("The image of a small Linux, for everyone"):
            if self.person.image.find_image("kumoi-guest") is None:
                script = REPOSITORY / "scripts" / "guest-image.sh"
                image = processes.run([str(script), "--path"], environment=self.environment).strip()
                form = "--public --disk-format qcow2 --container-format bare"
                shown = "-c id -c name -c status -c visibility -c size"
                self.type(
                    f"openstack --os-cloud kumoi image create {form} --file {image} kumoi-guest {shown}", within=300
                )

    def make_network(self) -> None:
        with self.step("A private network, and a router to the public one"):
            if self.person.network.find_network("private") is None:
                self.type("openstack network create private -c id -c name -c mtu -c status")
            if self.person.network.find_subnet("private") is None:
                self.type(
                    "openstack subnet create --network private --subnet-range 10.20.0.0/24 private -c cidr -c gateway_ip"
                )
            router = self.person.network.find_router("demo")
            if router is None:
                self.type("openstack router create --external-gateway public demo -c id -c name -c status")
                self.type("openstack router add subnet demo private")
        with self.step("Its firewall lets ssh and ping in"):
            group = self.person.network.find_security_group("default", project_id=self.person.current_project_id)
            rules = [rule["protocol"] for rule in group.security_group_rules if rule["direction"] == "ingress"]
            for protocol, port in (("icmp", ""), ("tcp", " --dst-port 22")):
                if protocol not in rules:
                    shown = "-c protocol -c port_range_min -c remote_ip_prefix"
                    self.type(f"openstack security group rule create --protocol {protocol}{port} default {shown}")

    def make_server(self) -> Any:
        with self.step("A server"):
            server = self.person.compute.find_server("demo")
            if server is None:
                (self.folder.demo / "known_hosts").unlink(missing_ok=True)
                what = "--image kumoi-guest --flavor m1.tiny --network private --key-name demo"
                shown = "-c id -c name -c status -c addresses"
                self.type(f"openstack server create {what} --wait demo {shown}", within=300)
            server = self.person.compute.get_server(self.person.compute.find_server("demo").id)
            if server.status == "SHUTOFF":
                self.type("openstack server start demo")
                server = self.person.compute.wait_for_server(server, wait=60)
            if server.status != "ACTIVE":
                reason = (server.fault or {}).get("message", "no reason is known")
                raise Refused(f"server demo is {server.status}: {reason}\nto try again: openstack server delete demo")
        return server

    def make_floating_ip(self, server: Any) -> str:
        with self.step("A floating IP, so that this machine reaches it"):
            port = next(iter(self.person.network.ports(device_id=server.id)))
            found = next(iter(self.person.network.ips(port_id=port.id)), None)
            if found is None:
                shown = "-c floating_ip_address -c fixed_ip_address"
                self.type(f"openstack floating ip create --port {port.id} public {shown}")
                found = next(iter(self.person.network.ips(port_id=port.id)))
        return str(found.floating_ip_address)

    def attach_volume(self, server: Any) -> None:
        with self.step("A volume, plugged into the running server"):
            volume = self.person.block_storage.find_volume("demo")
            if volume is None:
                self.type("openstack volume create --size 1 demo -c id -c name -c size -c status")
                volume = self.person.block_storage.find_volume("demo")
                volume = self.person.block_storage.wait_for_status(volume, "available", wait=60)
            if volume.status == "available":
                self.type("openstack server add volume demo demo -c Device")
                self.person.block_storage.wait_for_status(volume, "in-use", wait=60)

    def store_object(self) -> None:
        with self.step("A container, and a file in it"):
            store = self.person.object_store
            if "demo" not in [container.name for container in store.containers()]:
                self.type("openstack container create demo -c account -c container")
            if "id_ed25519.pub" not in [each.name for each in store.objects("demo")]:
                self.type(f"openstack object create --name id_ed25519.pub demo {self.key}.pub")

    def log_in(self, address: str) -> None:
        options = (
            f"-i {self.key} -o UserKnownHostsFile={self.folder.demo}/known_hosts -o StrictHostKeyChecking=accept-new"
        )
        login = f"ssh {options} kumoi@{address}"
        with self.step("Waiting for its ssh"):
            self.wait_for(shlex.split(f"{login} -o ConnectTimeout=3 -o BatchMode=yes true"))
        with self.step("Its disks, seen from inside"):
            self.type(f"{login} lsblk")
        with self.step("What the cloud tells it about itself"):
            asked = "wget -qO- http://169.254.169.254/openstack/latest/meta_data.json | jq '{name, uuid, availability_zone}'"
            self.type(f"{login} {shlex.quote(asked)}")

    def wait_for(self, command: list[str]) -> None:
        stop = clock.monotonic() + SSH_WITHIN
        while True:
            try:
                processes.run(command, within=10, environment=self.environment)
                return
            except processes.CommandFailed as error:
                if clock.monotonic() > stop:
                    raise Refused(
                        f"no ssh: {error.detail}\nlook at its console: openstack console log show demo"
                    ) from None
                clock.sleep(0.3)

    def type(self, line: str, within: float = 120) -> None:
        """Show a command as typed, run it, show its output."""
        print(f"    $ {line}", flush=True)
        try:
            said = processes.run(shlex.split(line), within=within, environment=self.environment)
        except processes.CommandFailed as error:
            raise Refused(f"`{line.split(' -')[0]}` failed: {error.detail}") from None
        for answer in said.rstrip().splitlines():
            print(f"      {answer}", flush=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Print the step, its progress, and its duration."""
        began = clock.monotonic()
        print(f"==> {what}", flush=True)
        done = threading.Event()

        def tick() -> None:
            while not done.wait(5):
                print(f"    … {clock.monotonic() - began:.0f} s", flush=True)

        ticker = threading.Thread(target=tick, daemon=True)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            ticker.join()
        print(f"    done in {clock.monotonic() - began:.1f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m kumoi.cli.demo", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder, settings = running.known(parser.parse_args().data.absolute())
    if "fake" in (settings.hypervisor, settings.network):
        print("demo: this cloud has fake guests or networks, into which nobody can log in", file=sys.stderr)
        return 1
    if missing := NEEDED - services.chosen(settings.services):
        print(f"demo: this cloud has no {', '.join(sorted(missing))}: the demonstration needs it", file=sys.stderr)
        return 1
    if not running.is_running(folder):
        print(f"demo: the cloud is down: kumoi up --data {folder.data}", file=sys.stderr)
        return 1
    try:
        Demonstration(folder).run()
    except (Refused, processes.CommandFailed, openstack.exceptions.SDKException, ClientException) as error:
        print(f"demo: {error}", file=sys.stderr)
        print(f"    the cloud's own words: .venv/bin/kumoi logs --data {folder.data}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

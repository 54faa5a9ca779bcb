"""Lives of servers, chosen by the seed: created, reached, given volumes, snapshotted, stopped and started, deleted."""

import ipaddress
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.chaos import diagnosis
from tests.chaos.client import Client, Refused, Stuck, Tally
from tests.chaos.counter import Counter as Packets
from tests.chaos.counter import Watch
from tests.end_to_end.clouds import Cloud, guest_image

SERVERS, VOLUMES, SNAPSHOTS = "/compute/v2.1/servers", "/volume/v3/volumes", "/volume/v3/snapshots"
NETWORK = "/network/v2.0"
SETTLES = 180.0
"""Seconds within which a request must be completed or undone."""
BOOTS = 120.0
"""Seconds within which a guest that the API calls ACTIVE answers."""
BRIEF = 0.3
"""The share of lives that end while they begin."""
LOOK = 0.4
ADDRESSES = 9
"""Floating addresses beside the router's: more than there are clients, not many more."""
WAKE: dict[str, dict[str, Any]] = {
    "SHUTOFF": {"os-start": None},
    "PAUSED": {"unpause": None},
    "SUSPENDED": {"resume": None},
}
"""Status of an inactive server → the action that activates it."""


class World:
    """What all clients share: image, flavor, key, network with a gateway, security group; and their results."""

    def __init__(self, cloud: Cloud) -> None:
        cloud.make_key()
        self.cloud = cloud
        sdk = self.sdk = cloud.sdk()
        self.image = sdk.create_image("small", filename=str(guest_image()), wait=True, disk_format="qcow2").id
        self.flavor = sdk.compute.find_flavor("m1.tiny").id
        sdk.compute.create_keypair(name="mine", public_key=cloud.key.with_suffix(".pub").read_text())
        network = sdk.network
        outside = network.find_network("public")
        self.outside = outside.id
        self._few_addresses(*outside.subnet_ids)
        self.network = network.create_network(name="inside").id
        self.subnet = network.create_subnet(network_id=self.network, ip_version=4, cidr="10.77.0.0/24").id
        self.router = network.create_router(external_gateway_info={"network_id": self.outside}).id
        network.add_interface_to_router(self.router, subnet=self.subnet)
        self.group = network.create_security_group(name="open").id
        for protocol, first, last in (("icmp", None, None), ("tcp", 22, 22)):
            rule = {"protocol": protocol, "port_range_min": first, "port_range_max": last}
            network.create_security_group_rule(security_group_id=self.group, direction="ingress", **rule)
        self.stop = threading.Event()
        """No new lives start, and current ones keep their server."""
        self.lives: Counter[str] = Counter()
        self.acts: Counter[str] = Counter()
        self.errors: list[str] = []
        """Reasons of servers in ERROR and volumes in error. Allowed, and reported."""
        self.kept: list[Life] = []
        self.servers: list[str] = []
        """Names of all servers ever requested."""
        self.restored: list[float] = []
        """Seconds from a client's sight of a lost guest to its answer."""

    def _few_addresses(self, subnet_id: str) -> None:
        """So that a floating IP is soon reused by another server, while packets are still sent to it."""
        admin = self.cloud.sdk("kumoi").network
        start = ipaddress.ip_address(admin.get_subnet(subnet_id).allocation_pools[0]["start"])
        pool = {"start": str(start), "end": str(start + ADDRESSES)}
        admin.update_subnet(subnet_id, allocation_pools=[pool])

    def unfurnish(self) -> None:
        """Delete the shared resources."""
        self.sdk.network.remove_interface_from_router(self.router, subnet=self.subnet)
        self.sdk.network.delete_router(self.router, ignore_missing=False)
        self.sdk.network.delete_network(self.network, ignore_missing=False)
        self.sdk.network.delete_security_group(self.group, ignore_missing=False)
        self.sdk.compute.delete_keypair("mine", ignore_missing=False)
        self.sdk.image.delete_image(self.image, ignore_missing=False)


class Life:
    """One server and its resources."""

    def __init__(self, world: World, client: Client, packets: Packets, name: str) -> None:
        self.world, self.client, self.packets, self.name = world, client, packets, name
        self.random = client.random
        self.server = self.port = self.address = self.floating = ""
        self.volumes: list[str] = []
        self.snapshots: list[str] = []
        self.seen = ""
        self.watch: Watch | None = None
        self.rests = False
        """Whether its client made it inactive."""

    # the whole life

    def live(self) -> None:
        """Until the server is deleted, or kept because the clients stop. Broken promises go to the tally."""
        self.begin()
        if self.random.random() < BRIEF:
            time.sleep(self.random.uniform(0, 1.5))
            self.end("brief")
            return
        shown = self.settle()
        if shown["status"] == "ERROR":
            self.note_error(shown)
            self.end("in ERROR from birth")
            return
        self.connect()
        acts = (self.plug, self.snapshot, self.power, self.reboot, self.freeze)
        for act in self.random.sample(acts, self.random.choice((1, 1, 2))):
            if self.world.stop.is_set():
                break
            self.stay()
            try:
                act()
            except Refused as error:
                # a guest that was killed between is no longer in the state that the client believes
                self.world.acts[f"{act.__name__} refused: {error.status}"] += 1
            self.reach()
            self.world.acts[act.__name__] += 1
        if self.world.stop.is_set():
            self.world.kept.append(self)
        else:
            self.end("whole")

    def begin(self) -> None:
        asked = {"name": self.name, "imageRef": self.world.image, "flavorRef": self.world.flavor, "key_name": "mine",
                 "networks": [{"uuid": self.world.network}], "security_groups": [{"name": "open"}]}  # fmt: skip
        self.world.servers.append(self.name)
        self.server = self.client.make(SERVERS, {"server": asked})["server"]["id"]

    def connect(self) -> None:
        """A floating IP, and packets to it from now on."""
        ports = self.client.get(f"{NETWORK}/ports?device_id={self.server}")["ports"]
        self.port = ports[0]["id"]
        body = {"floatingip": {"floating_network_id": self.world.outside, "port_id": self.port}}
        made = self.client.make(f"{NETWORK}/floatingips", body)["floatingip"]
        self.floating, self.address = made["id"], made["floating_ip_address"]
        self.watch = self.packets.watch(self.address, self.server)
        self.reach()

    def end(self, how: str) -> None:
        self.release()
        self.world.lives[how] += 1

    def release(self) -> None:
        """Delete everything and check that it is gone."""
        if self.watch:
            self.packets.leave(self.watch)
        first = self.random.random() < 0.5
        if first and self.floating:
            self.client.delete(f"{NETWORK}/floatingips/{self.floating}")
        self.client.delete(f"{SERVERS}/{self.server}")
        self.gone(f"{SERVERS}/{self.server}")
        for snapshot in self.snapshots:
            self.until_deleted(f"{SNAPSHOTS}/{snapshot}")
        for volume in self.volumes:
            self.until_deleted(f"{VOLUMES}/{volume}")
        if not first and self.floating:
            self.client.delete(f"{NETWORK}/floatingips/{self.floating}")

    # acts

    def stay(self) -> None:
        """No requests for a while. Its packets are counted."""
        self.world.stop.wait(self.random.uniform(2, 6))

    def plug(self) -> None:
        volume = self.make_volume()
        if not volume:
            return
        body = {"volumeAttachment": {"volumeId": volume}}
        self.client.make(f"{SERVERS}/{self.server}/os-volume_attachments", body)
        if self.wait_volume(volume, "in-use", "available") == "in-use" and self.random.random() < 0.6:
            self.client.delete(f"{SERVERS}/{self.server}/os-volume_attachments/{volume}")
            self.wait_volume(volume, "available", "in-use")

    def snapshot(self) -> None:
        """Of one of the guest's volumes, if it has any."""
        volume = self.volumes[0] if self.volumes else self.make_volume()
        if not volume:
            return
        made = self.client.make(SNAPSHOTS, {"snapshot": {"volume_id": volume, "name": self.name, "force": True}})
        identity = made["snapshot"]["id"]
        self.snapshots.append(identity)
        self.until(f"snapshot {identity} at rest", lambda: self.client.get(
            f"{SNAPSHOTS}/{identity}")["snapshot"]["status"] in ("available", "error"))  # fmt: skip

    def power(self) -> None:
        self.excuse()
        self.rests = True
        self.client.act(f"{SERVERS}/{self.server}/action", {"os-stop": None})
        self.settle()

    def reboot(self) -> None:
        self.excuse()
        kind = self.random.choice(("HARD", "SOFT"))
        self.client.act(f"{SERVERS}/{self.server}/action", {"reboot": {"type": kind}})
        self.settle()

    def freeze(self) -> None:
        self.excuse()
        self.rests = True
        self.client.act(f"{SERVERS}/{self.server}/action", {self.random.choice(("pause", "suspend")): None})
        self.settle()

    def make_volume(self) -> str:
        """A volume at rest; empty when it fell into error."""
        made = self.client.make(VOLUMES, {"volume": {"size": 1, "name": self.name}})["volume"]["id"]
        self.volumes.append(made)
        return made if self.wait_volume(made, "available") == "available" else ""

    # waits, each with a deadline

    def show(self) -> Any:
        return self.client.get(f"{SERVERS}/{self.server}")["server"]

    def settle(self) -> Any:
        """The server, once it has no active task."""

        def settled() -> Any:
            shown = self.show()
            self.seen = f"{shown['status']} {shown['OS-EXT-STS:task_state']}"
            return shown if shown["OS-EXT-STS:task_state"] is None and shown["status"] != "BUILD" else None

        return self.until(f"server {self.server} at rest", settled)

    def wait_volume(self, volume: str, *states: str) -> str:
        """Which of these states, or of an error, it came to."""
        status = ""

        def rests() -> bool:
            nonlocal status
            status = self.seen = self.client.get(f"{VOLUMES}/{volume}")["volume"]["status"]
            return status in states or status.startswith("error")

        self.until(f"volume {volume} {' or '.join(states)}", rests)
        if status.startswith("error"):
            self.world.errors.append(f"volume {volume}: {status}")
        return status

    def gone(self, path: str) -> None:
        def absent() -> bool:
            try:
                self.seen = str(self.client.get(path))[:300]
            except Refused as error:
                return error.status == 404
            return False

        self.until(f"{path} gone", absent)

    def until_deleted(self, path: str) -> None:
        """Repeated while something still depends on it."""

        def deleted() -> bool:
            try:
                self.client.delete(path)
            except Refused as error:
                self.seen = str(error)
                return False
            return True

        self.until(f"{path} may be deleted", deleted)
        self.gone(path)

    def reach(self) -> None:
        """Wait until the guest answers. A lost guest is repaired as its owner would."""
        assert self.watch is not None
        began = since = time.monotonic()
        lost = False
        shown: Any = {}
        while True:
            shown = self.settle()
            if shown["status"] == "ACTIVE":
                asked = time.monotonic()
                while self.watch.last < max(since, asked) and time.monotonic() - asked < 3:
                    time.sleep(0.1)
                if self.watch.last >= max(since, asked):
                    break
            else:
                if not lost and not self.rests:
                    self.world.acts[f"guest lost, found {shown['status']}"] += 1
                    lost = True
                self.put_right(shown)
                since = time.monotonic()
            if time.monotonic() - since > BOOTS or time.monotonic() - began > SETTLES * 2:
                self.client.tally.fault(f"server {self.server} ({self.address}) is {shown['status']} and silent")
                print(diagnosis.of(self.world.cloud.data, self.server, self.port, self.address), flush=True)
                raise Stuck(f"{self.server} is silent")
        self.rests = False
        if lost:
            self.world.restored.append(time.monotonic() - began)
        self.watch.expect()

    def put_right(self, shown: Any) -> None:
        """Reboot a server in ERROR hard; activate an inactive one."""
        if shown["status"] == "ERROR":
            self.note_error(shown)
        action = WAKE.get(shown["status"], {"reboot": {"type": "HARD"}})
        try:
            self.client.act(f"{SERVERS}/{self.server}/action", action)
            self.world.acts[f"put right from {shown['status']}"] += 1
        except Refused as error:
            self.world.acts[f"put right refused: {error.status}"] += 1
            time.sleep(LOOK)
        self.settle()

    def note_error(self, shown: Any) -> None:
        self.world.errors.append(f"server {self.server}: {shown.get('fault', {}).get('message', 'no reason given')}")

    def until(self, what: str, met: Callable[[], Any]) -> Any:
        stop = time.monotonic() + SETTLES
        while not (found := met()):
            if time.monotonic() > stop:
                self.client.tally.fault(f"not within {SETTLES:.0f} s: {what}; it is {self.seen}")
                raise Stuck(what)
            time.sleep(LOOK)
        return found

    def excuse(self) -> None:
        if self.watch:
            self.watch.excuse()


def go_on(world: World, client: Client, packets: Packets, number: int, tally: Tally) -> None:
    """One client's lives until it must stop. The last one is kept."""
    count = 0
    while not world.stop.is_set():
        count += 1
        life = Life(world, client, packets, f"chaos-{number}-{count}")
        try:
            life.live()
        except Stuck:
            world.lives["stuck"] += 1
            world.kept.append(life)
        except Exception as error:
            world.lives["broken"] += 1
            if life.server:
                world.kept.append(life)
            tally.fault(f"client {number}: {type(error).__name__}: {error}")

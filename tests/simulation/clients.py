"""Several clients that send valid and invalid requests over HTTP. They remember what they were told."""

import contextlib
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.images.files import FileImages
from kumoi.engines.images.interface import ImagesError
from kumoi.kernel import randomness
from tests.cloud import CALLERS
from tests.matrix.recipes import ORIGIN
from tests.services.compute.world import SERVERS, World
from tests.services.image import sending
from tests.simulation import rows
from tests.simulation.faults import Killed, Mischief, MortalDatabase, full_disk
from tests.simulation.tenants import Tenants
from tests.stepped import SteppedCloud

VOLUMES = "/volume/v3/volumes"
SNAPSHOTS = "/volume/v3/snapshots"
PORTS = "/network/v2.0/ports"
ACTIONS: tuple[tuple[str, Any], ...] = (
    ("os-stop", None), ("os-start", None), ("reboot", {"type": "SOFT"}), ("reboot", {"type": "HARD"}), ("pause", None),
    ("unpause", None), ("suspend", None), ("resume", None), ("lock", None), ("unlock", None),
)  # fmt: skip
ALLOWED = {
    "ACTIVE": ("os-stop", "reboot", "pause", "suspend"), "SHUTOFF": ("os-start",), "PAUSED": ("unpause",),
    "SUSPENDED": ("resume",), "ERROR": ("reboot",),
}  # fmt: skip


class Clients:
    """`deleted`: ids whose deletion the API accepted."""

    def __init__(
        self, cloud: SteppedCloud, world: World, random: Random, tell: Callable[[str], None], replies: Counter[str]
    ) -> None:
        self.cloud, self.world, self.random, self.tell, self.replies = cloud, world, random, tell, replies
        self.known: dict[str, list[str]] = {"server": [], "volume": [], "snapshot": [], "port": [], "image": []}
        self.deleted: set[str] = set()
        self.mischief: Mischief | None = None
        self.deeds: list[tuple[float, Callable[[], None]]] = [
            (6, self.create_server), (3, self.delete_server), (8, self.act_on_server), (3, self.attach_volume),
            (2, self.detach_volume), (2, self.attach_interface), (2, self.detach_interface), (4, self.create_volume),
            (2, self.delete_volume), (2, self.extend_volume),
            (2, self.revert_volume), (2, self.create_snapshot), (2, self.delete_snapshot),
            (1, self.create_port), (1, self.delete_port), (2, self.image), (1, self.nonsense), (1, self.look),
            *Tenants(self).deeds,
        ]  # fmt: skip

    def act(self, mischief: Mischief) -> None:
        self.mischief = mischief
        weights = [weight for weight, _ in self.deeds]
        deed = self.random.choices([deed for _, deed in self.deeds], weights)[0]
        if not self.known["server"] and "server" in deed.__name__:
            deed = self.create_server
        if not self.known["volume"] and ("volume" in deed.__name__ or "snapshot" in deed.__name__):
            deed = self.create_volume
        deed()

    def ask(self, method: str, path: str, as_: str = "member", **more: Any) -> Any:
        """Sometimes the reply is lost, and the client retries with the same key."""
        headers = {}
        if method == "POST" and not path.endswith("/action"):
            headers["Idempotency-Key"] = randomness.new_hex()
        answer = self._call(method, path, as_, headers, more)
        self.replies[f"{method} {answer.status_code}"] += 1
        self.tell(f"{as_} {method} {path} {more.get('json', '')} -> {answer.status_code}")
        assert answer.status_code != 500, f"{method} {path}: {answer.text}"
        if headers and self.mischief and self.mischief.strikes(0.2, "a client's reply is lost"):
            again = self.cloud.call(method, path, as_=as_, headers=headers, **more)
            if answer.status_code < 300:
                assert (again.status_code, again.text) == (answer.status_code, answer.text), f"{method} {path} twice"
        return answer

    def _call(self, method: str, path: str, as_: str, headers: dict[str, str], more: dict[str, Any]) -> Any:
        """The serving process may die. Then the client retries, sometimes without the key."""
        mischief = self.mischief
        died = None
        if method != "GET" and mischief and mischief.strikes(0.03, "the api dies before the commit"):
            died = "before"
        elif method != "GET" and mischief and mischief.strikes(0.03, "the api dies after the commit"):
            died = "after"
        if died is None:
            return self.cloud.call(method, path, as_=as_, headers=headers, **more)
        before = rows.digest(self.cloud.database)
        api, mortal = self.cloud.api, MortalDatabase(self.cloud.database, committed=died == "after")
        api.database = mortal  # type: ignore[assignment]
        try:
            answer = self.cloud.call(method, path, as_=as_, headers=headers, **more)
        except Killed:
            self.tell(f"the api dies {died} the commit of {method} {path}")
        finally:
            api.database = self.cloud.database
        if not mortal.died:
            return answer
        left = rows.digest(self.cloud.database)
        if died == "before":
            assert left == before, f"{method} {path} died before its commit, and left {rows.difference(before, left)}"
        if headers and self.random.random() < 0.3:
            headers.clear()
        answer = self.cloud.call(method, path, as_=as_, headers=headers, **more)
        if headers and died == "after":
            now = rows.digest(self.cloud.database)
            assert now == left, f"{method} {path} with the same key changed {rows.difference(left, now)}"
            assert answer.status_code < 300, f"{method} {path} was done, and answers {answer.text} to the same key"
        return answer

    def pick(self, kind: str) -> str:
        """Usually the id of a resource that existed at some time; otherwise an unknown id."""
        if self.known[kind] and self.random.random() < 0.97:
            return self.random.choice(self.known[kind])
        return randomness.new_uuid()

    def create_server(self) -> None:
        more: dict[str, Any] = {}
        shape = self.random.randrange(7)
        if shape == 0:
            more.update(imageRef=None, block_device_mapping_v2=[
                {"boot_index": 0, "source_type": "image", "uuid": self.world.image, "destination_type": "volume",
                 "volume_size": 1, "delete_on_termination": self.random.random() < 0.7}])  # fmt: skip
        elif shape == 1:
            more["networks"] = [{"port": self.pick("port")}]
        elif shape == 5:
            more.update(networks=[{"uuid": self.pick("network")}], key_name=self.random.choice(("one", "two")))
        elif shape == 2:
            more.update(min_count=1, max_count=3)
        elif shape == 3:
            more.update(block_device_mapping_v2=[
                {"boot_index": 0, "source_type": "image", "uuid": self.world.image, "destination_type": "local"},
                {"boot_index": 1, "source_type": "volume", "uuid": self.pick("volume"), "destination_type": "volume"},
            ])  # fmt: skip
        elif shape == 4 and self.random.random() < 0.3:
            more["flavorRef"] = "no such flavor"
        made = self.ask("POST", SERVERS, version="2.96", json=self.world.body(**more))
        if made.status_code == 202:
            listed = self.cloud.get(f"{SERVERS}?sort_key=created_at&limit=1000").json["servers"]
            self.known["server"] = list(dict.fromkeys([*self.known["server"], *sorted(s["id"] for s in listed)]))

    def delete_server(self) -> None:
        server_id = self.pick("server")
        method = self.random.choice(("DELETE", "forceDelete"))
        if method == "DELETE":
            gone = self.ask("DELETE", f"{SERVERS}/{server_id}")
        else:
            gone = self.ask("POST", f"{SERVERS}/{server_id}/action", json={"forceDelete": None})
        if gone.status_code < 300:
            self.deleted.add(server_id)

    def act_on_server(self) -> None:
        """Usually an action that its state allows."""
        server_id = self.pick("server")
        name, argument = self.random.choice(ACTIONS)
        if self.random.random() < 0.8:
            status = self.cloud.get(f"{SERVERS}/{server_id}").json.get("server", {}).get("status")
            allowed = [each for each in ACTIONS if each[0] in ALLOWED.get(status, ())]
            if allowed:
                name, argument = self.random.choice(allowed)
        self.ask("POST", f"{SERVERS}/{server_id}/action", json={name: argument})

    def attach_volume(self) -> None:
        body = {"volumeAttachment": {"volumeId": self.pick("volume")}}
        self.ask("POST", f"{SERVERS}/{self.pick('server')}/os-volume_attachments", json=body)

    def detach_volume(self) -> None:
        server_id = self.pick("server")
        listed = self.cloud.get(f"{SERVERS}/{server_id}/os-volume_attachments")
        attached = [each["volumeId"] for each in listed.json.get("volumeAttachments", [])]
        volume_id = self.random.choice(attached) if attached else self.pick("volume")
        self.ask("DELETE", f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}")

    def attach_interface(self) -> None:
        wanted = {"net_id": self.world.network} if self.random.random() < 0.7 else {"port_id": self.pick("port")}
        self.ask("POST", f"{SERVERS}/{self.pick('server')}/os-interface", json={"interfaceAttachment": wanted})

    def detach_interface(self) -> None:
        server_id = self.pick("server")
        listed = self.cloud.get(f"{SERVERS}/{server_id}/os-interface")
        plugged = [each["port_id"] for each in listed.json.get("interfaceAttachments", [])]
        port_id = self.random.choice(plugged) if plugged else self.pick("port")
        self.ask("DELETE", f"{SERVERS}/{server_id}/os-interface/{port_id}")

    def create_volume(self) -> None:
        body: dict[str, Any] = {"size": self.random.choice((1, 1, 2, 5, 2000))}
        source = self.random.randrange(5)
        if source == 0:
            body["imageRef"] = self.world.image
        elif source == 1:
            body["snapshot_id"] = self.pick("snapshot")
        elif source == 2:
            body["source_volid"] = self.pick("volume")
        made = self.ask("POST", VOLUMES, json={"volume": body})
        if made.status_code == 202:
            self.known["volume"].append(made.json["volume"]["id"])

    def delete_volume(self) -> None:
        volume_id = self.pick("volume")
        cascade = "?cascade=true" if self.random.random() < 0.3 else ""
        if self.ask("DELETE", f"{VOLUMES}/{volume_id}{cascade}").status_code < 300:
            self.deleted.add(volume_id)

    def extend_volume(self) -> None:
        body = {"os-extend": {"new_size": self.random.choice((1, 3, 6))}}
        self.ask("POST", f"{VOLUMES}/{self.pick('volume')}/action", json=body)

    def revert_volume(self) -> None:
        """Usually to its newest snapshot."""
        snapshots = self.cloud.get(f"{SNAPSHOTS}/detail?sort=created_at:desc").json["snapshots"]
        if snapshots and self.random.random() < 0.8:
            volume_id, snapshot_id = snapshots[0]["volume_id"], snapshots[0]["id"]
        else:
            volume_id, snapshot_id = self.pick("volume"), self.pick("snapshot")
        body = {"revert": {"snapshot_id": snapshot_id}}
        self.ask("POST", f"{VOLUMES}/{volume_id}/action", json=body, version="3.40")

    def create_snapshot(self) -> None:
        body = {"snapshot": {"volume_id": self.pick("volume"), "force": True}}
        made = self.ask("POST", SNAPSHOTS, json=body)
        if made.status_code == 202:
            self.known["snapshot"].append(made.json["snapshot"]["id"])

    def delete_snapshot(self) -> None:
        self.ask("DELETE", f"{SNAPSHOTS}/{self.pick('snapshot')}")

    def create_port(self) -> None:
        made = self.ask("POST", PORTS, json={"port": {"network_id": self.world.network}})
        if made.status_code == 201:
            self.known["port"].append(made.json["port"]["id"])

    def delete_port(self) -> None:
        """Often one that a server has."""
        port_id = self.pick("port")
        if self.random.random() < 0.5:
            listed = self.cloud.get(PORTS).json["ports"]
            taken = [port["id"] for port in listed if port["device_owner"].startswith("compute:")]
            port_id = self.random.choice(sorted(taken)) if taken else port_id
        self.ask("DELETE", f"{PORTS}/{port_id}")

    def image(self) -> None:
        """Creates an image and sends its bytes (the receiving process may die), also to have them imported into the object
        store, or deletes one."""
        from kumoi.services.image.data import logic

        if self.known["image"] and self.random.random() < 0.5:
            self.ask("DELETE", f"{sending.IMAGES}/{self.pick('image')}")
            return
        body = {"name": "one", "disk_format": "raw", "container_format": "bare"}
        image_id = str(self.ask("POST", sending.IMAGES, json=body).json["id"])
        self.known["image"].append(image_id)
        staging = self.random.random() < 0.5
        database, member = self.cloud.database, CALLERS["member"]
        upload = database.write(lambda tx: logic.begin(tx, member, image_id, ORIGIN, staging=staging))
        writer = FileImages(self.cloud.folder.images).begin(image_id, upload.disk_format)
        if self.mischief and self.mischief.strikes(0.3, "the disk of the images is full"):
            with full_disk("kumoi.engines.images.files.os.write"), contextlib.suppress(ImagesError):
                writer.write(b"\0" * 4096)
            database.write(lambda tx: logic.give_up(tx, image_id, upload.id))
            return
        writer.write(b"\0" * 4096)
        if staging or self.random.random() < 0.5:
            stored = writer.finish()
            database.write(lambda tx: logic.finish(tx, image_id, upload.id, stored, staging=staging))
        if staging:
            into_objects = {"method": {"name": "glance-direct"}, "stores": ["objects"]}
            self.ask("POST", f"{sending.IMAGES}/{image_id}/import", json=into_objects)

    def nonsense(self) -> None:
        """Resources of other projects are not found; invalid bodies are refused."""
        server_id = self.pick("server")
        for answer in (
            self.ask("GET", f"{SERVERS}/{server_id}", as_="other"),
            self.ask("DELETE", f"{VOLUMES}/{self.pick('volume')}", as_="other"),
            self.ask("DELETE", f"{PORTS}/{self.pick('port')}", as_="other"),
            self.ask("POST", f"{SERVERS}/{server_id}/action", as_="other", json={"os-stop": None}),
        ):
            assert answer.status_code == 404, answer.text
        assert (
            self.ask("POST", f"{SERVERS}/{server_id}/action", as_="reader", json={"os-stop": None}).status_code == 403
        )
        assert self.ask("POST", SERVERS, json={"server": {"name": 7}}).status_code == 400

    def look(self) -> None:
        for path in (f"{SERVERS}/detail", f"{VOLUMES}/detail", PORTS, f"{SERVERS}/{self.pick('server')}"):
            self.ask("GET", path)
        self.ask("POST", "/kumoi/v1/audit", as_="admin")

    def guest_misbehaves(self, seen: Counter[str]) -> None:
        hypervisor = self.cloud.engines[FakeHypervisor]
        running = sorted(server_id for server_id, state in hypervisor.states().items() if state == "running")
        if running:
            server_id = self.random.choice(running)
            if self.random.random() < 0.5:
                hypervisor.die(server_id)
                seen["a guest dies"] += 1
            else:
                hypervisor.shut_itself_down(server_id)
                seen["a guest shuts itself down"] += 1
            self.tell(f"the guest of {server_id} misbehaves")

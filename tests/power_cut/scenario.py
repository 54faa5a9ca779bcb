"""`python -m tests.power_cut.scenario FOLDER MARKS GUESTS`: a cloud's life from `kumoi up` on, and what clients were
told.

Each reply that contains a promise is written to MARKS at once, so that the recording has its position.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kumoi.engines.objects.interface import ObjectStore
from kumoi.kernel import randomness
from kumoi.kernel.randomness import SeededSource
from tests.power_cut import cloud as clouds
from tests.services.compute.world import SERVERS
from tests.services.image import sending
from tests.services.object_store.sending import ask

VOLUMES = "/volume/v3/volumes"
SNAPSHOTS = "/volume/v3/snapshots"
BEGIN = 1_800_000_000_000_000
SEED = 7


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def a_qcow2() -> bytes:
    """A sound image of 16 MiB with some content."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(file), "16M"], check=True, timeout=20)
        words = ["-f", "qcow2", "-c", "write -q -P 17 0 128k", str(file)]
        subprocess.run(["qemu-io", *words], check=True, timeout=20)
        return file.read_bytes()


class Client:
    """Sends requests and records promises: subject → what must hold from now on."""

    cloud: clouds.FilesCloud
    network: str

    def __init__(self, data: Path, marks: Path, guests: str) -> None:
        self.data, self.guests = data, guests
        self.marks = os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def told(self, subject: str, **promise: Any) -> None:
        os.write(self.marks, json.dumps({"subject": subject, "promise": promise}).encode() + b"\n")

    def perhaps(self, *subjects: str) -> None:
        """Until the reply, these promises may hold or not."""
        for subject in subjects:
            os.write(self.marks, json.dumps({"subject": subject, "promise": None}).encode() + b"\n")

    def begin(self) -> None:
        self.cloud = clouds.up(self.data, self.guests)
        files = {name: digest(self.data / name) for name in ("settings.json", "clouds.yaml", "keys/tokens")}
        self.told("the cloud", files=files)

    def post(self, path: str, body: Any, **more: Any) -> Any:
        answer = self.cloud.post(path, json=body, **more)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer

    def shows(self, subject: str, path: str, **fields: Any) -> None:
        self.told(subject, path=path, fields=fields)

    def once(self, path: str, body: Any, key: str, **more: Any) -> Any:
        """A POST whose reply is stored for retries."""
        answer = self.post(path, body, headers={"Idempotency-Key": key}, **more)
        self.told(f"key {key}", again=path, key=key, body=body, text=answer.text)
        return answer.json

    def image(self, name: str, data: bytes, disk_format: str) -> str:
        body = {"name": name, "disk_format": disk_format, "container_format": "bare"}
        image_id = str(self.post(sending.IMAGES, body).json["id"])
        self.shows(f"image {image_id}", f"{sending.IMAGES}/{image_id}", name=name)
        self.perhaps(f"image {image_id}")
        sent = sending.send(self.cloud, image_id, data)
        assert sent.status_code == 204, sent.text
        self.told(f"image {image_id}", path=f"{sending.IMAGES}/{image_id}", fields={"status": "active", "name": name},
                  files={f"images/{image_id}": hashlib.sha256(data).hexdigest()})  # fmt: skip
        return image_id

    def image_in_objects(self, name: str, data: bytes, disk_format: str, *, staged: bool = False) -> str:
        """Sent there, or staged and imported."""
        body = {"name": name, "disk_format": disk_format, "container_format": "bare"}
        image_id = str(self.post(sending.IMAGES, body).json["id"])
        self.shows(f"image {image_id}", f"{sending.IMAGES}/{image_id}", name=name)
        self.perhaps(f"image {image_id}")
        if staged:
            assert sending.send(self.cloud, image_id, data, what="stage").status_code == 204
            imported = {"method": {"name": "glance-direct"}, "stores": ["objects"]}
            self.post(f"{sending.IMAGES}/{image_id}/import", imported)
            self.cloud.settle()
        else:
            sent = sending.send(self.cloud, image_id, data, headers={"X-Image-Meta-Store": "objects"})
            assert sent.status_code == 204, sent.text
        self.told(f"image {image_id}", path=f"{sending.IMAGES}/{image_id}",
                  fields={"status": "active", "name": name, "stores": "objects"},
                  image=image_id, digest=hashlib.sha256(data).hexdigest())  # fmt: skip
        return image_id

    def volume(self, name: str, **body: Any) -> str:
        made = self.once(VOLUMES, {"volume": {"size": 1, "name": name, **body}}, f"make {name}")
        volume_id = str(made["volume"]["id"])
        self.shows(f"volume {volume_id}", f"{VOLUMES}/{volume_id}", status="available", name=name)
        return volume_id

    def whole(self, volume_id: str, size: int = 1, image_id: str | None = None) -> None:
        """Checks an available volume. Its disk and base must stay valid."""
        shown = self.cloud.get(f"{VOLUMES}/{volume_id}").json["volume"]
        assert (shown["status"], shown["size"]) == ("available", size), shown
        file = self.data / "volumes" / f"{volume_id}.qcow2"
        under = sorted((self.data / "bases").glob(f"{image_id}*")) if image_id else []
        self.told(f"volume {volume_id}", path=f"{VOLUMES}/{volume_id}", fields={"status": "available", "size": size},
                  files={str(each.relative_to(self.data)): digest(each) for each in (file, *under)})  # fmt: skip

    def guest_writes(self, volume_id: str, byte: int, at_byte: int) -> None:
        """And flushes, as a guest does for durable data."""
        self.perhaps(f"volume {volume_id}")
        file = self.data / "volumes" / f"{volume_id}.qcow2"
        words = ["-f", "qcow2", "-c", f"write -q -P {byte} {at_byte} 64k", "-c", "flush", str(file)]
        subprocess.run(["qemu-io", *words], check=True, capture_output=True, timeout=20)

    def snapshot(self, volume_id: str, name: str, **more: Any) -> str:
        body = {"snapshot": {"volume_id": volume_id, "name": name, **more}}
        snapshot_id = str(self.once(SNAPSHOTS, body, f"make {name}")["snapshot"]["id"])
        self.shows(f"snapshot {snapshot_id}", f"{SNAPSHOTS}/{snapshot_id}", status="available")
        self.cloud.settle()
        file = self.data / "snapshots" / f"{snapshot_id}.qcow2"
        assert self.cloud.get(f"{SNAPSHOTS}/{snapshot_id}").json["snapshot"]["status"] == "available"
        self.told(f"snapshot {snapshot_id}", path=f"{SNAPSHOTS}/{snapshot_id}", fields={"status": "available"},
                  files={f"snapshots/{file.name}": digest(file)})  # fmt: skip
        return snapshot_id

    def object(self, path: str, data: bytes | None) -> None:
        """Written, or removed."""
        subject = f"object {path}"
        self.perhaps(subject)
        answer = ask(self.cloud, "DELETE" if data is None else "PUT", path, body=data or b"")
        assert answer.status in (201, 204), answer.text
        self.told(subject, object=path, digest=None if data is None else hashlib.sha256(data).hexdigest())

    def objects(self) -> None:
        assert ask(self.cloud, "PUT", "/kept").status == 201
        few, many = b"few bytes", bytes(range(256)) * 300
        for path, data in (("/kept/few", few), ("/kept/many", many), ("/kept/short-lived", many)):
            self.object(path, data)
        self.object("/kept/many", many[1:])
        self.object("/kept/few", many)
        self.object("/kept/short-lived", None)
        self.object("/kept/folder/few", few)
        self.versions(few, many)

    def versions(self, few: bytes, many: bytes) -> None:
        """Old versions stay, a deleted one does not, and a deletion and a restoration are as durable as a PUT."""
        assert ask(self.cloud, "PUT", "/versions", headers={"X-Versions-Enabled": "true"}).status == 201
        ids = []
        for data in (many, few, many[1:]):
            self.perhaps("object /versions/one")
            made = ask(self.cloud, "PUT", "/versions/one", body=data)
            assert made.status == 201
            ids.append(made.headers["x-object-version-id"])
            self.holds("/versions/one", data)
            self.holds(f"/versions/one?version-id={ids[-1]}", data)
        self.object(f"/versions/one?version-id={ids[1]}", None)
        self.object("/versions/one", None)
        self.perhaps("object /versions/one")
        assert ask(self.cloud, "PUT", f"/versions/one?version-id={ids[0]}").status == 201
        self.holds("/versions/one", many)

    def holds(self, path: str, data: bytes) -> None:
        self.told(f"object {path}", object=path, digest=hashlib.sha256(data).hexdigest())

    def delete(self, subject: str, path: str, *files: str) -> None:
        self.perhaps(subject)
        gone = self.cloud.delete(path)
        assert gone.status_code < 300, gone.text
        self.told(subject, gone=path, without=list(files))

    def server(self, name: str, **more: Any) -> str:
        body = {"server": {"name": name, "flavorRef": "1", "networks": [{"uuid": self.network}], **more}}
        made = self.once(SERVERS, body, f"make {name}")["server"]
        self.told(f"server {made['id']}", path=f"{SERVERS}/{made['id']}", fields={"status": "ACTIVE", "name": name})
        return str(made["id"])

    def act(self, server_id: str, action: str, then: str) -> None:
        self.perhaps(f"server {server_id}")
        self.post(f"{SERVERS}/{server_id}/action", {action: None})
        self.told(f"server {server_id}", path=f"{SERVERS}/{server_id}", fields={"status": then})


def live(client: Client) -> None:
    client.begin()
    cloud = client.cloud
    cloud.sweep()
    client.network = str(client.post("/network/v2.0/networks", {"network": {"name": "private"}}).json["network"]["id"])
    client.shows("network", f"/network/v2.0/networks/{client.network}", name="private")
    subnet = {"subnet": {"network_id": client.network, "cidr": "10.0.0.0/24", "ip_version": 4}}
    subnet_id = client.post("/network/v2.0/subnets", subnet).json["subnet"]["id"]
    client.shows("subnet", f"/network/v2.0/subnets/{subnet_id}", cidr="10.0.0.0/24")
    client.post("/compute/v2.1/os-keypairs", {"keypair": {"name": "one"}})
    client.told("keypair", path="/compute/v2.1/os-keypairs/one", fields={"name": "one"})

    client.objects()
    raw = client.image("raw", sending.RAW, "raw")
    thin = client.image("thin", a_qcow2(), "qcow2")
    short_lived = client.image("short-lived", sending.RAW, "raw")
    stored = client.image_in_objects("stored", sending.RAW, "raw")
    client.image_in_objects("few", sending.RAW[:1024], "raw")
    client.image_in_objects("imported", sending.RAW, "raw", staged=True)
    soon_gone = client.image_in_objects("soon gone", sending.RAW, "raw")
    empty = client.volume("empty")
    copied = client.volume("copied", imageRef=raw)
    linked = client.volume("linked", imageRef=thin)
    lent = client.volume("lent", imageRef=stored)
    cloud.settle()
    client.whole(empty)
    client.whole(copied, image_id=raw)
    client.whole(linked, image_id=thin)
    client.whole(lent, image_id=stored)
    server_id = client.server("one", imageRef=thin)
    client.guest_writes(empty, 0x5A, 0)
    client.whole(empty)
    snapshot_id = client.snapshot(empty, "first")
    client.guest_writes(empty, 0xA5, 1 << 20)
    client.whole(empty)
    again = client.volume("again", snapshot_id=snapshot_id)
    cloud.settle()
    client.whole(again)

    client.perhaps(f"volume {empty}")
    client.post(f"{VOLUMES}/{empty}/action", {"os-extend": {"new_size": 2}})
    client.shows(f"volume {empty}", f"{VOLUMES}/{empty}", status="available", size=2)
    cloud.settle()
    client.whole(empty, 2)
    client.delete(f"image {soon_gone}", f"{sending.IMAGES}/{soon_gone}", f"images/{soon_gone}")
    client.delete(f"image {short_lived}", f"{sending.IMAGES}/{short_lived}", f"images/{short_lived}")
    client.act(server_id, "os-stop", "SHUTOFF")
    cloud.settle()

    client.perhaps(f"volume {copied}")
    client.post(f"{SERVERS}/{server_id}/os-volume_attachments", {"volumeAttachment": {"volumeId": copied}})
    client.shows(f"volume {copied}", f"{VOLUMES}/{copied}", status="in-use")
    cloud.settle()
    client.perhaps(f"volume {copied}")
    assert cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{copied}").status_code == 202
    client.shows(f"volume {copied}", f"{VOLUMES}/{copied}", status="available")
    cloud.settle()
    client.whole(copied, image_id=raw)

    client.delete(f"volume {again}", f"{VOLUMES}/{again}", f"volumes/{again}.qcow2")
    cloud.settle()
    client.delete(f"snapshot {snapshot_id}", f"{SNAPSHOTS}/{snapshot_id}", f"snapshots/{snapshot_id}.qcow2")
    client.delete(f"server {server_id}", f"{SERVERS}/{server_id}")
    cloud.settle()
    client.delete(f"volume {copied}", f"{VOLUMES}/{copied}", f"volumes/{copied}.qcow2")
    cloud.settle()
    assert cloud.audit() == [], cloud.audit()


def live_with_guests(client: Client) -> None:
    """Writes by QEMU, and the host's records of its guests."""
    client.begin()
    cloud = client.cloud
    cloud.sweep()
    client.network = str(client.post("/network/v2.0/networks", {"network": {"name": "private"}}).json["network"]["id"])
    subnet = {"subnet": {"network_id": client.network, "cidr": "10.0.0.0/24", "ip_version": 4}}
    client.post("/network/v2.0/subnets", subnet)
    thin = client.image("thin", a_qcow2(), "qcow2")
    given = client.volume("given")
    server_id = client.server("one", imageRef=thin, config_drive=True)
    cloud.settle()
    client.perhaps(f"volume {given}")
    client.post(f"{SERVERS}/{server_id}/os-volume_attachments", {"volumeAttachment": {"volumeId": given}})
    client.shows(f"volume {given}", f"{VOLUMES}/{given}", status="in-use")
    cloud.settle()
    client.snapshot(given, "of a held volume", force=True)
    client.act(server_id, "suspend", "SUSPENDED")
    cloud.settle()
    shown = cloud.get(f"{SERVERS}/{server_id}").json["server"]
    assert shown["status"] == "SUSPENDED", shown
    inside = client.data / "guests" / server_id
    files = {f"guests/{server_id}/{name}": digest(inside / name) for name in ("memory", "config.iso", "disk.qcow2")}
    client.told(f"server {server_id}", path=f"{SERVERS}/{server_id}", fields={"status": "SUSPENDED"}, files=files)
    client.act(server_id, "resume", "ACTIVE")
    cloud.settle()
    client.act(server_id, "os-stop", "SHUTOFF")
    cloud.settle()
    client.act(server_id, "os-start", "ACTIVE")
    cloud.settle()
    client.perhaps(f"volume {given}")
    client.delete(f"server {server_id}", f"{SERVERS}/{server_id}", f"guests/{server_id}")
    client.shows(f"volume {given}", f"{VOLUMES}/{given}", status="available")
    cloud.settle()
    assert cloud.audit() == [], cloud.audit()


def live_with_disks(client: Client) -> None:
    """Objects on several disks: written, replaced and removed, while one disk is lost and replaced."""
    client.begin()
    cloud, few, many = client.cloud, b"few bytes", bytes(range(256)) * 300
    store = cloud.engines[ObjectStore]
    cloud.sweep()
    for policy in ("three", "coded"):
        assert ask(cloud, "PUT", f"/{policy}", headers={"X-Storage-Policy": policy}).status == 201
        for name, data in (("few", few), ("many", many), ("short-lived", many)):
            client.object(f"/{policy}/{name}", data)
        client.object(f"/{policy}/many", many[1:])
        client.object(f"/{policy}/short-lived", None)
    (client.data / "disk-a" / "kumoi-disk.json").unlink()  # as if another one were there
    for policy in ("three", "coded"):
        client.object(f"/{policy}/without-a", many[2:])
        client.object(f"/{policy}/few", few + few)
    assert store.disks.take("a", replaced=True) == ""
    client.object("/three/later", many[3:])
    for _ in range(2):
        cloud.leap(60)
        cloud.settle()
        cloud.sweep()
    client.object("/coded/later", many[4:])
    assert cloud.audit() == [], cloud.audit()


LIVES = {"fake": live, "qemu": live_with_guests, "disks": live_with_disks}


def main(data: Path, marks: Path, guests: str) -> None:
    with clouds.beginning(BEGIN, guests), randomness.using(SeededSource(SEED)):
        client = Client(data, marks, guests)
        try:
            LIVES[guests](client)
        finally:
            client.cloud.end_guests()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

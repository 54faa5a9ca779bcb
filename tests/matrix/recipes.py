"""For each kind of operation: how a client starts it, in one or several ways. No step is executed yet."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from kumoi.kernel.settings import Settings
from tests.cloud import CALLERS
from tests.services.compute import world as worlds
from tests.services.compute.world import SERVERS, World
from tests.services.image import sending
from tests.services.image.website import Website
from tests.stepped import SteppedCloud

VOLUMES = "/volume/v3/volumes"
SNAPSHOTS = "/volume/v3/snapshots"
BACKUPS = "/volume/v3/backups"
Start = Callable[[World], Any]


@dataclass(frozen=True)
class Recipe:
    """`ends`: the state in which the operation ends without failures. `keeps`: what it adds need not disappear when it
    is undone, because the guest does not release it."""

    kind: str
    start: Start
    ends: str = "done"
    keeps: bool = False


recipes: dict[str, Recipe] = {}
"""By kind of operation, or `<kind>, <special case>`."""

ORIGIN: dict[str, Any] = {
    "request_id": "req-recipe", "user_id": CALLERS["member"].user_id, "project_id": CALLERS["member"].project_id,
}  # fmt: skip


def recipe(kind: str, variant: str = "", ends: str = "done", keeps: bool = False) -> Callable[[Start], Start]:
    def keep(start: Start) -> Start:
        recipes[f"{kind}, {variant}" if variant else kind] = Recipe(kind, start, ends, keeps)
        return start

    return keep


def environment(cloud: SteppedCloud) -> World:
    """The start of every recipe: a host, flavors, an image, a network."""
    from kumoi.services.block_storage import bootstrap

    cloud.database.write(lambda tx: bootstrap.bootstrap(tx, cloud.settings, {}))
    allow_website(cloud)
    return worlds.make(cloud)


def ok(response: Any) -> Any:
    assert response.status_code < 300, response.text
    return response


@recipe("server.create")
def _(world: World) -> None:
    """With a new root volume, an existing volume, an existing port and a port created for it."""
    given = volume(world)
    port = ok(world.cloud.post("/network/v2.0/ports", json={"port": {"network_id": world.network}})).json["port"]["id"]
    world.cloud.settle()
    devices = [
        {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume", "volume_size": 2,
         "delete_on_termination": True},
        {"boot_index": 1, "source_type": "volume", "uuid": given, "destination_type": "volume"},
    ]  # fmt: skip
    ok(world.ask(
        imageRef=None, block_device_mapping_v2=devices, networks=[{"port": port}, {"uuid": world.network}],
        user_data=base64.b64encode(b"#!/bin/sh").decode(),
    ))  # fmt: skip


@recipe("server.create", "from a volume")
def _(world: World) -> None:
    """The volume exists, boots the server, and is deleted with it."""
    given = ready_volume(world, imageRef=world.image)
    device = {"boot_index": 0, "source_type": "volume", "uuid": given, "destination_type": "volume",
              "delete_on_termination": True}  # fmt: skip
    ok(world.ask(imageRef=None, block_device_mapping_v2=[device]))


@recipe("server.delete", "with volumes")
def _(world: World) -> None:
    """A boot volume and an attached volume are deleted with it; another one stays."""
    device = {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume",
              "volume_size": 1, "delete_on_termination": True}  # fmt: skip
    server_id = world.boot(imageRef=None, block_device_mapping_v2=[device])
    attach_volume(world, server_id, delete_on_termination=True)
    world.cloud.settle()
    attach_volume(world, server_id)
    world.cloud.settle()
    ok(world.cloud.delete(f"{SERVERS}/{server_id}"))


@recipe("server.delete")
def _(world: World) -> None:
    server_id = world.boot()
    attach_volume(world, server_id)
    world.cloud.settle()
    ok(world.cloud.delete(f"{SERVERS}/{server_id}"))


def act(kind: str, action: str, argument: Any = None, before: tuple[str, ...] = ()) -> None:
    def start(world: World) -> None:
        server_id = world.boot()
        for earlier in before:
            ok(world.act(server_id, earlier))
            world.cloud.settle()
        ok(world.act(server_id, action, argument))

    recipe(kind)(start)


act("server.stop", "os-stop")
act("server.start", "os-start", before=("os-stop",))
act("server.reboot", "reboot", {"type": "SOFT"})
act("server.hard_reboot", "reboot", {"type": "HARD"})
act("server.pause", "pause")
act("server.unpause", "unpause", before=("pause",))
act("server.suspend", "suspend")
act("server.resume", "resume", before=("suspend",))


@recipe("server.rebuild")
def _(world: World) -> None:
    """From another image, with an attached volume."""
    server_id = world.boot()
    attach_volume(world, server_id)
    world.cloud.settle()
    ok(world.act(server_id, "rebuild", {"imageRef": sending.ready(world.cloud)}))


@recipe("server.rebuild", "of a stopped server")
def _(world: World) -> None:
    server_id = world.boot()
    ok(world.act(server_id, "os-stop"))
    world.cloud.settle()
    ok(world.act(server_id, "rebuild", {"imageRef": world.image}))


def resized(kind: str, action: str = "", variant: str = "", stopped: bool = False) -> None:
    def start(world: World) -> None:
        server_id = world.boot()
        if stopped:
            ok(world.act(server_id, "os-stop"))
            world.cloud.settle()
        ok(world.act(server_id, "resize", {"flavorRef": "2"}))
        if action:
            world.cloud.settle()
            ok(world.act(server_id, action))

    recipe(kind, variant)(start)


resized("server.resize")
resized("server.resize", variant="of a stopped server", stopped=True)
resized("server.confirm_resize", "confirmResize")
resized("server.revert_resize", "revertResize")


act("server.crash_dump", "trigger_crash_dump")
act("server.create_image", "createImage", {"name": "copy"})
act("server.create_backup", "createBackup", {"name": "copy", "backup_type": "daily", "rotation": 1})
act("server.shelve", "shelve")
act("server.unshelve", "unshelve", before=("shelve",))
act("server.rescue", "rescue")
act("server.unrescue", "unrescue", before=("rescue",))


@recipe("server.shelve_offload")
def _(world: World) -> None:
    """Of a server with a boot volume, which needs no image."""
    device = {"boot_index": 0, "source_type": "image", "uuid": world.image, "destination_type": "volume",
              "volume_size": 1}  # fmt: skip
    server_id = world.boot(imageRef=None, block_device_mapping_v2=[device])
    ok(world.act(server_id, "shelve"))


@recipe("server.attach_volume")
def attach(world: World) -> None:
    attach_volume(world, world.boot())


@recipe("server.attach_volume", "that goes with the server")
def _(world: World) -> None:
    attach_volume(world, world.boot(), delete_on_termination=True)


@recipe("server.attach_volume", "to a paused server", keeps=True)
def _(world: World) -> None:
    attach_volume(world, paused(world))


@recipe("server.detach_volume")
def _(world: World) -> None:
    detach_volume(world)


@recipe("server.detach_volume", "that goes with the server")
def _(world: World) -> None:
    detach_volume(world, delete_on_termination=True)


@recipe("server.attach_interface")
def _(world: World) -> None:
    attach_interface(world, world.boot())


@recipe("server.attach_interface", "to a paused server", keeps=True)
def _(world: World) -> None:
    attach_interface(world, paused(world))


@recipe("server.detach_interface")
def _(world: World) -> None:
    server_id = world.boot()
    port_id = attach_interface(world, server_id)
    world.cloud.settle()
    ok(world.cloud.delete(f"{SERVERS}/{server_id}/os-interface/{port_id}"))


@recipe("aggregate.cache_images")
def _(world: World) -> None:
    aggregates = "/compute/v2.1/os-aggregates"
    made = ok(world.cloud.post(aggregates, as_="admin", json={"aggregate": {"name": "one"}})).json["aggregate"]
    path = f"{aggregates}/{made['id']}"
    ok(world.cloud.post(f"{path}/action", as_="admin", json={"add_host": {"host": "host-1"}}))
    cache = {"cache": [{"id": world.image}]}
    ok(world.cloud.post(f"{path}/images", as_="admin", version=worlds.LATEST, json=cache))


@recipe("volume.create")
def _(world: World) -> None:
    """A copy of another volume, through a snapshot."""
    source = ready_volume(world, imageRef=world.image)
    volume(world, source_volid=source)


@recipe("volume.create", "from an image")
def _(world: World) -> None:
    volume(world, imageRef=world.image)


@recipe("volume.create", "from a snapshot")
def _(world: World) -> None:
    source = ready_volume(world)
    snapshot_id = snapshot(world, source)
    world.cloud.settle()
    volume(world, snapshot_id=snapshot_id)


@recipe("volume.create", "empty")
def _(world: World) -> None:
    volume(world)


@recipe("volume.delete")
def _(world: World) -> None:
    """With its snapshots."""
    volume_id = ready_volume(world)
    snapshot(world, volume_id)
    world.cloud.settle()
    ok(world.cloud.delete(f"{VOLUMES}/{volume_id}?cascade=true"))


@recipe("volume.extend")
def _(world: World) -> None:
    ok(world.cloud.post(f"{VOLUMES}/{ready_volume(world)}/action", json={"os-extend": {"new_size": 3}}))


@recipe("audit.run")
def _(world: World) -> None:
    ok(world.cloud.post("/kumoi/v1/audit", as_="admin"))


@recipe("volume.revert")
def _(world: World) -> None:
    volume_id = ready_volume(world)
    snapshot_id = snapshot(world, volume_id)
    world.cloud.settle()
    body = {"revert": {"snapshot_id": snapshot_id}}
    ok(world.cloud.post(f"{VOLUMES}/{volume_id}/action", json=body, version="3.40"))


@recipe("volume.upload")
def _(world: World) -> None:
    body = {"os-volume_upload_image": {"image_name": "i", "disk_format": "raw"}}
    ok(world.cloud.post(f"{VOLUMES}/{ready_volume(world)}/action", json=body))


@recipe("volume.reimage")
def _(world: World) -> None:
    body = {"os-reimage": {"image_id": world.image}}
    ok(world.cloud.post(f"{VOLUMES}/{ready_volume(world, size=2)}/action", json=body, version="3.68"))


@recipe("backup.create")
def _(world: World) -> None:
    backup(world, ready_volume(world))


@recipe("backup.create", "incremental, of a snapshot")
def _(world: World) -> None:
    volume_id = ready_volume(world)
    backup(world, volume_id)
    world.cloud.settle()
    snapshot_id = snapshot(world, volume_id)
    world.cloud.settle()
    backup(world, volume_id, snapshot_id=snapshot_id, incremental=True)


@recipe("backup.restore")
def _(world: World) -> None:
    volume_id = ready_volume(world)
    backup_id = backup(world, volume_id)
    world.cloud.settle()
    ok(world.cloud.post(f"{BACKUPS}/{backup_id}/restore", json={"restore": {"volume_id": volume_id}}))


@recipe("volume.create", "from a backup")
def _(world: World) -> None:
    backup_id = backup(world, ready_volume(world))
    world.cloud.settle()
    ok(world.cloud.post(f"{BACKUPS}/{backup_id}/restore", json={"restore": {}}))


@recipe("backup.delete")
def _(world: World) -> None:
    backup_id = backup(world, ready_volume(world))
    world.cloud.settle()
    ok(world.cloud.delete(f"{BACKUPS}/{backup_id}"))


@recipe("snapshot.create")
def _(world: World) -> None:
    snapshot(world, ready_volume(world))


@recipe("snapshot.delete")
def _(world: World) -> None:
    snapshot_id = snapshot(world, ready_volume(world))
    world.cloud.settle()
    ok(world.cloud.delete(f"{SNAPSHOTS}/{snapshot_id}"))


@recipe("image.delete")
def _(world: World) -> None:
    ok(world.cloud.delete(f"{sending.IMAGES}/{sending.ready(world.cloud)}"))


@recipe("image.delete", "in objects")
def _(world: World) -> None:
    ok(world.cloud.delete(f"{sending.IMAGES}/{in_objects(world)}"))


def cut_off(variant: str, store: str) -> None:
    def start(world: World) -> None:
        """The process that receives the bytes died in the middle."""
        from kumoi.services.image import stores
        from kumoi.services.image.data import logic

        image_id, member = str(sending.create(world.cloud).json["id"]), CALLERS["member"]
        world.cloud.database.write(lambda tx: logic.begin(tx, member, image_id, ORIGIN, staging=False, store=store))
        stores.of(world.cloud.locate, store).begin(image_id, "raw").write(sending.RAW)

    recipe("image.upload", variant, ends="undone")(start)


cut_off("", "files")
cut_off("into objects", "objects")


@recipe("image.import")
def _(world: World) -> None:
    """Staged bytes move to the object store."""
    image_id = str(sending.create(world.cloud).json["id"])
    ok(sending.send(world.cloud, image_id, sending.RAW, what="stage"))
    body = {"method": {"name": "glance-direct"}, "stores": ["objects"]}
    ok(world.cloud.post(f"{sending.IMAGES}/{image_id}/import", json=body))


@recipe("image.import", "from the web")
def _(world: World) -> None:
    image_id = str(sending.create(world.cloud).json["id"])
    method = {"name": "web-download", "uri": f"http://127.0.0.1:{website().port}/image"}
    allow_website(world.cloud)
    ok(world.cloud.post(f"{sending.IMAGES}/{image_id}/import", json={"method": method, "all_stores": True}))


@cache
def website() -> Website:
    """Begun by the process whose children do the work."""
    made = Website()
    made.put("/image", sending.RAW)
    return made


def allow_website(cloud: SteppedCloud) -> None:
    for settings in (cloud.settings, cloud.locate(Settings)):
        settings.web_download_hosts, settings.web_download_ports = "127.0.0.0/8", str(website().port)


@recipe("image.copy")
def _(world: World) -> None:
    ok(copy(world))


def copy(world: World) -> Any:
    """From the files into the objects."""
    image_id, body = sending.ready(world.cloud), {"method": {"name": "copy-image"}, "all_stores": True}
    return world.cloud.post(f"{sending.IMAGES}/{image_id}/import", as_="admin", json=body)


@recipe("image.remove")
def _(world: World) -> None:
    ok(copy(world))
    world.cloud.settle()
    (image,) = [each for each in world.cloud.get(sending.IMAGES).json["images"] if each["stores"] == "files,objects"]
    ok(world.cloud.delete(f"/image/v2/stores/files/{image['id']}"))


@recipe("volume.create", "from an image in objects", keeps=True)
def _(world: World) -> None:
    """The file from which the host takes the bytes stays as long as the image."""
    volume(world, imageRef=in_objects(world))


def in_objects(world: World) -> str:
    image_id = str(sending.create(world.cloud).json["id"])
    ok(sending.send(world.cloud, image_id, sending.RAW, headers={"X-Image-Meta-Store": "objects"}))
    return image_id


def volume(world: World, **more: Any) -> str:
    """A volume in creation."""
    return str(ok(world.cloud.post(VOLUMES, json={"volume": {"size": 1, **more}})).json["volume"]["id"])


def ready_volume(world: World, **more: Any) -> str:
    volume_id = volume(world, **more)
    world.cloud.settle()
    return volume_id


def backup(world: World, volume_id: str, **more: Any) -> str:
    """A backup in creation."""
    body = {"backup": {"volume_id": volume_id, **more}}
    return str(ok(world.cloud.post(BACKUPS, json=body)).json["backup"]["id"])


def snapshot(world: World, volume_id: str) -> str:
    """A snapshot in creation."""
    return str(ok(world.cloud.post(SNAPSHOTS, json={"snapshot": {"volume_id": volume_id}})).json["snapshot"]["id"])


def paused(world: World) -> str:
    server_id = world.boot()
    ok(world.act(server_id, "pause"))
    world.cloud.settle()
    return server_id


def attach_volume(world: World, server_id: str, **more: Any) -> str:
    """`more`: as from 2.79 on."""
    volume_id = ready_volume(world)
    body = {"volumeAttachment": {"volumeId": volume_id, **more}}
    ok(world.cloud.post(f"{SERVERS}/{server_id}/os-volume_attachments", json=body, version="2.79" if more else None))
    return volume_id


def detach_volume(world: World, **more: Any) -> None:
    server_id = world.boot()
    volume_id = attach_volume(world, server_id, **more)
    world.cloud.settle()
    ok(world.cloud.delete(f"{SERVERS}/{server_id}/os-volume_attachments/{volume_id}"))


def attach_interface(world: World, server_id: str) -> str:
    body = {"interfaceAttachment": {"net_id": world.network}}
    made = ok(world.cloud.post(f"{SERVERS}/{server_id}/os-interface", json=body))
    return str(made.json["interfaceAttachment"]["port_id"])

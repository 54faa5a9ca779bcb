"""Shapes of images: docs.openstack.org/api-ref/compute/#images-deprecated."""

from typing import Annotated, Any

import msgspec

from kumoi.services.compute.elsewhere import route_of

STATUSES = {
    "queued": "SAVING", "saving": "SAVING", "importing": "SAVING", "uploading": "SAVING", "active": "ACTIVE",
    "deactivated": "ACTIVE", "killed": "ERROR", "deleted": "DELETED", "pending_delete": "DELETED",
}  # fmt: skip
PROGRESS = {"queued": 25, "saving": 50, "importing": 50, "uploading": 50, "active": 100, "deactivated": 100}
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9\-_:. ]+$")]
Value = Annotated[str, msgspec.Meta(max_length=255)]


class ListQuery(msgspec.Struct, kw_only=True):
    status: str | None = None
    name: str | None = None
    server: str | None = None
    type: str | None = None
    minRam: int | None = None
    minDisk: int | None = None
    changes_since: str | None = msgspec.field(name="changes-since", default=None)
    limit: Annotated[int, msgspec.Meta(ge=0)] | None = None
    marker: str | None = None


class Link(msgspec.Struct, kw_only=True):
    rel: str
    href: str
    type: str | msgspec.UnsetType = msgspec.UNSET


class OfServer(msgspec.Struct):
    id: str
    links: list[Link]


class Item(msgspec.Struct, kw_only=True):
    id: str
    name: str | None
    links: list[Link]


class Image(Item, kw_only=True):
    status: str
    progress: int
    created: str
    updated: str
    minDisk: int
    minRam: int
    metadata: dict[str, str]
    size: int | None = msgspec.field(name="OS-EXT-IMG-SIZE:size")
    disk_config: str | msgspec.UnsetType = msgspec.field(name="OS-DCF:diskConfig", default=msgspec.UNSET)
    server: OfServer | msgspec.UnsetType = msgspec.UNSET


class ListBody(msgspec.Struct, kw_only=True):
    images: list[Item]
    images_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class DetailBody(msgspec.Struct, kw_only=True):
    images: list[Image]
    images_links: list[Link] | msgspec.UnsetType = msgspec.UNSET


class Metadata(msgspec.Struct, forbid_unknown_fields=True):
    metadata: dict[Key, Value]


class Meta(msgspec.Struct, forbid_unknown_fields=True):
    meta: Annotated[dict[Key, Value], msgspec.Meta(min_length=1, max_length=1)]


def properties(one: dict[str, Any]) -> dict[str, str]:
    """The custom properties: everything that the image service does not declare."""
    reply: Any = route_of("image", "GET", "/v2/images/{image_id}")[1].reply
    return {name: value for name, value in one.items() if name not in reply.__struct_encode_fields__}


def _links(image_id: str, prefix: str, root: str) -> list[Link]:
    elsewhere = root.removesuffix("/compute") + f"/image/images/{image_id}"
    return [
        Link(rel="self", href=f"{prefix}/images/{image_id}"), Link(rel="bookmark", href=f"{root}/images/{image_id}"),
        Link(rel="alternate", type="application/vnd.openstack.image", href=elsewhere),
    ]  # fmt: skip


def item(one: dict[str, Any], prefix: str, root: str) -> Item:
    return Item(id=one["id"], name=one["name"], links=_links(one["id"], prefix, root))


def image(one: dict[str, Any], prefix: str, root: str) -> Image:
    own = properties(one)
    made = Image(
        id=one["id"], name=one["name"], links=_links(one["id"], prefix, root),
        status=STATUSES.get(one["status"], "UNKNOWN"), progress=PROGRESS.get(one["status"], 0),
        created=one["created_at"], updated=one["updated_at"], minDisk=one["min_disk"], minRam=one["min_ram"],
        metadata=own, size=one["size"],
    )  # fmt: skip
    if server_id := own.get("instance_uuid"):
        links = [
            Link(rel="self", href=f"{prefix}/servers/{server_id}"),
            Link(rel="bookmark", href=f"{root}/servers/{server_id}"),
        ]
        made.server = OfServer(server_id, links)
    if "auto_disk_config" in own:
        made.disk_config = "AUTO" if own["auto_disk_config"].lower() in ("true", "1") else "MANUAL"
    return made

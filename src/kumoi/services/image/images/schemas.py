"""The representation of images: docs.openstack.org/api-ref/image/v2/#images. Custom properties appear beside the known
attributes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.bodies import explain
from kumoi.kernel.queries import Params
from kumoi.kernel.shapes import Extensible
from kumoi.services.image.images.errors import ImageForbidden, InvalidImage
from kumoi.services.image.images.models import ACTIVE, DEACTIVATED, ImageDetails
from kumoi.services.image.offers import STORE

Text = Annotated[str, msgspec.Meta(max_length=255)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
DiskFormat = Literal["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso"]
ContainerFormat = Literal["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]
Visibility = Literal["public", "private", "shared", "community"]


class Known(msgspec.Struct, kw_only=True):
    """The attributes that a client may set."""

    id: str | None = None
    name: Text | None = None
    visibility: Visibility = "shared"
    protected: bool = False
    os_hidden: bool = False
    disk_format: DiskFormat | None = None
    container_format: ContainerFormat | None = None
    min_disk: Amount = 0
    min_ram: Amount = 0
    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    tags: list[Text] = []


KNOWN = frozenset(Known.__struct_fields__)
READ_ONLY = frozenset({
    "status", "checksum", "os_hash_algo", "os_hash_value", "size", "virtual_size", "created_at", "updated_at", "self",
    "file", "schema", "direct_url", "stores",
})  # fmt: skip
RESERVED = frozenset({"deleted", "deleted_at", "locations"})
EMPTY_AS_NULL = ("kernel_id", "ramdisk_id")
"""Properties that clients may send as null. Null values are not stored."""
ORDER = (
    "name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status", "checksum", "protected",
    "min_ram", "min_disk", "owner", "os_hidden", "os_hash_algo", "os_hash_value", "id",
)  # fmt: skip


def check_settable(name: str) -> None:
    """ImageForbidden for attributes that are not the client's to set."""
    if name in READ_ONLY:
        raise ImageForbidden(f"Attribute '{name}' is read-only.")
    if name in RESERVED or name.startswith("os_glance"):
        raise ImageForbidden(f"Attribute '{name}' is reserved.")


def parse(values: dict[str, Any]) -> tuple[Known, dict[str, str]]:
    """The known attributes, checked, and the custom properties, which are texts."""
    own: dict[str, str] = {}
    for name, value in values.items():
        check_settable(name)
        if name in KNOWN or (value is None and name in EMPTY_AS_NULL):
            continue
        if not 0 < len(name) <= 255:
            raise InvalidImage(f"Invalid image object property name: {name[:300]!r} has no or more than 255 letters.")
        if not isinstance(value, str):
            raise InvalidImage(f"Invalid input for property {name}: a string is expected.")
        if len(value) > 65535 or "\0" in value:
            raise InvalidImage(f"Invalid input for property {name}: it is too long or not a text.")
        own[name] = value
    try:
        known = msgspec.convert({name: value for name, value in values.items() if name in KNOWN}, Known)
    except msgspec.ValidationError as error:
        raise InvalidImage(f"Provided object does not match schema 'image': {explain(error)}") from None
    if known.id is not None:
        known.id = uuid(known.id)
    for name in ("name", "owner"):
        if "\0" in (getattr(known, name) or ""):
            raise InvalidImage(f"Invalid input for {name}: it is not a text.")
    if len(set(known.tags)) != len(known.tags):
        known.tags = list(dict.fromkeys(known.tags))
    return known, own


def uuid(text: str) -> str:
    try:
        if str(UUID(text)) == text.lower():
            return text.lower()
    except ValueError:
        pass
    raise InvalidImage(f"Provided object does not match schema 'image': id: {text[:100]!r} is no UUID.")


class Image(Extensible, kw_only=True):
    """`stores` when there are bytes, the others after an import."""

    id: str
    name: str | None
    status: str
    visibility: str
    owner: str | None
    protected: bool
    os_hidden: bool
    disk_format: str | None
    container_format: str | None
    min_disk: int
    min_ram: int
    size: int | None
    virtual_size: int | None
    checksum: str | None
    os_hash_algo: str | None
    os_hash_value: str | None
    tags: list[str]
    created_at: str
    updated_at: str
    self: str
    file: str
    schema: str
    stores: str | msgspec.UnsetType = msgspec.UNSET
    os_glance_importing_to_stores: str | msgspec.UnsetType = msgspec.UNSET
    os_glance_failed_import: str | msgspec.UnsetType = msgspec.UNSET


class Images(msgspec.Struct, kw_only=True):
    images: list[Image]
    first: str
    schema: str
    next: str | msgspec.UnsetType = msgspec.UNSET


def image(row: ImageDetails) -> dict[str, Any]:
    path = f"/v2/images/{row['id']}"
    values: Mapping[str, Any] = row
    stores = {"stores": row["store"] or STORE} if row["status"] in (ACTIVE, DEACTIVATED) else {}
    if row["importing_to"] is not None:
        stores["os_glance_importing_to_stores"] = row["importing_to"]
        stores["os_glance_failed_import"] = row["failed_import"] or ""
    return {
        **row["properties"],
        **stores,
        **{name: values[name] for name in ORDER},
        "created_at": clock.iso(row["created_at"]),
        "updated_at": clock.iso(row["updated_at"]),
        "tags": row["tags"],
        "self": path,
        "file": f"{path}/file",
        "schema": "/v2/schemas/image",
    }


def settable(row: ImageDetails) -> dict[str, Any]:
    """The document that a JSON patch changes."""
    values: Mapping[str, Any] = row
    return {**row["properties"], **{name: values[name] for name in KNOWN}}


def listing(rows: list[ImageDetails], params: Params, limit: int) -> dict[str, Any]:
    def path(more: dict[str, list[str]]) -> str:
        query = "&".join(
            f"{quote(name)}={quote(value, safe=':,')}" for name, values in more.items() for value in values
        )
        return "/v2/images" + (f"?{query}" if query else "")

    before = {name: values for name, values in params.items() if name != "marker"}
    body = {"images": [image(row) for row in rows], "first": path(before), "schema": "/v2/schemas/images"}
    if rows and len(rows) == limit:
        body["next"] = path({**before, "marker": [rows[-1]["id"]]})
    return body

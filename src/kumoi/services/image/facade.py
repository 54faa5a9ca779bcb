"""What other services may call in the image service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kumoi.engines.images.interface import Stored
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Context
from kumoi.kernel.who import Who
from kumoi.services.image.data import disks
from kumoi.services.image.data import filling as filling
from kumoi.services.image.data.lending import lend as lend
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.logic import visible
from kumoi.services.image.images.models import ImageDetails

BOOTABLE = ("bare", "ami")
"""Values of container_format."""


@dataclass(frozen=True)
class Image:
    """As the image API shows it; sizes in bytes, min_disk in GiB, min_ram in MiB."""

    id: str
    name: str | None
    status: str
    """A server or volume can be created only from an `active` image."""
    disk_format: str | None
    container_format: str | None
    size: int | None
    virtual_size: int | None
    min_disk: int
    min_ram: int
    visibility: str
    owner: str | None
    protected: bool
    checksum: str | None
    properties: dict[str, str]
    tags: tuple[str, ...]
    created_at: int
    updated_at: int

    @property
    def holds_a_disk(self) -> bool:
        """Whether a server or volume can be created from it: its bytes are a disk and not an archive."""
        return self.container_format in BOOTABLE


def usable(tx: Transaction, who: Who, image_id: str) -> Image:
    """The image, in any status, if the caller may see it; ImageNotFound (404)."""
    return _image(visible(tx, who, image_id))


def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Image]:
    """Those that exist, of any project."""
    return {row["id"]: _image(row) for row in images_store.by_ids(tx, ids)}


def active_ids(tx: Transaction) -> list[str]:
    """Images whose bytes are in the image store, including deactivated ones."""
    return images_store.ids_with_data(tx)


def expect(
    tx: Transaction, who: Who, values: Mapping[str, Any], properties: Mapping[str, str], origin: dict[str, Any]
) -> tuple[Image, str]:
    """A new image whose bytes a host will write into the image store (`Volumes.export`), and the id of its upload. `values`
    as in the image API; `properties`: custom ones. The route declares the quotas image_count_total and
    image_count_uploading."""
    row, upload = disks.expect(tx, who, values, properties, origin)
    return _image(row), upload


def measure(context: Context, image_id: str, upload: str) -> Stored:
    """In a step, after the host wrote the bytes: inspect and hash them. Failed."""
    return disks.measure(context, image_id, upload)


def finish(tx: Transaction, image_id: str, upload: str, stored: Stored) -> bool:
    """The image is active. False: it was deleted meanwhile."""
    return disks.finish(tx, image_id, upload, stored, staging=False)


def give_up(tx: Transaction, image_id: str, upload: str) -> None:
    """The image is queued: it gets no bytes."""
    disks.give_up(tx, image_id, upload)


def discard(context: Context, image_id: str, upload: str) -> None:
    """In a step: remove the bytes, unless the image has them."""
    disks.discard(context, image_id, upload)


def _image(row: ImageDetails) -> Image:
    return Image(
        id=row["id"], name=row["name"], status=row["status"], disk_format=row["disk_format"],
        container_format=row["container_format"], size=row["size"], virtual_size=row["virtual_size"],
        min_disk=row["min_disk"], min_ram=row["min_ram"], visibility=row["visibility"], owner=row["owner"],
        protected=row["protected"], checksum=row["checksum"], properties=row["properties"], tags=tuple(row["tags"]),
        created_at=row["created_at"], updated_at=row["updated_at"],
    )  # fmt: skip

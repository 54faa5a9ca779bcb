"""What bytes an image may have: how many its owner's quota has left, and of which format."""

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.services.image.contents.errors import OverSize
from kumoi.services.image.images import store as images_store


def left(tx: Transaction, owner: str | None, *, staging: bool) -> int | None:
    """Bytes that the owner's quota has left; None: no limit."""
    if owner is None:
        return None
    quota = images_store.STAGE if staging else images_store.SIZE
    most = quotas.limit(tx, "image", quota.resource, owner)
    return None if most == quotas.UNLIMITED else max(0, most - quota.usage(tx, owner)) << 20


def check(most: int | None, size: int) -> None:
    """OverSize when the bytes are more than there is room for."""
    if most is not None and size > most:
        raise OverSize(max(most, 0))


_FILES_OF_FILES = frozenset({"ovf", "ova", "docker", "compressed"})
"""Containers that are archives and not a bare disk. A disk is not accepted in one, because its own format would not be
checked."""


def inspected_as(container_format: str | None, disk_format: str | None) -> str:
    return "raw" if container_format in _FILES_OF_FILES else str(disk_format)

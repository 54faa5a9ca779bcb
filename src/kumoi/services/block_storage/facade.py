"""What other services ask of volumes. There are none yet: whatever needs one is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import NotBuilt
from kumoi.kernel.who import Who


@dataclass(frozen=True)
class Volume:
    id: str
    name: str
    size: int
    status: str
    bootable: bool
    project_id: str
    multiattach: bool
    encrypted: bool
    image_id: str | None
    host: str | None


@dataclass(frozen=True)
class Attachment:
    id: str
    volume_id: str
    server_id: str
    status: str
    device: str | None


_ABSENT = "Volumes are not built yet."


def usable(tx: Transaction, who: Who, volume_id: str) -> Volume:
    raise NotBuilt(_ABSENT)


def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Volume]:
    return {}


def create(tx: Transaction, who: Who, origin: Mapping[str, Any], *, name: str, size_gib: int | None,
           image_id: str | None = None, snapshot_id: str | None = None) -> Volume:  # fmt: skip
    raise NotBuilt(_ABSENT)


def delete(tx: Transaction, volume_id: str, origin: Mapping[str, Any]) -> None:
    raise NotBuilt(_ABSENT)


def reserve(tx: Transaction, who: Who, volume_id: str, server_id: str) -> str:
    raise NotBuilt(_ABSENT)


def attached(tx: Transaction, attachment_id: str, device: str | None, host: str | None) -> None:
    raise NotBuilt(_ABSENT)


def detaching(tx: Transaction, attachment_id: str) -> None:
    raise NotBuilt(_ABSENT)


def released(tx: Transaction, attachment_id: str) -> None:
    raise NotBuilt(_ABSENT)


def attachments_of_servers(tx: Transaction, server_ids: Iterable[str]) -> dict[str, list[Attachment]]:
    return {}


def server_ids(tx: Transaction) -> set[str]:
    return set()

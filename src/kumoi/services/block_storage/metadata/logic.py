"""Changes metadata. The routes say whose metadata it is."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import NotFound
from kumoi.kernel.who import Who
from kumoi.services.block_storage.errors import InvalidInput, PreconditionFailed
from kumoi.services.block_storage.fields import MOST_METADATA, bounded
from kumoi.services.block_storage.snapshot_rows import store as snapshot_store
from kumoi.services.block_storage.snapshot_rows.models import SnapshotRow
from kumoi.services.block_storage.snapshots import logic as snapshots
from kumoi.services.block_storage.volumes import store as volume_store
from kumoi.services.block_storage.volumes.logic import changes as volumes
from kumoi.services.block_storage.volumes.models import VolumeRow


@dataclass(frozen=True)
class Kind:
    """A resource with metadata: how its row is found, with permission checks, and changed."""

    noun: str
    visible: Callable[[Transaction, Who, str], VolumeRow | SnapshotRow]
    own: Callable[[Transaction, Who, str], VolumeRow | SnapshotRow]
    update: Callable[..., None]


VOLUME = Kind("Volume", volumes.visible, volumes.own, volume_store.update)
SNAPSHOT = Kind("Snapshot", snapshots.visible, snapshots.own, snapshot_store.update)


def show(tx: Transaction, who: Who, kind: Kind, owner_id: str) -> dict[str, str]:
    return dict(kind.visible(tx, who, owner_id)["metadata"])


def change(
    tx: Transaction,
    who: Who,
    kind: Kind,
    owner_id: str,
    values: Mapping[str, str],
    *,
    replace: bool,
    only_if: str | None = None,
) -> dict[str, str]:
    """Returns the complete new metadata. `only_if`: PreconditionFailed if the current ETag differs."""
    before = dict(kind.own(tx, who, owner_id)["metadata"])
    if only_if is not None and only_if.strip().strip('"') not in (tag(before), "*"):
        raise PreconditionFailed(f"The metadata of {kind.noun.lower()} {owner_id} has changed meanwhile.")
    after = bounded(dict(values) if replace else {**before, **values}, MOST_METADATA)
    kind.update(tx, owner_id, metadata=after)
    return after


def item(tx: Transaction, who: Who, kind: Kind, owner_id: str, key: str) -> str:
    metadata = show(tx, who, kind, owner_id)
    if key not in metadata:
        raise NotFound(f"{kind.noun} {owner_id} has no metadata with key {key[:255]}.")
    return metadata[key]


def put_item(tx: Transaction, who: Who, kind: Kind, owner_id: str, key: str, values: Mapping[str, str]) -> None:
    if list(values) != [key]:
        raise InvalidInput(f"meta: exactly the key of the address is expected, which is {key[:255]}.")
    change(tx, who, kind, owner_id, values, replace=False)


def delete_item(tx: Transaction, who: Who, kind: Kind, owner_id: str, key: str) -> None:
    item(tx, who, kind, owner_id, key)
    metadata = kind.own(tx, who, owner_id)["metadata"]
    kind.update(tx, owner_id, metadata={name: value for name, value in metadata.items() if name != key})


def tag(metadata: Mapping[str, str]) -> str:
    """Differs as soon as the metadata does."""
    return hashlib.md5(msgspec.json.encode(dict(sorted(metadata.items()))), usedforsecurity=False).hexdigest()

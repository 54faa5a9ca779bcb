"""Which volume types there are, and who may use them."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.block_storage.errors import VolumeTypeNotFound
from kumoi.services.block_storage.volume_types import store
from kumoi.services.block_storage.volume_types.models import DEFAULT


def visible(tx: Transaction, who: Who, volume_type_id: str) -> dict[str, Any]:
    row = store.find(tx, volume_type_id)
    if row is None or not usable(tx, who, row):
        raise VolumeTypeNotFound(volume_type_id)
    return row


def usable(tx: Transaction, who: Who, row: dict[str, Any]) -> bool:
    """Whether it exists for this caller."""
    return bool(row["is_public"] or who.sees(None) or store.has_access(tx, row["id"], who.project_id or ""))


def wanted(tx: Transaction, who: Who, named: str | None) -> dict[str, Any]:
    """The type that a name or id means, or the default; VolumeTypeNotFound."""
    if not named:
        return default(tx, who.project_id)
    row = store.find(tx, named) or store.named(tx, named)
    if row is None or not usable(tx, who, row):
        raise VolumeTypeNotFound(named)
    return row


def default(tx: Transaction, project_id: str | None) -> dict[str, Any]:
    """The project's own default type, or the cloud's."""
    own = store.default_of(tx, project_id) if project_id else None
    row = store.find(tx, own) if own else store.named(tx, DEFAULT)
    return row or ensure_default(tx)


def ensure_default(tx: Transaction) -> dict[str, Any]:
    """The cloud's default type, made when it is not there."""
    return store.named(tx, DEFAULT) or store.insert(
        tx, id=tx.new_uuid(), name=DEFAULT, description="Disks on the host's own file system", is_public=True,
        extra_specs={},
    )  # fmt: skip

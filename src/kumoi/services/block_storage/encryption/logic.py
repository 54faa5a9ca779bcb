"""The rules of a volume type's encryption."""

from typing import Any, cast

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.services.block_storage.encryption import store
from kumoi.services.block_storage.encryption.models import EncryptionRow
from kumoi.services.block_storage.volume_types.models import VolumeTypeRow, removal


def of_type(tx: Transaction, volume_type: VolumeTypeRow) -> EncryptionRow | None:
    return store.of_type(tx, volume_type["id"])


def create(tx: Transaction, volume_type: VolumeTypeRow, values: dict[str, Any]) -> EncryptionRow:
    """Refused for a type that has encryption or volumes."""
    if store.of_type(tx, volume_type["id"]) is not None:
        raise BadRequest(f"Volume type encryption for type {volume_type['id']} already exists.")
    removal.check(tx, [volume_type["id"]])
    return store.insert(
        tx,
        EncryptionRow(
            volume_type_id=volume_type["id"],
            encryption_id=tx.new_uuid(),
            provider=values["provider"],
            cipher=values["cipher"],
            key_size=None if values["key_size"] is None else int(values["key_size"]),
            control_location=values["control_location"],
            created_at=tx.now,
            updated_at=tx.now,
        ),
    )


def update(
    tx: Transaction, volume_type: VolumeTypeRow, encryption_id: str, values: dict[str, Any]
) -> EncryptionRow:  # fmt: skip
    row = _found(tx, volume_type, encryption_id)
    removal.check(tx, [volume_type["id"]])
    if values.get("key_size") is not None:
        values = {**values, "key_size": int(values["key_size"])}
    store.update(tx, volume_type["id"], **values)
    return cast(EncryptionRow, {**row, **values})


def delete(tx: Transaction, volume_type: VolumeTypeRow, encryption_id: str) -> None:
    _found(tx, volume_type, encryption_id)
    removal.check(tx, [volume_type["id"]])
    store.delete(tx, volume_type["id"])


def _found(tx: Transaction, volume_type: VolumeTypeRow, encryption_id: str) -> EncryptionRow:
    """Cinder ignores the id in the address; a wrong one is not found here."""
    row = store.of_type(tx, volume_type["id"])
    if row is None or encryption_id not in (row["encryption_id"], "provider", "default"):
        raise NotFound(f"Volume type encryption for type {volume_type['id']} does not exist.")
    return row

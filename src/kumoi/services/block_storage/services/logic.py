"""Takes hosts out of use, and back."""

from kumoi.kernel.database import Transaction
from kumoi.services.block_storage.errors import InvalidInput
from kumoi.services.block_storage.services import store
from kumoi.services.block_storage.services.models import VolumeServiceRow


def every(tx: Transaction) -> dict[str, VolumeServiceRow]:
    return store.every(tx)


def set_enabled(tx: Transaction, host: str, *, enabled: bool, reason: str | None = None) -> None:
    store.update(tx, host, disabled=not enabled, disabled_reason=None if enabled else reason)


def set_frozen(tx: Transaction, host: str, *, frozen: bool) -> None:
    store.update(tx, host, frozen=frozen)


def checked_reason(reason: str | None) -> str:
    if not reason or not reason.strip():
        raise InvalidInput("disabled_reason: a reason must be given.")
    return reason.strip()

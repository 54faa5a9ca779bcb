"""The default volume type of a new cloud."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.settings import Settings
from kumoi.services.block_storage.volume_types import logic

ORDER = 40


def bootstrap(tx: Transaction, settings: Settings, password_hashes: object) -> None:
    logic.ensure_default(tx)

"""Quotas of things that do not exist here: limits that are kept, and nothing that counts for them."""

from kumoi.kernel.quotas import Quota
from kumoi.services.block_storage.volumes.store import nothing

BACKUPS = Quota("block_storage", "backups", 10, nothing)
BACKUP_GIGABYTES = Quota("block_storage", "backup_gigabytes", 1000, nothing)
GROUPS = Quota("block_storage", "groups", 10, nothing)

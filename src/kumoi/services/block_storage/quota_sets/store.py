"""Quotas of resources that do not exist here. Their limits are stored and have no usage."""

from kumoi.kernel.quotas import Quota, nothing

BACKUPS = Quota("block_storage", "backups", 10, nothing)
BACKUP_GIGABYTES = Quota("block_storage", "backup_gigabytes", 1000, nothing)
GROUPS = Quota("block_storage", "groups", 10, nothing)

"""Quotas of resources that do not exist here. Their limits are stored and have no usage."""

from kumoi.kernel.quotas import Quota, nothing

GROUPS = Quota("block_storage", "groups", 10, nothing)

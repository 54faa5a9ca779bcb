"""Shapes of quota sets: docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets."""

from typing import Any

import msgspec

from kumoi.kernel.queries import FlagText


class Query(msgspec.Struct, kw_only=True):
    usage: FlagText | None = None
    user_id: str | None = None


class UpdateBody(msgspec.Struct):
    quota_set: dict[str, Any]


class ClassBody(msgspec.Struct):
    quota_class_set: dict[str, Any]


class Usage(msgspec.Struct):
    limit: int
    in_use: int
    reserved: int

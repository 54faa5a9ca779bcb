"""Shapes of the actions addFloatingIp and removeFloatingIp: docs.openstack.org/api-ref/compute/#servers-run-an-action."""

from typing import Annotated

import msgspec

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Add(msgspec.Struct, kw_only=True):
    address: Address
    fixed_address: Address | None = None


class Remove(msgspec.Struct, kw_only=True):
    address: Address

"""Shapes of permissions."""

import msgspec


class ListQuery(msgspec.Struct, kw_only=True):
    service: str | None = None
    """The type of a service, as `block_storage`."""


class Permission(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A request that the caller's roles allow. `path`: with the service's prefix, `/network/v2.0/ports/{port_id}`.
    `action`: the key in the body, of actions."""

    service: str
    method: str
    path: str
    action: str | msgspec.UnsetType = msgspec.UNSET


class ListBody(msgspec.Struct):
    permissions: list[Permission]

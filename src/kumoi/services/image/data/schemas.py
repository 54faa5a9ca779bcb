"""Shapes of imports: docs.openstack.org/api-ref/image/v2/#interoperable-image-import."""

import msgspec


class Method(msgspec.Struct):
    name: str


class Import(msgspec.Struct):
    method: Method
    stores: list[str] | None = None
    all_stores: bool = False
    all_stores_must_succeed: bool = True

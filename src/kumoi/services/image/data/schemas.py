"""Shapes of imports: docs.openstack.org/api-ref/image/v2/#interoperable-image-import."""

import msgspec


class Method(msgspec.Struct):
    name: str


class Import(msgspec.Struct):
    method: Method

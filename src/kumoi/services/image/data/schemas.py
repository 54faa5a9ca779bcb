"""Shapes of imports: docs.openstack.org/api-ref/image/v2/#interoperable-image-import."""

from typing import Annotated

import msgspec


class Method(msgspec.Struct):
    """`uri`: of web-download."""

    name: str
    uri: Annotated[str, msgspec.Meta(max_length=4096)] | None = None


class Import(msgspec.Struct):
    method: Method
    stores: list[str] | None = None
    all_stores: bool = False
    all_stores_must_succeed: bool = True

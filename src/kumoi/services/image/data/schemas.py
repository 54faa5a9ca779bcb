"""Shapes of imports: docs.openstack.org/api-ref/image/v2/#interoperable-image-import."""

from typing import Annotated
from uuid import UUID

import msgspec

from kumoi.kernel.errors import BadRequest


class Method(msgspec.Struct):
    """`uri`: of web-download. The others: of glance-download."""

    name: str
    uri: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    glance_image_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    glance_region: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    glance_service_interface: Annotated[str, msgspec.Meta(max_length=255)] = "public"


class Import(msgspec.Struct):
    method: Method
    stores: list[str] | None = None
    all_stores: bool = False
    all_stores_must_succeed: bool = True


def remote(method: Method) -> dict[str, str]:
    """The image of another service; BadRequest."""
    if not method.glance_region:
        raise BadRequest("'glance_region' needs to be set for glance-download import method")
    if not method.glance_image_id:
        raise BadRequest("'glance_image_id' needs to be set for glance-download import method")
    try:
        image_id = str(UUID(method.glance_image_id))
    except ValueError:
        raise BadRequest(f"Remote image id does not look like a UUID: {method.glance_image_id}") from None
    return {"region": method.glance_region, "interface": method.glance_service_interface, "image_id": image_id}

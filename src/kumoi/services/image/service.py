"""The image service: where it answers and which resources it has."""

from typing import Any

from kumoi.kernel.routes import Service, below
from kumoi.services.image import errors

MINORS = (15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
"""Minor versions are additions; all are answered at one place. 14 is that of a cache."""


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    links = [{"rel": "self", "href": f"{base_url}{service.prefix}/v2/"}]
    return {
        "versions": [
            {"id": f"v2.{minor}", "status": "CURRENT" if minor == MINORS[0] else "SUPPORTED", "links": links}
            for minor in MINORS
        ]
    }


SERVICE = Service(
    type="image",
    name="glance",
    prefix="/image",
    root=errors.ROOT,
    catalog_type="image",
    catalog_path="/image",
    routes=below(__package__),
    streams=below(__package__, "streams"),
    render_error=errors.render,
    discovery=discovery,
    address="/image/v2",
    over_quota_status=413,
    items_at_slash=("/v2/images",),
    tables="image_",
)

"""S3's API: where it answers and which resources it has."""

from typing import Any

from kumoi.kernel.routes import Service, below
from kumoi.services.s3 import errors, hosts, signatures


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    """S3 has none: the list of buckets is at this address."""
    return {"versions": []}


SERVICE = Service(
    type="s3",
    name="s3",
    prefix="/s3",
    root=errors.ROOT,
    catalog_type="s3",
    catalog_path="/s3",
    routes=below(__package__),
    streams=below(__package__, "streams"),
    render_error=errors.render,
    headers=errors.headers,
    is_sandboxed=True,
    own_origin=hosts.has_own_origin,
    identify=signatures.identify,
    discovery=discovery,
    over_quota_status=403,
    tables="s3_",
    open_absence=True,
)
"""Amazon's S3 API, path style, on the objects of the object store."""

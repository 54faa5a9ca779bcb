"""The compute service: where it answers, which microversions it speaks, which resources it has."""

from typing import Any

from kumoi.kernel import versions
from kumoi.kernel.routes import Service
from kumoi.kernel.versions import Microversions, since
from kumoi.services.compute import errors
from kumoi.services.compute.flavors.api import routes as flavors
from kumoi.services.compute.keypairs.api import routes as keypairs

MICROVERSIONS = Microversions(
    service_type="compute",
    minimum=(2, 1),
    maximum=(2, 88),
    legacy_header="X-OpenStack-Nova-API-Version",
    behaviours={
        "flavor swap is a number": since("2.75"),
    },
    history={
        "2.2": "keypairs carry a type",
        "2.10": "keypairs of other users, for admins",
        "2.55": "flavors carry a description",
        "2.61": "flavors carry their extra specs",
        "2.75": "a flavor without swap says 0",
    },
)


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    version = {
        "id": "v2.1",
        "status": "CURRENT",
        "version": versions.text(MICROVERSIONS.maximum),
        "min_version": versions.text(MICROVERSIONS.minimum),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/"}],
    }
    return {"versions": [version], "version": {**version, "media-types": []}}


SERVICE = Service(
    type="compute",
    name="nova",
    prefix="/compute/v2.1",
    root="/compute",
    catalog_type="compute",
    catalog_path="/compute/v2.1",
    routes=(flavors, keypairs),
    render_error=errors.render,
    discovery=discovery,
    discovery_status=200,
    microversions=MICROVERSIONS,
    over_quota_status=403,
    request_id_headers=("x-openstack-request-id", "x-compute-request-id"),
    tables="compute_",
)

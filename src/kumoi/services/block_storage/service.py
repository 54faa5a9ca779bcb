"""The block storage service: where it answers, which microversions it speaks, which resources it has."""

from typing import Any

from kumoi.kernel import versions
from kumoi.kernel.routes import Service, below
from kumoi.kernel.versions import Microversions, since
from kumoi.services.block_storage import errors

MICROVERSIONS = Microversions(
    service_type="volume",
    minimum=(3, 0),
    maximum=(3, 71),
    legacy_header=None,
    behaviours={
        "metadata carries an ETag": since("3.15"),
        "unknown filters are refused": since("3.31"),
        "volumes in use may grow": since("3.42"),
        "snapshots need no force": since("3.66"),
    },
    history={
        "3.3": "messages",
        "3.4": "volumes by the metadata of their image",
        "3.9": "backups change their name and description",
        "3.10": "volumes by group",
        "3.12": "a summary of volumes",
        "3.13": "volumes show their group",
        "3.14": "snapshots show their group snapshot",
        "3.15": "metadata carries an ETag, which a change may require",
        "3.18": "backups show their project, for admins",
        "3.21": "volumes show their provider's id, for admins",
        "3.22": "snapshots by metadata",
        "3.23": "volumes deleted by force, for admins",
        "3.27": "attachments",
        "3.28": "pools by name",
        "3.31": "filters by a part of the text; unknown filters are refused",
        "3.33": "which filters there are",
        "3.36": "the summary of volumes has their metadata",
        "3.39": "limits of another project, for admins",
        "3.40": "a volume goes back to its newest snapshot",
        "3.41": "snapshots show their user",
        "3.42": "volumes grow while they are in use",
        "3.43": "backups have metadata",
        "3.44": "attachments are completed",
        "3.45": "lists with the number of all",
        "3.47": "volumes from backups",
        "3.48": "volumes show their service and whether it shares targets",
        "3.49": "services show the state of what is behind them",
        "3.51": "backups in an availability zone",
        "3.52": "volume types by extra specs",
        "3.53": "changes of a volume are checked strictly",
        "3.54": "attachments with a mode",
        "3.55": "transfers with snapshots, at a new address",
        "3.56": "backups show their user",
        "3.57": "transfers show both projects",
        "3.60": "volumes by time",
        "3.61": "volumes show their cluster, for admins",
        "3.62": "default volume types of projects",
        "3.63": "volumes show the id of their type",
        "3.64": "volumes show the id of their key, if they have one",
        "3.65": "volumes and snapshots say whether they count for the quota",
        "3.66": "snapshots of volumes in use need no force",
        "3.67": "addresses without the project's id",
        "3.69": "whether targets are shared may be unknown",
    },
)


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    version = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": versions.text(MICROVERSIONS.maximum),
        "min_version": versions.text(MICROVERSIONS.minimum),
        "updated": "2023-08-31T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}],
    }
    return {"versions": [version]}


SERVICE = Service(
    type="block_storage",
    name="cinder",
    prefix="/volume/v3",
    root=errors.ROOT,
    catalog_type="volumev3",
    catalog_also=("block-storage",),
    catalog_names={"volumev3": "cinderv3"},
    catalog_path="/volume/v3",
    project_in_path=True,
    routes=below(__package__),
    render_error=errors.render,
    discovery=discovery,
    microversions=MICROVERSIONS,
    over_quota_status=413,
    request_id_headers=("x-openstack-request-id", "x-compute-request-id"),
    items_at_slash=("/volumes",),
    tables="block_storage_",
)  # fmt: skip

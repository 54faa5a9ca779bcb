"""The compute service: where it answers, which microversions it speaks, which resources it has."""

from typing import Any

from kumoi.kernel import versions
from kumoi.kernel.routes import Service, below
from kumoi.kernel.versions import Microversions, since
from kumoi.services.compute import errors

MICROVERSIONS = Microversions(
    service_type="compute",
    minimum=(2, 1),
    maximum=(2, 96),
    legacy_header="X-OpenStack-Nova-API-Version",
    behaviours={
        "anybody filters by ip6": since("2.5"),
        "actions outlive servers": since("2.21"),
        "servers name their networks": since("2.37"),
        "unknown statuses are refused": since("2.38"),
        "servers embed their flavor": since("2.47"),
        "everybody sees events": since("2.51"),
        "usages in pages": since("2.40"),
        "actions in pages": since("2.58"),
        "anybody filters by state": since("2.83"),
        "everybody sees the hostname": since("2.90"),
        "keypairs are only imported": since("2.92"),
        "hostnames may have dots": since("2.94"),
        "cpu_info is an object": since("2.28"),
        "hosts are called by UUID": since("2.53"),
        "hypervisors show uptime": since("2.88"),
        "flavor swap is a number": since("2.75"),
    },
    closed_queries=since("2.75"),
    history={
        "2.2": "keypairs carry a type",
        "2.3": "servers show more of themselves to admins; whether a volume goes with its server",
        "2.5": "anybody may filter servers by IPv6 address",
        "2.6": "one way to open a console",
        "2.8": "consoles of the MKS protocol, which no hypervisor here has",
        "2.9": "whether a server is locked",
        "2.10": "keypairs of other users, for admins",
        "2.11": "services may be forced down",
        "2.13": "server groups carry project and user",
        "2.15": "soft policies of server groups",
        "2.16": "the state of a server's host, for admins",
        "2.19": "servers carry a description",
        "2.21": "actions of servers that are gone",
        "2.23": "migrations carry their type; those of a server",
        "2.26": "servers carry tags",
        "2.28": "cpu_info of hypervisors is an object",
        "2.31": "what a console token opens, for admins",
        "2.32": "tags on disks and network cards of a new server",
        "2.33": "hypervisors in pages; no tags on disks",
        "2.35": "keypairs in pages",
        "2.36": "limits and quotas of networks are the network service's; no more routes of other services",
        "2.37": "servers name their networks, or auto or none; no tags on network cards",
        "2.38": "a status that does not exist is refused as a filter",
        "2.39": "limits without maxImageMeta; no metadata of images",
        "2.40": "usages in pages",
        "2.41": "aggregates carry their UUID",
        "2.42": "tags on disks and network cards again",
        "2.43": "no hosts besides hypervisors and services",
        "2.44": "no addresses by action: that is the network service's",
        "2.46": "the request id in one more header",
        "2.47": "servers embed their flavor",
        "2.49": "tags on disks and network cards plugged in later",
        "2.51": "everybody sees the events of an action; extended volumes as external events",
        "2.52": "tags of a new server",
        "2.53": "hypervisors and services have UUIDs; hypervisors by pattern and with servers",
        "2.54": "a rebuild may change the key",
        "2.55": "flavors carry a description",
        "2.57": "no files put into servers; limits and quotas without them; a rebuild may change the user data",
        "2.58": "actions in pages, with the time of their last change",
        "2.59": "migrations in pages, with their UUID",
        "2.61": "flavors carry their extra specs",
        "2.62": "events carry their host",
        "2.63": "trusted image certificates: none",
        "2.64": "server groups have one policy, with rules",
        "2.66": "changes-before",
        "2.67": "the type of a new server's volumes",
        "2.70": "tags of attached volumes and network cards are shown",
        "2.71": "server groups of a server",
        "2.73": "locks have a reason",
        "2.74": "admins choose host or node of a new server",
        "2.75": "unknown query parameters are refused; a changed server is shown whole; a flavor without swap says 0",
        "2.76": "power updates as external events",
        "2.79": "whether an attached volume goes with its server",
        "2.80": "migrations carry user and project",
        "2.81": "images are copied to the hosts of an aggregate before they are needed",
        "2.82": "accelerator requests as external events",
        "2.83": "anybody may filter servers by state",
        "2.84": "events carry details",
        "2.85": "whether an attached volume goes with its server may be changed",
        "2.88": "hypervisors without figures that placement has; uptime in them; no statistics",
        "2.89": "volume attachments carry both their ids",
        "2.90": "servers carry a host name",
        "2.92": "keypairs are only imported; their names may hold @ and dots",
        "2.93": "reimaged volumes as external events",
        "2.94": "host names may have dots",
        "2.96": "the zone that a server was asked to stay in",
    },
)

FIRST = "/compute/v2"
"""The prefix of the API without microversions. It answers as 2.1."""


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    first = {
        "id": "v2.0",
        "status": "SUPPORTED",
        "version": "",
        "min_version": "",
        "updated": "2011-01-21T11:33:21Z",
        "links": [{"rel": "self", "href": f"{base_url}{FIRST}/"}],
    }
    version = {
        "id": "v2.1",
        "status": "CURRENT",
        "version": versions.text(MICROVERSIONS.maximum),
        "min_version": versions.text(MICROVERSIONS.minimum),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/"}],
    }
    media = [{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}]
    return {"versions": [first, version], "version": {**version, "media-types": media}}


SERVICE = Service(
    type="compute",
    name="nova",
    prefix="/compute/v2.1",
    root=errors.ROOT,
    catalog_type="compute",
    catalog_path="/compute/v2.1",
    project_in_path=True,
    routes=below(__package__),
    streams=below(__package__, "streams"),
    render_error=errors.render,
    discovery=discovery,
    discovery_status=200,
    items_at_slash=("/os-simple-tenant-usage",),
    older={FIRST: MICROVERSIONS.minimum},
    microversions=MICROVERSIONS,
    over_quota_status=403,
    request_id_headers=("x-openstack-request-id", "x-compute-request-id"),
    tables="compute_",
)

"""The extensions of the network API that are wholly built, as clients look them up."""

from typing import Any

from kumoi.kernel.errors import NotFound

UPDATED = "2026-11-22T00:00:00-00:00"

BUILT = {
    "agent": "Agents of hosts, read only",
    "allowed-address-pairs": "Other addresses that a port may use",
    "availability_zone": "Availability Zone",
    "binding": "Port bindings",
    "empty-string-filtering": "Filters on empty values",
    "external-net": "Networks that lead outside",
    "ext-gw-mode": "Source NAT of router gateways on and off",
    "extra_dhcp_opt": "DHCP options of ports",
    "extraroute": "Static routes of routers",
    "extraroute-atomic": "Adding and removing single routes",
    "filter-validation": "Unknown filters are refused",
    "fip-port-details": "The port that a floating IP leads to",
    "ip-substring-filtering": "Ports by parts of their addresses",
    "net-mtu": "MTU of networks",
    "net-mtu-writable": "MTU of networks can be set",
    "network-ip-availability": "Network IP Availability",
    "network_availability_zone": "Network Availability Zone",
    "pagination": "Pages of lists",
    "port-mac-address-regenerate": "A new MAC address for a port",
    "port-security": "Port security on and off",
    "port-security-groups-filtering": "Ports by security group",
    "project-id": "project_id beside tenant_id",
    "provider": "Provider attributes of networks",
    "quotas": "Quotas of projects",
    "quota_details": "Quotas with usage",
    "revision-if-match": "Changes on condition of a revision",
    "router": "Routers and floating IPs",
    "router_availability_zone": "Router Availability Zone",
    "security-group": "Security groups",
    "security-groups-normalized-cidr": "Rules show their prefix without host bits",
    "sorting": "Order of lists",
    "standard-attr-description": "Descriptions",
    "standard-attr-revisions": "Revision numbers",
    "standard-attr-tag": "Tags",
    "standard-attr-timestamp": "Times of creation and change",
    "stateful-security-group": "Security groups without connection tracking",
    "default-subnetpools": "A default subnet pool for each IP version",
    "subnet_allocation": "Subnet pools",
    "subnet-dns-publish-fixed-ip": "dns_publish_fixed_ip of subnets",
    "subnet-service-types": "Subnets for some kinds of ports",
    "tag-creation": "Several tags added at once",
}
"""alias → name; a few names are those by which clients look an extension up."""


def index() -> list[dict[str, Any]]:
    return [_shown(alias, name) for alias, name in BUILT.items()]


def show(alias: str) -> dict[str, Any]:
    if alias not in BUILT:
        raise NotFound(f"Extension with alias {alias[:64]} does not exist")
    return _shown(alias, BUILT[alias])


def _shown(alias: str, name: str) -> dict[str, Any]:
    return {"alias": alias, "name": name, "description": f"{name}.", "updated": UPDATED, "links": []}

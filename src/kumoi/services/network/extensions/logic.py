"""The API extensions that are implemented completely."""

from typing import Any

from kumoi.kernel.errors import NotFound

UPDATED = "2026-11-22T00:00:00-00:00"

BUILT = {
    "agent": (
        "agent",
        "The agent management extension.",
    ),
    "allowed-address-pairs": (
        "Allowed Address Pairs",
        "Provides allowed address pairs",
    ),
    "auto-allocated-topology": (
        "Auto Allocated Topology Services",
        "Auto Allocated Topology Services.",
    ),
    "availability_zone": (
        "Availability Zone",
        "The availability zone extension.",
    ),
    "binding": (
        "Port Binding",
        "Expose port bindings of a virtual port to external application",
    ),
    "empty-string-filtering": (
        "Empty String Filtering Extension",
        "Allow filtering by attributes with empty string value",
    ),
    "external-net": (
        "Neutron external network",
        "Adds external network attribute to network resource.",
    ),
    "ext-gw-mode": (
        "Neutron L3 Configurable external gateway mode",
        "Extension of the router abstraction for specifying whether SNAT should occur on the external gateway",
    ),
    "extra_dhcp_opt": (
        "Neutron Extra DHCP options",
        "Extra options configuration for DHCP. For example PXE boot options to DHCP clients can be "
        "specified (e.g. tftp-server, server-ip-address, bootfile-name)",
    ),
    "extraroute": (
        "Neutron Extra Route",
        "Extra routes configuration for L3 router",
    ),
    "extraroute-atomic": (
        "Atomically add/remove extra routes",
        "Edit extra routes of a router on server side by atomically adding/removing extra routes",
    ),
    "filter-validation": (
        "Filter parameters validation",
        "Provides validation on filter parameters.",
    ),
    "fip-port-details": (
        "Floating IP Port Details Extension",
        "Add port_details attribute to Floating IP resource",
    ),
    "ip-substring-filtering": (
        "IP address substring filtering",
        "Provides IP address substring filtering when listing ports",
    ),
    "net-mtu": (
        "Network MTU",
        "Provides MTU attribute for a network resource.",
    ),
    "net-mtu-writable": (
        "Network MTU (writable)",
        "Provides a writable MTU attribute for a network resource.",
    ),
    "network-ip-availability": (
        "Network IP Availability",
        "Provides IP availability data for each network and subnet.",
    ),
    "network_availability_zone": (
        "Network Availability Zone",
        "Availability zone support for network.",
    ),
    "pagination": (
        "Pagination support",
        "Extension that indicates that pagination is enabled.",
    ),
    "port-mac-address-regenerate": (
        "Neutron Port MAC address regenerate",
        "Network port MAC address regenerate",
    ),
    "port-security": (
        "Port Security",
        "Provides port security",
    ),
    "port-security-groups-filtering": (
        "Port filtering on security groups",
        "Provides security groups filtering when listing ports",
    ),
    "project-id": (
        "project_id field enabled",
        "Extension that indicates that project_id field is enabled.",
    ),
    "provider": (
        "Provider Network",
        "Expose mapping of virtual networks to physical networks",
    ),
    "quotas": (
        "Quota management support",
        "Expose functions for quotas management per project",
    ),
    "quota_details": (
        "Quota details management support",
        "Expose functions for quotas usage statistics per project",
    ),
    "revision-if-match": (
        "If-Match constraints based on revision_number",
        "Extension indicating that If-Match based on revision_number is supported.",
    ),
    "router": (
        "Neutron L3 Router",
        "Router abstraction for basic L3 forwarding between L2 Neutron networks and access to external "
        "networks via a NAT gateway.",
    ),
    "router_availability_zone": (
        "Router Availability Zone",
        "Availability zone support for router.",
    ),
    "security-group": (
        "security-group",
        "The security groups extension.",
    ),
    "security-groups-normalized-cidr": (
        "Normalized CIDR field for security group rules",
        "Add new field with normalized remote_ip_prefix cidr in SG rule",
    ),
    "sorting": (
        "Sorting support",
        "Extension that indicates that sorting is enabled.",
    ),
    "standard-attr-description": (
        "standard-attr-description",
        "Extension to add descriptions to standard attributes",
    ),
    "standard-attr-revisions": (
        "Resource revision numbers",
        "This extension will display the revision number of neutron resources.",
    ),
    "standard-attr-tag": (
        "Tag support for resources with standard attribute: network, subnet, subnetpool, port, router, "
        "floatingip, security_group, security_group_rule",
        "Enables to set tag on resources with standard attribute.",
    ),
    "standard-attr-timestamp": (
        "Resource timestamps",
        "Adds created_at and updated_at fields to all Neutron resources that have Neutron standard attributes.",
    ),
    "stateful-security-group": (
        "Stateful security group",
        "Indicates if the security group is stateful or not",
    ),
    "default-subnetpools": (
        "Default Subnetpools",
        "Provides ability to mark and use a subnetpool as the default.",
    ),
    "subnet_allocation": (
        "Subnet Allocation",
        "Enables allocation of subnets from a subnet pool",
    ),
    "subnet-dns-publish-fixed-ip": (
        "Subnet DNS publish fixed IP",
        "Support choosing to publish DNS records for IPs from a subnet",
    ),
    "subnet-service-types": (
        "Subnet service types",
        "Provides ability to set the subnet service_types field",
    ),
    "tag-creation": (
        "Tag creation extension",
        "Allow to create multiple tags for a resource",
    ),
}
"""alias → name and description, as every cloud shows them: clients compare them."""


def index() -> list[dict[str, Any]]:
    return [_shown(alias) for alias in BUILT]


def show(alias: str) -> dict[str, Any]:
    if alias not in BUILT:
        raise NotFound(f"Extension with alias {alias[:64]} does not exist")
    return _shown(alias)


def _shown(alias: str) -> dict[str, Any]:
    name, description = BUILT[alias]
    return {"alias": alias, "name": name, "description": description, "updated": UPDATED, "links": []}

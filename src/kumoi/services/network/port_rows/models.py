"""The tables of ports."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.network import standard_attributes
from kumoi.services.network.network_rows.models import networks as networks_table


class PortRow(standard_attributes.NamedRow):
    network_id: str
    mac_address: str
    admin_state_up: bool
    status: str
    device_id: str
    device_owner: str
    port_security_enabled: bool
    host: str
    vnic_type: str
    binding_profile: dict[str, Any] | None
    allowed_address_pairs: list[dict[str, str]] | None
    extra_dhcp_opts: list[dict[str, Any]] | None
    dns_name: str
    made_for_server: bool
    device_tag: str | None
    device_position: int


class PortDetails(PortRow):
    """`fixed_ips`: (subnet id, address)."""

    fixed_ips: list[tuple[str, str]]
    security_groups: list[str]
    tags: list[str]


ports = Table[PortRow](
    "network_ports",
    metadata,
    *standard_attributes.columns(),
    sa.Column("network_id", sa.String(36), sa.ForeignKey(networks_table.c.id), nullable=False),
    sa.Column("mac_address", sa.String(17), nullable=False),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("device_id", sa.String(255), nullable=False, index=True),
    sa.Column("device_owner", sa.String(255), nullable=False),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("host", sa.String(255), nullable=False, index=True),
    sa.Column("vnic_type", sa.String(64), nullable=False),
    sa.Column("binding_profile", sa.JSON(none_as_null=True)),
    sa.Column("allowed_address_pairs", sa.JSON(none_as_null=True)),
    sa.Column("extra_dhcp_opts", sa.JSON(none_as_null=True)),
    sa.Column("dns_name", sa.String(255), nullable=False),
    sa.Column("made_for_server", sa.Boolean, nullable=False),
    sa.Column("device_tag", sa.String(255)),
    sa.Column("device_position", sa.Integer, nullable=False),
    sa.UniqueConstraint("network_id", "mac_address"),
    sa.Index("ix_network_ports_page", "created_at", "id"),
    sa.Index("ix_network_ports_page_of_project", "project_id", "created_at", "id"),
    sa.Index("ix_network_ports_status", "status", "created_at", "id"),
    sa.Index("ix_network_ports_status_of_project", "project_id", "status", "created_at", "id"),
    sa.Index("ix_network_ports_name", "name", "created_at", "id"),
    sa.Index("ix_network_ports_device_owner", "device_owner", "network_id"),
    sa.Index("ix_network_ports_mac_address", "mac_address"),
    sa.Index("ix_network_ports_network_id_host", "network_id", "host"),
    sa.Index("ix_network_ports_network_id_project_id", "network_id", "project_id"),
)
"""`host` and `device_id` are empty if no device uses the port. `made_for_server`: is deleted with its server.
`device_tag`: a tag in the guest's metadata. `device_position`: the number of the card in its server; NO_CARD if compute
did not attach it, whatever `device_id` is."""

NO_CARD = -1


class PortSecurityGroupRow(TypedDict):
    port_id: str
    security_group_id: str


port_security_groups = Table[PortSecurityGroupRow](
    "network_port_security_groups",
    metadata,
    sa.Column("port_id", sa.String(36), sa.ForeignKey(ports.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("security_group_id", sa.String(36), sa.ForeignKey("network_security_groups.id"), primary_key=True),
    sa.Index("ix_network_port_security_groups_group", "security_group_id"),
)

ACTIVE, DOWN, UNKNOWN = "ACTIVE", "DOWN", "N/A"

ROUTER_INTERFACE = "network:router_interface"
ROUTER_GATEWAY = "network:router_gateway"
FLOATING_IP = "network:floatingip"
METADATA = "network:distributed"
SERVERS = "compute.guest_metadata"
"""Dirty rows of this kind name servers whose cards or their metadata have changed. Compute reconciles them."""
OF_ROUTERS = (ROUTER_INTERFACE, ROUTER_GATEWAY)
NOT_PLUGGED = (ROUTER_INTERFACE, ROUTER_GATEWAY, FLOATING_IP)
"""Owners of ports that are part of a router or floating IP in the topology, and not ports there."""

removal = Removal()
"""Of ports."""
readdressing = Removal()
"""Of addresses that ports lose and do not go with them; the ids are the ports', which have their new addresses."""

"""Shapes of ports: docs.openstack.org/api-ref/network/v2/#ports."""

from typing import Annotated, Any, Literal

import msgspec

from kumoi.services.network import standard_attributes
from kumoi.services.network.bodies import UNSET, Id, Text, Unset
from kumoi.services.network.port_rows.models import PortDetails
from kumoi.services.network.standard_attributes import Standard

HostName = Annotated[str, msgspec.Meta(max_length=255)]
Address = Annotated[str, msgspec.Meta(max_length=64)]


class FixedIp(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    subnet_id: Id | None = None
    ip_address: Address | None = None


class AddressPair(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    ip_address: Address
    mac_address: Address | Unset = UNSET
    active: bool | Unset = UNSET


class ExtraDhcpOption(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    opt_name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    opt_value: Text | None
    ip_version: Literal[4, 6, "4", "6"] = 4


class PortUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Text | Unset = UNSET
    description: Text | Unset = UNSET
    admin_state_up: bool | Unset = UNSET
    mac_address: Address | Unset | None = UNSET
    fixed_ips: list[FixedIp] | Unset = UNSET
    device_id: Text | Unset | None = UNSET
    device_owner: Text | Unset | None = UNSET
    security_groups: list[Id] | Unset | None = UNSET
    allowed_address_pairs: list[AddressPair] | Unset | None = UNSET
    extra_dhcp_opts: list[ExtraDhcpOption] | Unset | None = UNSET
    port_security_enabled: bool | Unset = UNSET
    dns_name: HostName | Unset = UNSET
    host: HostName | Unset | None = msgspec.field(name="binding:host_id", default=UNSET)
    vnic_type: Text | Unset | None = msgspec.field(name="binding:vnic_type", default=UNSET)
    binding_profile: dict[str, Any] | Unset | None = msgspec.field(name="binding:profile", default=UNSET)


class PortCreate(PortUpdate, kw_only=True, forbid_unknown_fields=True):
    network_id: Id
    project_id: Text | Unset = UNSET
    tenant_id: Text | Unset = UNSET
    tags: list[Text] | Unset = UNSET


class CreateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    port: PortCreate | Unset = UNSET
    ports: list[PortCreate] | Unset = UNSET


class UpdateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    port: PortUpdate


class ShownAddress(msgspec.Struct):
    subnet_id: str
    ip_address: str


class ShownPair(msgspec.Struct):
    ip_address: str
    mac_address: str


class ShownOption(msgspec.Struct):
    opt_name: str
    opt_value: str | None
    ip_version: int


class DnsAssignment(msgspec.Struct):
    ip_address: str
    hostname: str
    fqdn: str


class Port(Standard, kw_only=True):
    name: str
    network_id: str
    admin_state_up: bool
    status: str
    mac_address: str
    fixed_ips: list[ShownAddress]
    device_id: str
    device_owner: str
    security_groups: list[str]
    port_security_enabled: bool
    allowed_address_pairs: list[ShownPair]
    extra_dhcp_opts: list[ShownOption]
    dns_name: str
    dns_assignment: list[DnsAssignment]
    vnic_type: str = msgspec.field(name="binding:vnic_type")
    host_id: str | Unset = msgspec.field(name="binding:host_id", default=UNSET)
    profile: dict[str, Any] | Unset = msgspec.field(name="binding:profile", default=UNSET)
    vif_type: str | Unset = msgspec.field(name="binding:vif_type", default=UNSET)
    vif_details: dict[str, bool | str] | Unset = msgspec.field(name="binding:vif_details", default=UNSET)


def port(row: PortDetails, *, with_binding: bool) -> dict[str, Any]:
    """`with_binding`: with fields for admins."""
    name = row["dns_name"]
    body = {
        "id": row["id"],
        "name": row["name"],
        "network_id": row["network_id"],
        "admin_state_up": row["admin_state_up"],
        "status": row["status"],
        "mac_address": row["mac_address"],
        "fixed_ips": [{"subnet_id": subnet_id, "ip_address": address} for subnet_id, address in row["fixed_ips"]],
        "device_id": row["device_id"],
        "device_owner": row["device_owner"],
        "security_groups": row["security_groups"],
        "port_security_enabled": row["port_security_enabled"],
        "allowed_address_pairs": row["allowed_address_pairs"] or [],
        "extra_dhcp_opts": row["extra_dhcp_opts"] or [],
        "dns_name": name,
        "dns_assignment": [_assignment(name, address) for _, address in row["fixed_ips"]],
        "binding:vnic_type": row["vnic_type"],
        **standard_attributes.shown(row, row["tags"]),
    }
    if with_binding:
        bound = bool(row["host"])
        body["binding:host_id"] = row["host"]
        body["binding:profile"] = row["binding_profile"] or {}
        body["binding:vif_type"] = "ovs" if bound else "unbound"
        body["binding:vif_details"] = {"port_filter": True, "connectivity": "l2"} if bound else {}
    return body


def _assignment(name: str, address: str) -> dict[str, str]:
    host = name or f"host-{address.replace('.', '-').replace(':', '-')}"
    return {"ip_address": address, "hostname": host, "fqdn": f"{host}.openstacklocal."}

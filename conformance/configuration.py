"""tempest.conf for a cloud of Kumoi's, from what the cloud itself says: catalogue, extensions, Swift's `/info`, images."""

import configparser
from pathlib import Path
from typing import Any

from bench.client import Client

SERVICES = {
    "nova": "compute",
    "glance": "image",
    "neutron": "network",
    "cinder": "block-storage",
    "swift": "object-store",
    "horizon": "dashboard",
    "heat": "orchestration",
    "barbican": "key-manager",
    "designate": "dns",
    "ironic": "baremetal",
    "zaqar": "messaging",
    "trove": "database",
}
"""Tempest's name → type in the catalogue."""
OF_COMPUTE = (
    "resize", "pause", "suspend", "shelve", "rescue", "stable_rescue", "snapshot", "console_output", "vnc_console",
    "config_drive", "metadata_service", "interface_attach", "swap_volume", "volume_multiattach",
)  # fmt: skip
OF_VOLUMES = (
    "backup", "snapshot", "clone", "manage_snapshot", "manage_volume", "extend_attached_volume", "consistency_group",
    "volume_revert", "concurrency_tests",
)  # fmt: skip
"""Features that Tempest tests. Absent ones are among them, so that a score tells what is missing."""
BUILD_SECONDS = 60
PATHS = {"network": "/network", "image": "/image", "compute": "/compute/v2.1", "store": "/object-store"}


def written(client: Client, folder: Path, images: list[str], flavors: list[str]) -> Path:
    """The file, below `folder`."""
    sections = _sections(client, folder, images, flavors)
    file = configparser.ConfigParser(interpolation=None)
    file.read_dict(
        {section: {name: _text(value) for name, value in rows.items()} for section, rows in sections.items()}
    )
    path = folder / "tempest.conf"
    with path.open("w") as out:
        file.write(out)
    return path


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).replace("$", "$$")


def _sections(client: Client, folder: Path, images: list[str], flavors: list[str]) -> dict[str, dict[str, Any]]:
    types = {row["type"] for row in client.ask("GET", "/identity/v3/auth/catalog")["catalog"]}
    networks = client.ask("GET", f"{PATHS['network']}/v2.0/networks")["networks"] if "network" in types else []
    outside = next((row for row in networks if row["router:external"]), {"id": "", "name": ""})
    inside = next((row["name"] for row in networks if not row["router:external"]), "")
    build = {"build_timeout": BUILD_SECONDS, "build_interval": 1}
    return {
        "DEFAULT": {"log_dir": folder / "logs", "log_file": "tempest.log"},
        "oslo_concurrency": {"lock_path": folder / "locks"},
        "auth": {
            "use_dynamic_credentials": True,
            "create_isolated_networks": "network" in types,
            "admin_username": client.auth["username"],
            "admin_password": client.auth["password"],
            "admin_project_name": client.auth["project_name"],
            "admin_domain_name": "Default",
            "tempest_roles": "member",
        },
        "identity": {"uri_v3": f"{client.base}/identity/v3", "auth_version": "v3", "region": "RegionOne"},
        "identity-feature-enabled": {"trust": True, "access_rules": True, "domain_specific_drivers": True},
        "compute": {
            "image_ref": images[0],
            "image_ref_alt": images[1],
            "flavor_ref": flavors[0],
            "flavor_ref_alt": flavors[1],
            "fixed_network_name": inside,
            "min_microversion": "2.1",
            "max_microversion": "latest",
            "min_compute_nodes": 1,
            "volume_device_name": "vdb",
            "hypervisor_type": "QEMU",
            **build,
        },
        "compute-feature-enabled": dict.fromkeys(OF_COMPUTE, True),
        "validation": {"run_validation": False},
        "network": {
            "public_network_id": outside["id"],
            "floating_network_name": outside["name"],
            "project_network_cidr": "10.100.0.0/16",
            "project_network_mask_bits": 28,
        },
        "network-feature-enabled": {
            "api_extensions": _extensions(client) if "network" in types else [],
            "ipv6": True,
            "ipv6_subnet_attributes": True,
            "port_security": True,
            "floating_ips": True,
            "port_admin_state_change": True,
        },
        "neutron_plugin_options": {
            "agent_availability_zone": "nova",
            "available_type_drivers": "flat,vlan,local,vxlan,geneve",
            "create_shared_resources": True,
            "max_networks_per_project": 4,
        },
        "image": {
            "container_formats": "bare,ami,ari,aki,ovf,ova",
            "disk_formats": "qcow2,raw,ami,ari,aki,vhd,vmdk,vdi,iso,vhdx",
        },
        "image-feature-enabled": {"import_image": True, "os_glance_reserved": True, "manage_locations": True},
        "volume": {
            "catalog_type": "block-storage",
            "volume_size": 1,
            "min_microversion": "3.0",
            "max_microversion": "latest",
            "storage_protocol": "files",
            "vendor_name": "Kumoi",
            **build,
        },
        "volume-feature-enabled": dict.fromkeys(OF_VOLUMES, True),
        "object-storage": {"operator_role": "member", "reseller_admin_role": "ResellerAdmin"},
        "object-storage-feature-enabled": {
            "discoverability": True,
            "discoverable_apis": _of_swift(client) if "object-store" in types else [],
            "object_versioning": True,
        },
        "placement": {"min_microversion": "1.0", "max_microversion": "latest"},
        "service_available": {name: type in types for name, type in SERVICES.items()},
    }


def _extensions(client: Client) -> list[str]:
    return sorted(row["alias"] for row in client.ask("GET", f"{PATHS['network']}/v2.0/extensions")["extensions"])


def _of_swift(client: Client) -> list[str]:
    return sorted(set(client.ask("GET", f"{PATHS['store']}/info")) - {"swift"})

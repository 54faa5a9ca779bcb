"""Renders the metadata documents of a guest in the formats of OpenStack and EC2."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from kumoi.engines.hypervisor.interface import GuestMetadata

VERSIONS = (
    "2012-08-10",
    "2013-04-04",
    "2013-10-17",
    "2015-10-15",
    "2016-06-30",
    "2016-10-06",
    "2017-02-22",
    "2018-08-27",
    "2020-10-14",
    "latest",
)
"""OpenStack's versions of the documents."""

NETWORK_DATA_SINCE = "2015-10-15"
VENDOR_DATA_SINCE = "2013-10-17"
VENDOR_DATA_2_SINCE = "2016-10-06"

EC2_VERSIONS = (
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "latest",
)


NO_VENDOR = b"{}"
WRITABLE_SINCE = "2013-04-04"


def documents(
    metadata: GuestMetadata, seed: bytes, vendor: bytes = NO_VENDOR, vendor2: bytes = NO_VENDOR
) -> dict[str, bytes]:
    """Path (`openstack/latest/meta_data.json`, `latest/meta-data/instance-id`, …) → content, without listings of
    folders.

    `seed`: random bytes for the guest's random number generator. `vendor`, `vendor2`: the operator's documents.
    """
    return {**openstack(metadata, seed, vendor, vendor2), **ec2(metadata)}


def config_drive(
    metadata: GuestMetadata, seed: bytes, vendor: bytes = NO_VENDOR, vendor2: bytes = NO_VENDOR
) -> dict[str, bytes]:
    """As `documents`, in the layout of a config drive, where EC2's are one JSON document each."""
    tree: dict[str, Any] = {}
    for name, value in _ec2_values(metadata).items():
        *folders, leaf = name.split("/")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[leaf] = value
    drive = openstack(metadata, seed, vendor, vendor2)
    for version in ("2009-04-04", "latest"):
        drive[f"ec2/{version}/meta-data.json"] = msgspec.json.encode(tree)
        if metadata.user_data is not None:
            drive[f"ec2/{version}/user-data"] = metadata.user_data
    return drive


def openstack(metadata: GuestMetadata, seed: bytes, vendor: bytes, vendor2: bytes) -> dict[str, bytes]:
    """The documents below openstack/."""
    found: dict[str, bytes] = {}
    about = msgspec.json.encode(_meta_data(metadata, seed))
    network = msgspec.json.encode(metadata.network_data)
    for index, file in enumerate(metadata.files):
        found[f"openstack/{_content(index)}"] = file.contents
    for version in VERSIONS:
        folder = f"openstack/{version}"
        found[f"{folder}/meta_data.json"] = about
        if metadata.user_data is not None:
            found[f"{folder}/user_data"] = metadata.user_data
        if version >= VENDOR_DATA_SINCE:
            found[f"{folder}/vendor_data.json"] = vendor
        if version >= NETWORK_DATA_SINCE:
            found[f"{folder}/network_data.json"] = network
        if version >= VENDOR_DATA_2_SINCE:
            found[f"{folder}/vendor_data2.json"] = vendor2
    return found


def _meta_data(metadata: GuestMetadata, seed: bytes) -> dict[str, object]:
    found: dict[str, object] = {
        "uuid": metadata.server_id,
        "name": metadata.name,
        "hostname": metadata.hostname,
        "availability_zone": metadata.availability_zone,
        "launch_index": metadata.launch_index,
        "project_id": metadata.project_id,
        "devices": metadata.devices,
        "dedicated_cpus": [],
        "random_seed": base64.b64encode(seed).decode(),
    }
    if metadata.public_keys:
        found["public_keys"] = metadata.public_keys
        found["keys"] = [{"name": name, "type": "ssh", "data": data} for name, data in metadata.public_keys.items()]
    if metadata.meta:
        found["meta"] = metadata.meta
    if metadata.admin_pass is not None:
        found["admin_pass"] = metadata.admin_pass
    if metadata.files:
        found["files"] = [
            {"path": file.path, "content_path": f"/{_content(index)}"} for index, file in enumerate(metadata.files)
        ]
    return found


def _content(index: int) -> str:
    return f"content/{index:04d}"


def ec2(metadata: GuestMetadata) -> dict[str, bytes]:
    """The documents below EC2's versions."""
    found: dict[str, bytes] = {}
    for version in EC2_VERSIONS:
        for name, value in _ec2_values(metadata).items():
            found[f"{version}/meta-data/{name}"] = _text(value)
        if metadata.user_data is not None:
            found[f"{version}/user-data"] = metadata.user_data
    return found


def _ec2_values(metadata: GuestMetadata) -> dict[str, object]:
    """Name below meta-data/ → text, number or list of texts."""
    fixed = [address.address for address in metadata.addresses if ":" not in address.address]
    floating = [address.floating for address in metadata.addresses if address.floating]
    values: dict[str, object] = {
        "ami-id": _ec2_id("ami", metadata.image_id or ""),
        "ami-launch-index": metadata.launch_index,
        "hostname": metadata.hostname,
        "instance-action": "none",
        "instance-id": _ec2_id("i", metadata.server_id),
        "instance-type": metadata.instance_type,
        "local-hostname": metadata.hostname,
        "local-ipv4": fixed[0] if fixed else "",
        "placement/availability-zone": metadata.availability_zone,
        "public-hostname": metadata.hostname,
        "public-ipv4": floating[0] if floating else "",
        "reservation-id": metadata.reservation_id,
        "security-groups": metadata.security_groups,
    }
    for name, device in metadata.block_devices.items():
        values[f"block-device-mapping/{name}"] = device
    for index, key in enumerate(metadata.public_keys.values()):
        values[f"public-keys/{index}/openssh-key"] = key
    return values


def _ec2_id(prefix: str, identifier: str) -> str:
    return f"{prefix}-{hashlib.sha256(identifier.encode()).hexdigest()[:8]}"


def _text(value: object) -> bytes:
    return ("\n".join(value) if isinstance(value, list) else str(value)).encode()


def listing(paths: Mapping[str, bytes], folder: str, key_names: list[str]) -> bytes | None:
    """The names in a folder, one per line, folders with a slash; None if there is no such folder.

    EC2's list of public keys has the format `0=name`.
    """
    prefix = f"{folder}/" if folder else ""
    names: set[str] = set()
    for path in paths:
        if path.startswith(prefix):
            head, slash, _ = path[len(prefix) :].partition("/")
            names.add(head + slash)
    if not names:
        return None
    if folder.endswith("meta-data/public-keys"):
        return "\n".join(f"{index}={name}" for index, name in enumerate(key_names)).encode()
    if folder in ("", "openstack"):
        return "\n".join(sorted(name.rstrip("/") for name in names if folder or name != "openstack/")).encode()
    return "\n".join(sorted(names)).encode()

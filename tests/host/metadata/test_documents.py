"""The documents for a guest, over HTTP and on its config drive."""

import base64
import json

import msgspec

from kumoi.engines.hypervisor.interface import GuestAddress, GuestDevice
from kumoi.host.metadata.documents import VERSIONS, config_drive, documents, listing
from tests.engines.hypervisor.contract import metadata

ABOUT = msgspec.structs.replace(
    metadata("9d3b3d2c-3f4a-4a51-b6a3-f4f1b0c1d2e3"),
    addresses=[GuestAddress("n", "fd00::5"), GuestAddress("n", "10.0.0.5", "172.24.4.7")],
    network_data={"links": [{"id": "tap1"}], "networks": [], "services": []},
)
FOUND = documents(ABOUT, b"seed")


def test_meta_data_has_what_openstack_says() -> None:
    about = json.loads(FOUND["openstack/latest/meta_data.json"])
    assert about["uuid"] == ABOUT.server_id
    assert about["hostname"] == "web.novalocal"
    assert about["public_keys"] == {"mine": "ssh-ed25519 AAAAC3Nz me@here"}
    assert about["keys"] == [{"name": "mine", "type": "ssh", "data": "ssh-ed25519 AAAAC3Nz me@here"}]
    assert about["meta"] == {"role": "web"} and about["admin_pass"] == "s3cret"
    assert base64.b64decode(about["random_seed"]) == b"seed"
    bare = msgspec.structs.replace(ABOUT, public_keys={}, meta={}, admin_pass=None, user_data=None)
    found = documents(bare, b"")
    assert not {"public_keys", "keys", "meta", "admin_pass"} & set(json.loads(found["openstack/latest/meta_data.json"]))
    assert "openstack/latest/user_data" not in found and "latest/user-data" not in found


def test_devices_with_tags_are_listed() -> None:
    card = GuestDevice("nic", ["outside"], "pci", "0000:00:16.0", mac="fa:16:3e:00:00:01")
    disk = GuestDevice("disk", ["data"], "pci", "0000:00:05.0", serial="9d3b3d2c-3f4a-4a51-b", path="/dev/vdb")
    told = msgspec.structs.replace(ABOUT, devices=[card, disk])
    expected = [
        {"type": "nic", "tags": ["outside"], "bus": "pci", "address": "0000:00:16.0", "mac": "fa:16:3e:00:00:01"},
        {"type": "disk", "tags": ["data"], "bus": "pci", "address": "0000:00:05.0", "serial": "9d3b3d2c-3f4a-4a51-b",
         "path": "/dev/vdb"},
    ]  # fmt: skip
    for found in (documents(told, b""), config_drive(told, b"")):
        assert json.loads(found["openstack/latest/meta_data.json"])["devices"] == expected
    assert json.loads(FOUND["openstack/latest/meta_data.json"])["devices"] == []


def test_each_version_has_the_documents_of_its_time() -> None:
    names = {version: {p.split("/")[2] for p in FOUND if p.startswith(f"openstack/{version}/")} for version in VERSIONS}
    assert names["2012-08-10"] == {"meta_data.json", "user_data"}
    assert names["2013-10-17"] == {"meta_data.json", "user_data", "vendor_data.json"}
    assert "network_data.json" in names["2015-10-15"]
    assert names["latest"] == {
        "meta_data.json",
        "user_data",
        "vendor_data.json",
        "vendor_data2.json",
        "network_data.json",
    }


def test_ec2_values_are_text() -> None:
    assert FOUND["latest/meta-data/local-ipv4"] == b"10.0.0.5"
    assert FOUND["latest/meta-data/public-ipv4"] == b"172.24.4.7"
    assert FOUND["2009-04-04/meta-data/public-keys/0/openssh-key"] == b"ssh-ed25519 AAAAC3Nz me@here"
    assert FOUND["latest/user-data"] == b"#!/bin/sh\necho hello\n"
    assert FOUND["latest/meta-data/placement/availability-zone"] == b"nova"


def test_folders_are_lists() -> None:
    keys = list(ABOUT.public_keys)
    assert listing(FOUND, "openstack", keys) == "\n".join(VERSIONS).encode()
    root = (listing(FOUND, "", keys) or b"").split(b"\n")
    assert b"latest" in root and b"openstack" not in root
    assert listing(FOUND, "latest", keys) == b"meta-data/\nuser-data"
    assert listing(FOUND, "latest/meta-data/public-keys", keys) == b"0=mine"
    assert listing(FOUND, "latest/meta-data/public-keys/0", keys) == b"openssh-key"
    assert listing(FOUND, "latest/nothing", keys) is None


def test_a_config_drive_has_one_ec2_document() -> None:
    drive = config_drive(ABOUT, b"seed")
    about = json.loads(drive["ec2/latest/meta-data.json"])
    assert about["public-keys"] == {"0": {"openssh-key": "ssh-ed25519 AAAAC3Nz me@here"}}
    assert about["placement"] == {"availability-zone": "nova"}
    assert drive["openstack/latest/meta_data.json"] == FOUND["openstack/latest/meta_data.json"]
    assert drive["ec2/latest/user-data"] == ABOUT.user_data

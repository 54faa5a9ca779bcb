"""JSON schemas of images and members, generated from the structs that check requests."""

from typing import Any, get_args

from kumoi.services.image.images.schemas import EMPTY_AS_NULL, ContainerFormat, DiskFormat, Visibility

_TIME = {"type": "string", "readOnly": True, "description": "ISO 8601, UTC"}
_READ_TEXT = {"type": ["null", "string"], "readOnly": True}
_READ_NUMBER = {"type": ["null", "integer"], "readOnly": True}
_ID = r"^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
STATUSES = ("queued", "saving", "uploading", "importing", "active", "deactivated")


def image() -> dict[str, Any]:
    return {
        "name": "image",
        "properties": {
            "id": {"type": "string", "pattern": _ID},
            "name": {"type": ["null", "string"], "maxLength": 255},
            "status": {"type": "string", "readOnly": True, "enum": list(STATUSES)},
            "visibility": {"type": "string", "enum": list(get_args(Visibility))},
            "protected": {"type": "boolean"},
            "os_hidden": {"type": "boolean"},
            "checksum": {**_READ_TEXT, "maxLength": 32, "description": "MD5 of the data"},
            "os_hash_algo": {**_READ_TEXT, "maxLength": 64},
            "os_hash_value": {**_READ_TEXT, "maxLength": 128},
            "owner": {"type": ["null", "string"], "maxLength": 64},
            "size": {**_READ_NUMBER, "description": "Bytes"},
            "virtual_size": {**_READ_NUMBER, "description": "Bytes of the disk inside"},
            "container_format": {"type": ["null", "string"], "enum": [None, *get_args(ContainerFormat)]},
            "disk_format": {"type": ["null", "string"], "enum": [None, *get_args(DiskFormat)]},
            "created_at": _TIME,
            "updated_at": _TIME,
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 255}},
            "min_ram": {"type": "integer", "description": "MiB"},
            "min_disk": {"type": "integer", "description": "GiB"},
            "self": {"type": "string", "readOnly": True},
            "file": {"type": "string", "readOnly": True},
            "schema": {"type": "string", "readOnly": True},
            **{name: {"type": ["null", "string"]} for name in EMPTY_AS_NULL},
        },
        "additionalProperties": {"type": "string"},
        "links": [
            {"rel": "self", "href": "{self}"},
            {"rel": "enclosure", "href": "{file}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }


def member() -> dict[str, Any]:
    return {
        "name": "member",
        "properties": {
            "image_id": {"type": "string", "pattern": _ID},
            "member_id": {"type": "string"},
            "status": {"type": "string", "enum": ["pending", "accepted", "rejected"]},
            "created_at": _TIME,
            "updated_at": _TIME,
            "schema": {"type": "string", "readOnly": True},
        },
    }


def absent(name: str) -> dict[str, Any]:
    """The schema of an absent resource, without fields."""
    return {"name": name, "properties": {}, "additionalProperties": True}


def collection(name: str, of: dict[str, Any]) -> dict[str, Any]:
    properties = {name: {"type": "array", "items": of}, "schema": {"type": "string"}}
    links = [{"rel": "describedby", "href": "{schema}"}]
    if name == "images":
        properties |= {"first": {"type": "string"}, "next": {"type": "string"}}
        links = [{"rel": "first", "href": "{first}"}, {"rel": "next", "href": "{next}"}, *links]
    return {"name": name, "properties": properties, "links": links}

"""JSON schemas of images, members and metadata definitions, generated from the structs that check requests."""

from typing import Any, get_args

import msgspec

from kumoi.services.image.images.schemas import EMPTY_AS_NULL, ContainerFormat, DiskFormat, Visibility
from kumoi.services.image.metadefs import schemas as metadefs_schemas

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


METADEFS: dict[str, tuple[str, type[Any]]] = {
    "namespace": ("namespaces", metadefs_schemas.ShownNamespace),
    "object": ("objects", metadefs_schemas.ShownObject),
    "property": ("properties", metadefs_schemas.ShownDefinition),
    "tag": ("tags", metadefs_schemas.ShownTag),
    "resource_type_association": ("resource_type_associations", metadefs_schemas.ShownAssociation),
}
"""Name of a schema → that of its collection, and the struct of its replies."""


def metadef(name: str) -> dict[str, Any]:
    return of(name, METADEFS[name][1])


def of(name: str, reply: type[Any]) -> dict[str, Any]:
    """From the struct that the replies have."""
    (found,), definitions = msgspec.json.schema_components([reply], ref_template="#/definitions/{name}")
    own = definitions.pop(found["$ref"].rpartition("/")[2])
    for read in ("self", "schema", "created_at", "updated_at"):
        if read in own["properties"]:
            own["properties"][read] = {**own["properties"][read], "readOnly": True}
    required = [each for each in own.get("required", ()) if not own["properties"][each].get("readOnly")]
    document = {"name": name, "properties": own["properties"], "required": required, "additionalProperties": False}
    return {**document, "definitions": definitions} if definitions else document


def metadefs_collection(name: str) -> dict[str, Any]:
    several, one = METADEFS[name][0], metadef(name)
    items = {key: value for key, value in one.items() if key != "definitions"}
    inside = (
        {"type": "object", "additionalProperties": items} if name == "property" else {"type": "array", "items": items}
    )
    found = {**collection(several, {}), "definitions": one.get("definitions", {})}
    found["properties"][several] = inside
    return found


def collection(name: str, of: dict[str, Any]) -> dict[str, Any]:
    properties = {name: {"type": "array", "items": of}, "schema": {"type": "string"}}
    links = [{"rel": "describedby", "href": "{schema}"}]
    if name in ("images", "namespaces", "tasks"):
        properties |= {"first": {"type": "string"}, "next": {"type": "string"}}
        links = [{"rel": "first", "href": "{first}"}, {"rel": "next", "href": "{next}"}, *links]
    return {"name": name, "properties": properties, "links": links}

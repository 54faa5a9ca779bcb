"""Shapes of metadata definitions: docs.openstack.org/api-ref/image/v2/metadefs-index.html."""

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET, UnsetType

from kumoi.kernel import clock
from kumoi.kernel.bodies import explain
from kumoi.kernel.errors import BadRequest, Forbidden
from kumoi.kernel.pagination import Limit
from kumoi.kernel.queries import Way
from kumoi.services.image.metadefs.models import (
    AssociationRow,
    NamespaceRow,
    ObjectRow,
    PropertyRow,
    ResourceTypeRow,
    TagRow,
)

NAMESPACES = "/v2/metadefs/namespaces"
SCHEMAS = "/v2/schemas/metadefs"
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Short = Annotated[str, msgspec.Meta(max_length=80)]
Type = Literal["array", "boolean", "integer", "number", "object", "string"]
Visibility = Literal["public", "private"]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Json = str | int | float | bool | list[Any] | dict[str, Any] | None
READ_ONLY = ("self", "schema", "created_at", "updated_at")


class Items(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    type: Type | None = None
    enum: list[Any] | UnsetType = UNSET


class Definition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a property is, in the words of JSON schemas."""

    title: str
    type: Type | None
    name: Short | UnsetType = UNSET
    description: str | UnsetType = UNSET
    operators: list[str] | UnsetType = UNSET
    required: list[str] | UnsetType = UNSET
    minimum: int | float | UnsetType = UNSET
    maximum: int | float | UnsetType = UNSET
    maxLength: Natural | UnsetType = UNSET
    minLength: Natural | UnsetType = UNSET
    pattern: str | UnsetType = UNSET
    enum: list[Any] | UnsetType = UNSET
    readonly: bool | UnsetType = UNSET
    default: Json | UnsetType = UNSET
    items: Items | UnsetType = UNSET
    maxItems: Natural | UnsetType = UNSET
    minItems: Natural | UnsetType = UNSET
    uniqueItems: bool | UnsetType = UNSET
    additionalItems: bool | UnsetType = UNSET


class Named(Definition, kw_only=True, forbid_unknown_fields=True):
    """A property that stands alone."""

    name: Name


class Association(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The namespace is for resources of the type `name`."""

    name: Name
    prefix: Short | UnsetType = UNSET
    properties_target: Short | UnsetType = UNSET


class Tag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name


class Tags(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    tags: Annotated[list[Tag], msgspec.Meta(max_length=1000)]


class Object(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name
    description: str | UnsetType = UNSET
    required: list[str] | UnsetType = UNSET
    properties: dict[Name, Definition] | UnsetType = UNSET


class Namespace(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    namespace: Name
    display_name: Short | UnsetType = UNSET
    description: Annotated[str, msgspec.Meta(max_length=500)] | UnsetType = UNSET
    visibility: Visibility = "private"
    protected: bool = False
    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | UnsetType = UNSET
    resource_type_associations: list[Association] | UnsetType = UNSET
    properties: dict[Name, Definition] | UnsetType = UNSET
    objects: list[Object] | UnsetType = UNSET
    tags: list[Tag] | UnsetType = UNSET


def decoded(content_type: str | None, raw: bytes, route: Any, version: Any) -> Any:
    """As the kernel decodes bodies; attributes that clients only read are 403."""
    from kumoi.kernel.bodies import decode_body

    try:
        body = msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    if isinstance(body, dict):
        for name in READ_ONLY:
            if name in body:
                raise Forbidden(f"Attribute '{name}' is read-only.")
    return decode_body(content_type, raw, route, version)


class Query(msgspec.Struct, kw_only=True):
    limit: Limit | None = None
    marker: Short | None = None
    sort_key: Literal["created_at", "updated_at", "name"] = "created_at"
    sort_dir: Way = "desc"


class NamespacesQuery(msgspec.Struct, kw_only=True):
    limit: Limit | None = None
    marker: Short | None = None
    sort_key: Literal["created_at", "updated_at", "namespace"] = "created_at"
    sort_dir: Way = "desc"
    visibility: Visibility | None = None
    resource_types: str | None = None
    """With commas between them."""


class OfTypeQuery(msgspec.Struct, kw_only=True):
    """`resource_type`: the names of properties get the prefix that they have there."""

    resource_type: Short | None = None


class ShownAssociation(msgspec.Struct, kw_only=True):
    name: str
    created_at: str
    updated_at: str
    prefix: str | UnsetType = UNSET
    properties_target: str | UnsetType = UNSET


class ListedAssociation(msgspec.Struct, kw_only=True):
    """As a namespace shows it."""

    name: str
    prefix: str | UnsetType = UNSET
    properties_target: str | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    updated_at: str | UnsetType = UNSET


class ShownDefinition(msgspec.Struct, kw_only=True):
    title: str
    type: str | None
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    operators: list[str] | UnsetType = UNSET
    required: list[str] | UnsetType = UNSET
    minimum: int | float | UnsetType = UNSET
    maximum: int | float | UnsetType = UNSET
    maxLength: int | UnsetType = UNSET
    minLength: int | UnsetType = UNSET
    pattern: str | UnsetType = UNSET
    enum: list[Any] | UnsetType = UNSET
    readonly: bool | UnsetType = UNSET
    default: Json | UnsetType = UNSET
    items: Items | UnsetType = UNSET
    maxItems: int | UnsetType = UNSET
    minItems: int | UnsetType = UNSET
    uniqueItems: bool | UnsetType = UNSET
    additionalItems: bool | UnsetType = UNSET


class ShownObject(msgspec.Struct, kw_only=True):
    name: str
    description: str | UnsetType = UNSET
    required: list[str]
    properties: dict[str, ShownDefinition]
    created_at: str
    updated_at: str
    self: str
    schema: str


class ShownTag(msgspec.Struct, kw_only=True):
    name: str
    created_at: str
    updated_at: str


class ShownNamespace(msgspec.Struct, kw_only=True):
    namespace: str
    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    visibility: str
    protected: bool
    owner: str
    created_at: str
    updated_at: str
    self: str
    schema: str
    resource_type_associations: list[ListedAssociation] | UnsetType = UNSET
    properties: dict[str, ShownDefinition] | UnsetType = UNSET
    objects: list[ShownObject] | UnsetType = UNSET
    tags: list[Tag] | UnsetType = UNSET


class ResourceType(msgspec.Struct, kw_only=True):
    name: str
    created_at: str
    updated_at: str


def _times(row: Any) -> dict[str, str]:
    return {"created_at": clock.iso(row["created_at"]), "updated_at": clock.iso(row["updated_at"])}


def _there(row: Any, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names if row[name] is not None}


def namespace(row: NamespaceRow, inside: dict[str, Any]) -> dict[str, Any]:
    """`inside`: what stands in it. Empty parts are left out."""
    return {
        "namespace": row["namespace"],
        **_there(row, "display_name", "description"),
        "visibility": row["visibility"],
        "protected": row["protected"],
        "owner": row["owner"],
        **_times(row),
        "self": f"{NAMESPACES}/{quote(row['namespace'], safe=':')}",
        "schema": f"{SCHEMAS}/namespace",
        **{name: value for name, value in inside.items() if value},
    }


def association(row: AssociationRow) -> dict[str, Any]:
    return {"name": row["name"], **_there(row, "prefix", "properties_target"), **_times(row)}


def property_of(row: PropertyRow, prefix: str = "") -> dict[str, Any]:
    return {**row["definition"], "name": prefix + row["name"]}


def object_of(row: ObjectRow, namespace_name: str, prefix: str = "") -> dict[str, Any]:
    path = f"{NAMESPACES}/{quote(namespace_name, safe=':')}/objects/{quote(row['name'], safe=':')}"
    return {
        "name": row["name"],
        **_there(row, "description"),
        "required": [prefix + name for name in row["required"]],
        "properties": {prefix + name: value for name, value in row["properties"].items()},
        **_times(row),
        "self": path,
        "schema": f"{SCHEMAS}/object",
    }


def tag(row: TagRow) -> dict[str, Any]:
    return {"name": row["name"], **_times(row)}


def resource_type(row: ResourceTypeRow) -> dict[str, Any]:
    return {"name": row["name"], **_times(row)}


def definition(given: Definition) -> dict[str, Any]:
    """What is stored of a property, whose name stands beside it."""
    values: dict[str, Any] = msgspec.to_builtins(given)
    values.pop("name", None)
    return values


def links(query: NamespacesQuery, last: str | None) -> dict[str, str]:
    """`last`: the last namespace of a page behind which there may be another one."""
    asked = {
        name: str(value)
        for name in NamespacesQuery.__struct_fields__
        if (value := getattr(query, name)) is not None and value != getattr(NamespacesQuery(), name)
    }
    asked.pop("marker", None)

    def path(more: dict[str, str]) -> str:
        return NAMESPACES + (f"?{urlencode(more)}" if more else "")

    found = {"first": path(asked), "schema": f"{SCHEMAS}/namespaces"}
    return {**found, "next": path({**asked, "marker": last})} if last else found


def read_file(raw: bytes, name: str) -> Namespace:
    """A namespace of the catalogue that OpenStack ships; BadRequest names the file."""
    try:
        values = msgspec.json.decode(raw)
        kept = {key: value for key, value in values.items() if key in Namespace.__struct_fields__}
        return msgspec.convert(kept, Namespace)
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError) as error:
        reason = explain(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON object"
        raise BadRequest(f"{name} defines no namespace: {reason}") from None


def check_name(name: str) -> None:
    """BadRequest for a name in a path that is none."""
    if not 0 < len(name) <= 80 or "\0" in name:
        raise BadRequest("name: it has no or more than 80 letters.")

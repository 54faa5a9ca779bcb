"""Who may see and change metadata definitions, and what stands in a namespace."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from kumoi.kernel.database import Table, Transaction
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.pagination import MarkerNotFound
from kumoi.kernel.who import Who
from kumoi.services.image.metadefs import schemas, store
from kumoi.services.image.metadefs.errors import (
    EntryExists,
    EntryNotFound,
    NamespaceExists,
    NamespaceNotFound,
    NamespaceProtected,
    TooManyEntries,
)
from kumoi.services.image.metadefs.models import (
    MOST,
    PUBLIC,
    NamespaceRow,
    ResourceTypeRow,
    associations,
    objects,
    properties,
    tags,
)

PAGE, LARGEST_PAGE = 25, 1000
RESOURCE_TYPES = (
    "OS::Cinder::Volume", "OS::Glance::Image", "OS::Nova::Aggregate", "OS::Nova::Flavor", "OS::Nova::Server",
    "OS::Trove::Instance",
)  # fmt: skip
"""Those of a new cloud. Namespaces may name others."""
TABLES: Mapping[str, Table[Any]] = {
    "object": objects, "property": properties, "tag": tags, "resource_type": associations,
}  # fmt: skip


def visible(tx: Transaction, who: Who, name: str) -> NamespaceRow:
    """The row; NamespaceNotFound for callers who may not see it."""
    row = store.find(tx, name)
    if row is None or not (row["visibility"] == PUBLIC or who.sees(row["owner"])):
        raise NamespaceNotFound(name)
    return row


def own(tx: Transaction, who: Who, name: str, rule: str) -> NamespaceRow:
    """The row, for admins; PolicyForbids with `rule` for others who may see it."""
    row = visible(tx, who, name)
    if not who.is_admin:
        raise PolicyForbids(rule)
    return row


def list_for(tx: Transaction, who: Who, query: schemas.NamespacesQuery) -> tuple[list[NamespaceRow], int]:
    """A page of the namespaces that the caller sees, and how many a page has."""
    limit = PAGE if query.limit is None else min(query.limit, LARGEST_PAGE)
    marker = None
    if query.marker is not None:
        try:
            marker = visible(tx, who, query.marker)
        except NamespaceNotFound as error:
            raise MarkerNotFound(str(error)) from None
    types = [each.strip() for each in (query.resource_types or "").split(",") if each.strip()][:MOST]
    rows = store.page_of(
        tx, who.only_project, types, query.visibility, (query.sort_key, query.sort_dir), marker, limit
    )  # fmt: skip
    return rows, limit


def inside(tx: Transaction, row: NamespaceRow, resource_type: str | None) -> dict[str, Any]:
    """What stands in a namespace, as clients see it; names with the prefix that they have for a type of resources."""
    found = store.association_with(tx, row["id"], resource_type) if resource_type else None
    prefix = (found and found["prefix"]) or ""
    own_properties = [schemas.property_of(each, prefix) for each in store.entries(tx, properties, row["id"])]
    return {
        "resource_type_associations": [
            schemas.association(each) for each in store.entries(tx, associations, row["id"])
        ],
        "properties": {each.pop("name"): each for each in own_properties},
        "objects": [
            schemas.object_of(each, row["namespace"], prefix) for each in store.entries(tx, objects, row["id"])
        ],
        "tags": [{"name": each["name"]} for each in store.entries(tx, tags, row["id"])],
    }  # fmt: skip


def associated(tx: Transaction, rows: list[NamespaceRow]) -> dict[str, dict[str, Any]]:
    """Id of a namespace → its resource types."""
    found = store.entries_of(tx, associations, [row["id"] for row in rows])
    return {
        row["id"]: {"resource_type_associations": [schemas.association(each) for each in found.get(row["id"], [])]}
        for row in rows
    }


def create(tx: Transaction, who: Who, given: schemas.Namespace) -> NamespaceRow:
    """The namespace with everything that the body puts into it."""
    if store.find(tx, given.namespace) is not None:
        raise NamespaceExists(given.namespace)
    store.insert(
        tx, namespace=given.namespace, visibility=given.visibility, protected=given.protected,
        display_name=given.display_name or None, description=given.description or None,
        owner=given.owner or who.project_id or "",
    )  # fmt: skip
    row = _existing(tx, given.namespace)
    fill(tx, row, given)
    return row


def fill(tx: Transaction, row: NamespaceRow, given: schemas.Namespace) -> None:
    for association in given.resource_type_associations or ():
        add_association(tx, row, association)
    for name, definition in (given.properties or {}).items():
        add(tx, row, "property", name, definition=schemas.definition(definition))
    for each in given.objects or ():
        add(tx, row, "object", each.name, **object_values(each))
    for tag in given.tags or ():
        add(tx, row, "tag", tag.name)


def update(tx: Transaction, who: Who, name: str, given: schemas.Namespace) -> NamespaceRow:
    """What the body leaves out is as in a new namespace. What stands in it stays."""
    row = own(tx, who, name, "modify_metadef_namespace")
    if given.namespace != name and store.find(tx, given.namespace) is not None:
        raise NamespaceExists(given.namespace)
    store.update(
        tx, row["id"], namespace=given.namespace, visibility=given.visibility, protected=given.protected,
        display_name=given.display_name or None, description=given.description or None,
        owner=given.owner or who.project_id or row["owner"],
    )  # fmt: skip
    return _existing(tx, given.namespace)


def delete(tx: Transaction, who: Who, name: str) -> None:
    store.delete(tx, _unprotected(tx, who, name, "delete_metadef_namespace")["id"])


def clear(tx: Transaction, who: Who, name: str, kind: str) -> None:
    """Delete everything of one kind in a namespace."""
    store.remove_entries(tx, TABLES[kind], _unprotected(tx, who, name, "delete_metadef_namespace")["id"])


def _unprotected(tx: Transaction, who: Who, name: str, rule: str) -> NamespaceRow:
    row = own(tx, who, name, rule)
    if row["protected"]:
        raise NamespaceProtected(name)
    return row


def _existing(tx: Transaction, name: str) -> NamespaceRow:
    row = store.find(tx, name)
    assert row is not None
    return row


def entry(tx: Transaction, row: NamespaceRow, kind: str, name: str) -> Any:
    """The row of an object, property, tag or association; EntryNotFound."""
    found = store.entry(tx, TABLES[kind], row["id"], name)
    if found is None:
        raise EntryNotFound(kind, name, row["namespace"])
    return found


def entries(tx: Transaction, row: NamespaceRow, kind: str) -> list[Any]:
    return store.entries(tx, TABLES[kind], row["id"])


def page_of(tx: Transaction, row: NamespaceRow, kind: str, query: schemas.Query) -> list[Any]:
    marker = None
    if query.marker is not None:
        marker = store.entry(tx, TABLES[kind], row["id"], query.marker)
        if marker is None:
            raise MarkerNotFound(f"Invalid marker: there is no {kind} {query.marker} in {row['namespace']}.")
    limit = LARGEST_PAGE if query.limit is None else query.limit
    return store.page_of_entries(tx, TABLES[kind], row["id"], (query.sort_key, query.sort_dir), marker, limit)


def add(tx: Transaction, row: NamespaceRow, kind: str, name: str, **values: Any) -> Any:
    if store.entry(tx, TABLES[kind], row["id"], name) is not None:
        raise EntryExists(kind, name, row["namespace"])
    if len(store.entries(tx, TABLES[kind], row["id"])) >= MOST:
        raise TooManyEntries(kind, MOST)
    store.add_entry(tx, TABLES[kind], row["id"], name, **values)
    return entry(tx, row, kind, name)


def change(tx: Transaction, row: NamespaceRow, kind: str, name: str, new_name: str, **values: Any) -> Any:
    entry(tx, row, kind, name)
    if new_name != name and store.entry(tx, TABLES[kind], row["id"], new_name) is not None:
        raise EntryExists(kind, new_name, row["namespace"])
    store.change_entry(tx, TABLES[kind], row["id"], name, new_name, **values)
    return entry(tx, row, kind, new_name)


def remove(tx: Transaction, row: NamespaceRow, kind: str, name: str) -> None:
    entry(tx, row, kind, name)
    store.remove_entry(tx, TABLES[kind], row["id"], name)


def replace_tags(tx: Transaction, row: NamespaceRow, names: list[str], *, append: bool) -> None:
    if not append:
        store.remove_entries(tx, tags, row["id"])
    for name in names:
        add(tx, row, "tag", name)


def add_association(tx: Transaction, row: NamespaceRow, given: schemas.Association) -> Any:
    """A resource type that nobody named before is known from then on."""
    store.keep_resource_type(tx, given.name)
    return add(
        tx, row, "resource_type", given.name, prefix=given.prefix or None,
        properties_target=given.properties_target or None,
    )  # fmt: skip


def object_values(given: schemas.Object) -> dict[str, Any]:
    """The columns of an object besides its name."""
    given_properties = {} if given.properties is UNSET else given.properties
    return {
        "description": given.description or None,
        "required": [] if given.required is UNSET else given.required,
        "properties": {name: schemas.definition(each) for name, each in given_properties.items()},
    }


def prefixed(tx: Transaction, row: NamespaceRow, name: str, resource_type: str | None) -> tuple[Any, str]:
    """A property by the name that it has for a type of resources, and the prefix of that name."""
    if resource_type is None:
        return entry(tx, row, "property", name), ""
    found = store.association_with(tx, row["id"], resource_type)
    prefix = (found and found["prefix"]) or ""
    if found is None or not name.startswith(prefix):
        raise EntryNotFound("property", name, row["namespace"])
    return entry(tx, row, "property", name.removeprefix(prefix)), prefix


def every_resource_type(tx: Transaction) -> list[ResourceTypeRow]:
    return store.every_resource_type(tx)


def begin(tx: Transaction, catalogue: Mapping[str, bytes]) -> None:
    """The resource types of a new cloud, and namespaces from files (name → content). Those that exist stay as they
    are."""
    for name in RESOURCE_TYPES:
        store.keep_resource_type(tx, name)
    for name, raw in catalogue.items():
        given = schemas.read_file(raw, name)
        if store.find(tx, given.namespace) is None:
            create(tx, Who(user_id="", project_id=given.owner or "admin"), given)

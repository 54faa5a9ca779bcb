"""Routes of metadata definitions. Admins change them; a caller who may not even see a namespace gets 404."""

from typing import Any

from msgspec import UnsetType

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.image.metadefs import logic, schemas

routes = Routes()

NAMESPACE = "/v2/metadefs/namespaces/{namespace}"


@routes.get(
    "/v2/metadefs/resource_types", policy=policy.reader(), query=Nothing,
    reply=under("resource_types", list[schemas.ResourceType]),
)  # fmt: skip
def resource_types(request: Request) -> dict[str, Any]:
    return {"resource_types": [schemas.resource_type(row) for row in logic.every_resource_type(request.tx)]}


@routes.get(
    "/v2/metadefs/namespaces", policy=policy.reader(), query=schemas.NamespacesQuery,
    reply=under("namespaces", list[schemas.ShownNamespace], first=str, schema=str, next=str | UnsetType),
)  # fmt: skip
def index(request: Request, query: schemas.NamespacesQuery) -> dict[str, Any]:
    rows, limit = logic.list_for(request.tx, request.who, query)
    types = logic.associated(request.tx, rows)
    last = rows[-1]["namespace"] if rows and len(rows) == limit else None
    return {
        "namespaces": [schemas.namespace(row, types[row["id"]]) for row in rows],
        **schemas.links(query, last),
    }


@routes.post(
    "/v2/metadefs/namespaces", policy=policy.admin(), body=schemas.Namespace, decode=schemas.decoded,
    reply=schemas.ShownNamespace, errors=(409, 413),
)  # fmt: skip
def create_namespace(request: Request, body: schemas.Namespace) -> Reply:
    row = logic.create(request.tx, request.who, body)
    shown = schemas.namespace(row, logic.inside(request.tx, row, None))
    return Reply(shown, headers={"Location": request.link(shown["self"])})


@routes.get(NAMESPACE, policy=policy.reader(), query=schemas.OfTypeQuery, reply=schemas.ShownNamespace)
def show_namespace(request: Request, namespace: str, query: schemas.OfTypeQuery) -> dict[str, Any]:
    row = logic.visible(request.tx, request.who, namespace)
    return schemas.namespace(row, logic.inside(request.tx, row, query.resource_type))


@routes.put(
    NAMESPACE,
    policy=policy.admin_of_visible(),
    body=schemas.Namespace,
    decode=schemas.decoded,
    reply=schemas.ShownNamespace,
    errors=(409,),
)
def update_namespace(request: Request, namespace: str, body: schemas.Namespace) -> dict[str, Any]:
    return schemas.namespace(logic.update(request.tx, request.who, namespace, body), {})


@routes.delete(NAMESPACE, policy=policy.admin_of_visible())
def delete_namespace(request: Request, namespace: str) -> Reply:
    logic.delete(request.tx, request.who, namespace)
    return Reply()


# Objects.


@routes.get(
    f"{NAMESPACE}/objects", policy=policy.reader(), query=schemas.Query,
    reply=under("objects", list[schemas.ShownObject], first=str, schema=str),
)  # fmt: skip
def objects(request: Request, namespace: str, query: schemas.Query) -> dict[str, Any]:
    row = logic.visible(request.tx, request.who, namespace)
    found = logic.page_of(request.tx, row, "object", query)
    return {
        "objects": [schemas.object_of(each, namespace) for each in found],
        "first": f"{schemas.NAMESPACES}/{namespace}/objects",
        "schema": f"{schemas.SCHEMAS}/objects",
    }


@routes.post(
    f"{NAMESPACE}/objects", policy=policy.admin_of_visible(), body=schemas.Object, decode=schemas.decoded,
    reply=schemas.ShownObject,
    errors=(409, 413),
)  # fmt: skip
def create_object(request: Request, namespace: str, body: schemas.Object) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "add_metadef_object")
    made = logic.add(request.tx, row, "object", body.name, **logic.object_values(body))
    return schemas.object_of(made, namespace)


@routes.delete(f"{NAMESPACE}/objects", policy=policy.admin_of_visible())
def delete_objects(request: Request, namespace: str) -> Reply:
    logic.clear(request.tx, request.who, namespace, "object")
    return Reply()


@routes.get(f"{NAMESPACE}/objects/{{object_name}}", policy=policy.reader(), query=Nothing, reply=schemas.ShownObject)
def show_object(request: Request, namespace: str, object_name: str) -> dict[str, Any]:
    row = logic.visible(request.tx, request.who, namespace)
    return schemas.object_of(logic.entry(request.tx, row, "object", object_name), namespace)


@routes.put(
    f"{NAMESPACE}/objects/{{object_name}}", policy=policy.admin_of_visible(), body=schemas.Object, decode=schemas.decoded,
    reply=schemas.ShownObject, errors=(409,),
)  # fmt: skip
def update_object(request: Request, namespace: str, object_name: str, body: schemas.Object) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "modify_metadef_object")
    changed = logic.change(request.tx, row, "object", object_name, body.name, **logic.object_values(body))
    return schemas.object_of(changed, namespace)


@routes.delete(f"{NAMESPACE}/objects/{{object_name}}", policy=policy.admin_of_visible())
def delete_object(request: Request, namespace: str, object_name: str) -> Reply:
    row = logic.own(request.tx, request.who, namespace, "delete_metadef_object")
    logic.remove(request.tx, row, "object", object_name)
    return Reply()


# Properties.


@routes.get(
    f"{NAMESPACE}/properties", policy=policy.reader(), query=Nothing,
    reply=under("properties", dict[str, schemas.ShownDefinition]),
)  # fmt: skip
def properties(request: Request, namespace: str) -> dict[str, Any]:
    row = logic.visible(request.tx, request.who, namespace)
    found = [schemas.property_of(each) for each in logic.entries(request.tx, row, "property")]
    return {"properties": {each["name"]: each for each in found}}


@routes.post(
    f"{NAMESPACE}/properties", policy=policy.admin_of_visible(), body=schemas.Named, decode=schemas.decoded,
    reply=schemas.ShownDefinition,
    errors=(409, 413),
)  # fmt: skip
def create_property(request: Request, namespace: str, body: schemas.Named) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "add_metadef_property")
    made = logic.add(request.tx, row, "property", body.name, definition=schemas.definition(body))
    return schemas.property_of(made)


@routes.delete(f"{NAMESPACE}/properties", policy=policy.admin_of_visible())
def delete_properties(request: Request, namespace: str) -> Reply:
    logic.clear(request.tx, request.who, namespace, "property")
    return Reply()


@routes.get(
    f"{NAMESPACE}/properties/{{property_name}}", policy=policy.reader(), query=schemas.OfTypeQuery,
    reply=schemas.ShownDefinition,
)  # fmt: skip
def show_property(
    request: Request, namespace: str, property_name: str, query: schemas.OfTypeQuery
) -> dict[str, Any]:  # fmt: skip
    row = logic.visible(request.tx, request.who, namespace)
    found, prefix = logic.prefixed(request.tx, row, property_name, query.resource_type)
    return schemas.property_of(found, prefix)


@routes.put(
    f"{NAMESPACE}/properties/{{property_name}}", policy=policy.admin_of_visible(), body=schemas.Named, decode=schemas.decoded,
    reply=schemas.ShownDefinition, errors=(409,),
)  # fmt: skip
def update_property(request: Request, namespace: str, property_name: str, body: schemas.Named) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "modify_metadef_property")
    changed = logic.change(
        request.tx, row, "property", property_name, body.name, definition=schemas.definition(body)
    )  # fmt: skip
    return schemas.property_of(changed)


@routes.delete(f"{NAMESPACE}/properties/{{property_name}}", policy=policy.admin_of_visible())
def delete_property(request: Request, namespace: str, property_name: str) -> Reply:
    row = logic.own(request.tx, request.who, namespace, "remove_metadef_property")
    logic.remove(request.tx, row, "property", property_name)
    return Reply()


# Tags.


@routes.get(
    f"{NAMESPACE}/tags", policy=policy.reader(), query=schemas.Query,
    reply=under("tags", list[schemas.Tag], first=str, schema=str),
)  # fmt: skip
def tags(request: Request, namespace: str, query: schemas.Query) -> dict[str, Any]:
    row = logic.visible(request.tx, request.who, namespace)
    return {
        "tags": [{"name": each["name"]} for each in logic.page_of(request.tx, row, "tag", query)],
        "first": f"{schemas.NAMESPACES}/{namespace}/tags",
        "schema": f"{schemas.SCHEMAS}/tags",
    }


@routes.post(
    f"{NAMESPACE}/tags", policy=policy.admin_of_visible(), body=schemas.Tags, reply=schemas.Tags, errors=(409, 413)
)
def create_tags(request: Request, namespace: str, body: schemas.Tags) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "add_metadef_tags")
    append = request.headers.get("x-openstack-append", "").strip().lower() in ("true", "1", "yes", "on", "t", "y")
    logic.replace_tags(request.tx, row, [tag.name for tag in body.tags], append=append)
    return {"tags": body.tags}


@routes.delete(f"{NAMESPACE}/tags", policy=policy.admin_of_visible())
def delete_tags(request: Request, namespace: str) -> Reply:
    logic.clear(request.tx, request.who, namespace, "tag")
    return Reply()


@routes.get(f"{NAMESPACE}/tags/{{tag_name}}", policy=policy.reader(), query=Nothing, reply=schemas.ShownTag)
def show_tag(request: Request, namespace: str, tag_name: str) -> dict[str, Any]:
    row = logic.visible(request.tx, request.who, namespace)
    return schemas.tag(logic.entry(request.tx, row, "tag", tag_name))


@routes.post(
    f"{NAMESPACE}/tags/{{tag_name}}", policy=policy.admin_of_visible(), reply=schemas.ShownTag, errors=(409, 413)
)
def create_tag(request: Request, namespace: str, tag_name: str) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "add_metadef_tag")
    schemas.check_name(tag_name)
    return schemas.tag(logic.add(request.tx, row, "tag", tag_name))


@routes.put(
    f"{NAMESPACE}/tags/{{tag_name}}", policy=policy.admin_of_visible(), body=schemas.Tag, decode=schemas.decoded,
    reply=schemas.ShownTag,
    errors=(409,),
)  # fmt: skip
def update_tag(request: Request, namespace: str, tag_name: str, body: schemas.Tag) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "modify_metadef_tag")
    return schemas.tag(logic.change(request.tx, row, "tag", tag_name, body.name))


@routes.delete(f"{NAMESPACE}/tags/{{tag_name}}", policy=policy.admin_of_visible())
def delete_tag(request: Request, namespace: str, tag_name: str) -> Reply:
    row = logic.own(request.tx, request.who, namespace, "delete_metadef_tag")
    logic.remove(request.tx, row, "tag", tag_name)
    return Reply()


# Types of resources.


@routes.get(
    f"{NAMESPACE}/resource_types", policy=policy.reader(), query=Nothing,
    reply=under("resource_type_associations", list[schemas.ShownAssociation]),
)  # fmt: skip
def associations(request: Request, namespace: str) -> dict[str, Any]:
    row = logic.visible(request.tx, request.who, namespace)
    found = logic.entries(request.tx, row, "resource_type")
    return {"resource_type_associations": [schemas.association(each) for each in found]}


@routes.post(
    f"{NAMESPACE}/resource_types", policy=policy.admin_of_visible(), body=schemas.Association, reply=schemas.ShownAssociation,
    errors=(409, 413),
)  # fmt: skip
def create_association(request: Request, namespace: str, body: schemas.Association) -> dict[str, Any]:
    row = logic.own(request.tx, request.who, namespace, "add_metadef_resource_type_association")
    return schemas.association(logic.add_association(request.tx, row, body))


@routes.delete(f"{NAMESPACE}/resource_types/{{resource_type}}", policy=policy.admin_of_visible())
def delete_association(request: Request, namespace: str, resource_type: str) -> Reply:
    row = logic.own(request.tx, request.who, namespace, "remove_metadef_resource_type_association")
    logic.remove(request.tx, row, "resource_type", resource_type)
    return Reply()

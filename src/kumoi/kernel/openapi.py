"""Generates the OpenAPI 3.1 document of a service from the declarations of its routes. Structs of replies are
closed."""

import re
from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

import msgspec

from kumoi.kernel import queries, versions
from kumoi.kernel.routes import Route, Service
from kumoi.kernel.shapes import Extensible
from kumoi.kernel.versions import Version

Schema = dict[str, Any]
JSON = "application/json"
ANY_BYTES = "*/*"
UNKNOWN = frozenset({"WEBSOCKET", "COPY"})
"""Methods that OpenAPI 3.1 has no place for."""


def document(service: Service, base_url: str) -> Schema:
    """The OpenAPI document of all routes of the service, at its highest microversion."""
    standing = [route for route in service.each() if route.method not in UNKNOWN and _stands(service, route)]
    components: dict[str, Schema] = {}
    bodies = _described([_narrow(service, route.body) for route in standing], "", components)
    replies = _described([_narrow(service, route.reply) for route in standing], "reply.", components)
    asked = _described([kind for route in standing for kind in _asked(service, route)], "query.", components)
    structs = _structs(_narrow(service, route.reply) for route in standing)
    extensible = {kind.__name__ for kind in structs if issubclass(kind, Extensible)}
    absent = {(kind.__name__, name) for kind in structs for name in _may_be_absent(kind)}
    for name, schema in components.items():
        if name.startswith("reply.") and "properties" in schema:
            title = schema.get("title", "")
            schema.setdefault("additionalProperties", title in extensible)
            schema["required"] = [field for field in schema.get("required", ()) if (title, field) not in absent]
    paths: dict[str, dict[str, Any]] = {}
    for route in standing:
        entry = paths.setdefault(service.prefix + route.described_path, {})
        operation = entry.setdefault(route.method.lower(), _operation(service, route, asked))
        _add_body(operation, route, bodies.get(_narrow(service, route.body)))
        for status in statuses(service, route):
            operation["responses"].setdefault(str(status), {"description": ""})
        answer = operation["responses"][str(route.status)]
        if route.reply is None:
            answer["x-also-empty"] = True
        elif route.reply is bytes:
            answer.setdefault("content", {})[ANY_BYTES] = {}
        else:
            _add_choice(answer.setdefault("content", {}), replies[_narrow(service, route.reply)])
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{service.type} ({service.name})", "version": _version(service)},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
    }


def _structs(kinds: Iterable[Any]) -> set[type[msgspec.Struct]]:
    """All structs that these types contain."""
    found: set[type[msgspec.Struct]] = set()
    open_ = list(kinds)
    while open_:
        kind = open_.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
            found.add(kind)
            open_ += get_type_hints(kind, include_extras=True).values()
        else:
            open_ += get_args(kind)
    return found


def _may_be_absent(kind: type[msgspec.Struct]) -> list[str]:
    """Names of the fields that may be UNSET, also fields without a default."""
    hints = get_type_hints(kind)
    fields = msgspec.structs.fields(kind)
    return [field.encode_name for field in fields if msgspec.UnsetType in get_args(hints[field.name])]


def _described(kinds: Iterable[Any], prefix: str, components: dict[str, Schema]) -> dict[Any, Schema]:
    """The schema of each type. The types that they refer to are added to `components` with prefixed names."""
    chosen = [kind for kind in dict.fromkeys(kinds) if kind is not None]
    schemas, more = msgspec.json.schema_components(chosen, ref_template=f"#/components/schemas/{prefix}{{name}}")
    components.update({prefix + name: schema for name, schema in more.items()})
    return dict(zip(chosen, schemas, strict=True))


def _add_body(operation: Schema, route: Route, schema: Schema | None) -> None:
    if route.action is not None:
        inner = {} if schema is None else schema
        schema = {"type": "object", "properties": {route.action: inner}, "required": [route.action]}
        schema["additionalProperties"] = False
    if schema is not None:
        content = operation.setdefault("requestBody", {"content": {}, "required": True})["content"]
        for media_type in route.media_types:
            _add_choice(content, schema, media_type)


def _add_choice(content: Schema, schema: Schema, media_type: str = JSON) -> None:
    """Routes with the same method and path (actions, versions) share an operation, which accepts any of their
    bodies."""
    if media_type not in content:
        content[media_type] = {"schema": schema}
    elif schema not in content[media_type]["schema"].get("anyOf", [content[media_type]["schema"]]):
        before = content[media_type]["schema"]
        content[media_type] = {"schema": {"anyOf": [*before.get("anyOf", [before]), schema]}}


def _version(service: Service) -> str:
    return versions.text(service.microversions.maximum) if service.microversions else "1.0"


def _stands(service: Service, route: Route) -> bool:
    return not (service.microversions and route.versions and service.microversions.maximum not in route.versions)


def _narrow(service: Service, kind: Any) -> Any:
    return versions.narrowed(kind, service.microversions.maximum) if kind and service.microversions else kind


def statuses(service: Service, route: Route) -> list[int]:
    """Its own statuses, and those of the common request handling (kernel/wsgi.py)."""
    found = {route.status, 400, 404, *route.errors}
    if route.policy.token or route.policy.service_decides or route.policy.signed:
        found |= {401, 403}
    if route.body is not None or route.raw_body:
        found |= {413, 415}
    if service.microversions or service.negotiates:
        found.add(406)
    if route.method == "POST" and route.mode == "write":
        found.add(422)  # An Idempotency-Key that was used with another body.
    if route.quota:
        found.add(service.over_quota_status)
    return sorted(found)


def _asked(service: Service, route: Route) -> list[Any]:
    """The types of a route's parameters."""
    if route.query is None:
        return []
    named = queries.parameters(route.query, _newest(service))
    return [kind for _, kind, _ in named] + [family.type for family in queries.families_of(route.query)]


def _parameters(service: Service, route: Route, asked: dict[Any, Schema]) -> list[Schema]:
    """The parameters of the query. A list is a parameter that may be repeated. A family is an object whose properties
    become parameters."""
    found: list[Schema] = [
        {"name": name, "in": "query", "required": required, "schema": asked[kind]}
        for name, kind, required in queries.parameters(route.query, _newest(service))
    ]
    for family in queries.families_of(route.query):
        named = {f"^{family.pattern}$": asked[family.type]}
        schema = {"type": "object", "patternProperties": named, "additionalProperties": False}
        spread = {"style": "form", "explode": True}
        found.append({"name": family.name, "in": "query", "required": False, **spread, "schema": schema})
    return found


def _newest(service: Service) -> Version | None:
    return service.microversions.maximum if service.microversions else None


def operation_id(service: Service, route: Route) -> str:
    """`network.get.ports.port_id.tags`: unique over all services, because clients generate function names from it."""
    return ".".join([service.type, route.method.lower(), *re.findall(r"[\w.-]+", route.described_path)])


def _operation(service: Service, route: Route, asked: dict[Any, Schema]) -> Schema:
    names = re.findall(r"\{(\w+)\}", route.described_path)
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    if route.query is not None:
        parameters += _parameters(service, route, asked)
    return {
        "operationId": operation_id(service, route),
        "x-policy": route.policy.name,
        "x-quota": sorted(route.quota),
        "parameters": parameters,
        "responses": {},
        "security": [{"token": []}] if route.policy.token else [],
    }

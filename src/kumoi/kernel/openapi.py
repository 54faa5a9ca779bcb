"""OpenAPI 3.1 of a service, from the declarations of its routes alone."""

import re
from typing import Any

import msgspec

from kumoi.kernel import versions
from kumoi.kernel.routes import Route, Service


def document(service: Service, base_url: str) -> dict[str, Any]:
    """The OpenAPI document of everything the service answers, at its highest microversion."""
    shapes = [kind for route in service.each() for kind in (_body(service, route), _reply(service, route)) if kind]
    components: dict[str, Any] = {}
    by_kind = {id(kind): _described(kind, components) for kind in shapes}
    paths: dict[str, dict[str, Any]] = {}
    for route in service.each():
        if route.method == "WEBSOCKET" or not _stands(service, route):
            continue
        entry = paths.setdefault(service.prefix + route.path, {})
        operation = entry.setdefault(route.method.lower(), _operation(service, route))
        body = _body(service, route)
        if body is not None:
            schema: dict[str, Any] = by_kind[id(body)]
            if route.action:
                schema = {"type": "object", "properties": {route.action: schema}, "required": [route.action]}
            content = operation.setdefault("requestBody", {"content": {"application/json": {"schema": {"oneOf": []}}}})
            content["content"]["application/json"]["schema"]["oneOf"].append(schema)
        reply = _reply(service, route)
        if reply is not None:
            answer = operation["responses"].setdefault(str(route.status), {"description": ""})
            answer["content"] = {"application/json": {"schema": by_kind[id(reply)]}}
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


def _described(kind: Any, components: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; what it refers to is added to `components`. A shape that differs by version in ways that JSON
    schema cannot tell apart (a union of untagged objects) is any object."""
    try:
        (schema,), more = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    except TypeError:
        return {"type": "object"}
    components.update(more)
    return schema


def _version(service: Service) -> str:
    return versions.text(service.microversions.maximum) if service.microversions else "1.0"


def _stands(service: Service, route: Route) -> bool:
    return not (service.microversions and route.versions and service.microversions.maximum not in route.versions)


def _narrow(service: Service, kind: Any) -> Any:
    return versions.narrowed(kind, service.microversions.maximum) if kind and service.microversions else kind


def _body(service: Service, route: Route) -> Any:
    return None if route.raw_body or not _stands(service, route) else _narrow(service, route.body)


def _reply(service: Service, route: Route) -> Any:
    return _narrow(service, route.reply) if _stands(service, route) else None


def _operation(service: Service, route: Route) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", route.path)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    if route.query is not None:
        for field in msgspec.structs.fields(_narrow(service, route.query)):
            parameters.append({"name": field.encode_name, "in": "query", "required": False, "schema": {}})
    statuses = {route.status, 400, 404, *route.errors, *((401, 403) if route.policy.token else ())}
    if route.quota:
        statuses.add(service.over_quota_status)
    return {
        "operationId": f"{route.name}.{route.method.lower()}",
        "x-policy": route.policy.name,
        "x-quota": sorted(route.quota),
        "parameters": parameters,
        "responses": {str(status): {"description": ""} for status in sorted(statuses)},
        "security": [{"token": []}] if route.policy.token else [],
    }

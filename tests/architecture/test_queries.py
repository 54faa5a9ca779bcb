"""Rules for the queries of routes: lists declare theirs, and handlers read only declared parameters."""

import ast
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

import kumoi
from kumoi import app
from kumoi.kernel import openapi
from kumoi.kernel.routes import Route, Service

SERVICES = app.load_services()
EVERY = [(service, route) for service in SERVICES for route in service.each()]
ROOMS = Path(kumoi.__file__).parent / "services"

READ_PARAMS = {
    "compute/consoles/streams.py": "the token of a websocket, which has no description",
}
"""Rooms whose routes read `request.params`, and why. This list may only shrink."""
RAW = {
    "image:PUT /v2/images/{image_id}/file": "an image's bytes",
    "image:PUT /v2/images/{image_id}/stage": "an image's bytes",
    "object_store:POST /v1/{account}": "all is in headers; the body is let go",
    "object_store:POST /v1/{account}/{container}": "all is in headers; the body is let go",
    "object_store:POST /v1/{account}/{container}/{object:path}": "all is in headers; the body is let go",
    "object_store:PUT /v1/{account}": "all is in headers; the body is let go",
    "object_store:PUT /v1/{account}/{container}": "all is in headers; the body is let go",
    "object_store:PUT /v1/{account}/{container}/{object:path}": "an object's bytes",
    "s3:PUT /{container}": "XML",
    "s3:POST /{container}": "XML",
    "s3:PUT /{container}/{object:path}": "an object's bytes",
    "s3:POST /{container}/{object:path}": "XML",
}
"""Routes whose handlers read the body themselves, and why. This list may only shrink."""


def named(service: Service, route: Route) -> str:
    return f"{service.type}:{route.method} {route.path}"


def is_list(route: Route) -> bool:
    """Whether it returns a collection: a GET that does not end in an id, and whose reply contains many."""
    return route.method == "GET" and not route.path.endswith("}") and holds_many(route.reply)


def holds_many(reply: Any) -> bool:
    if isinstance(reply, type) and issubclass(reply, msgspec.Struct):
        return any(is_collection(hint) for hint in get_type_hints(reply, include_extras=True).values())
    return is_collection(reply)


def is_collection(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return is_collection(get_args(hint)[0])
    return get_origin(hint) in (list, dict) or any(
        is_collection(choice) for choice in get_args(hint) if get_origin(hint) not in (list, dict)
    )


def test_every_list_declares_its_query() -> None:
    """A list without parameters declares `query=queries.Nothing`."""
    assert {named(service, route) for service, route in EVERY if is_list(route) and route.query is None} == set()


def test_what_counts_as_a_list() -> None:
    lists = {named(service, route) for service, route in EVERY if is_list(route)}
    assert {"network:GET /ports", "compute:GET /servers/detail", "network:GET /ports/{port_id}/tags"} <= lists
    assert not {"network:GET /ports/{port_id}", "compute:GET /limits"} & lists


def test_handlers_read_the_declared_query() -> None:
    found = set()
    for room in sorted([*ROOMS.rglob("api.py"), *ROOMS.rglob("streams.py")]):
        for node in ast.walk(ast.parse(room.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "params":
                found.add(str(room.relative_to(ROOMS)))
    assert found == set(READ_PARAMS)


def test_handlers_get_their_body() -> None:
    assert {named(service, route) for service, route in EVERY if route.raw_body} == set(RAW)


def test_every_parameter_has_a_type() -> None:
    untyped = {
        f"{method} {path} {parameter['name']}"
        for service in SERVICES
        for path, methods in openapi.document(service, "")["paths"].items()
        for method, operation in methods.items()
        for parameter in operation["parameters"]
        if not {"type", "enum", "anyOf", "$ref"} & set(parameter["schema"])
    }
    assert untyped == set()

"""Replies are described as closed. What is open is listed here with its reason."""

from collections.abc import Iterator
from typing import Any

import pytest

from kumoi import app
from kumoi.kernel import openapi

SERVICES = {service.type: service for service in app.load_services()}
KEEPS = "keeps what clients send besides, and nothing else: the fuzz sees to it"
OPEN = {
    "block_storage reply.Attachment.connection_info": "how a host reaches the volume: the backend's own",
    "cloud reply.Event.facts": "each kind of event has its own",
    "cloud get /kumoi/v1/openapi/{service}": "an OpenAPI document",
    **{f"identity reply.{kind}.options": "the known few of identity/options.py" for kind in (
        "Project", "Domain", "User", "Role")},
    **{f"identity reply.Project.{name}": "trees of projects, by id or as a list" for name in ("parents", "subtree")},
    **{f"identity reply.{kind}": KEEPS for kind in (
        "Project", "Domain", "Service", "Endpoint", "Region", "User", "Group", "Role", "Credential")},
    **{f"compute reply.{kind}.scheduler_hints": "the hints as the client sent them" for kind in (
        "Server", "Changed", "Rebuilt")},
    "image reply.Image": KEEPS,
    "image reply.Told.image_properties": "the attributes of an image, with its custom properties",
    "image reply.ShownDefinition.default": "a value of the type that the definition names",
    **{f"image get /image/v2/schemas/{name}": "a JSON schema" for name in (
        "image", "images", "member", "members", "task", "tasks")},
    **{f"image get /image/v2/schemas/metadefs/{name}": "a JSON schema" for name in (
        "namespace", "namespaces", "object", "objects", "property", "properties", "resource_type", "resource_types",
        "tag", "tags")},
    "object_store get /object-store/info": "each middleware of Swift has its own fields",
    **{f"network reply.{kind}.binding:profile": "written by whoever binds the port" for kind in ("Port", "PartPort")},
}  # fmt: skip


def open_places(schema: Any, place: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if not schema or (
        schema.get("type") == "object" and "properties" not in schema and not schema.get("additionalProperties")
    ):
        yield place
    if schema.get("additionalProperties") is True:
        yield place
    for name, inner in schema.get("properties", {}).items():
        yield from open_places(inner, f"{place}.{name}")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from open_places(schema["additionalProperties"], f"{place}.*")
    if "items" in schema:
        yield from open_places(schema["items"], f"{place}[]")
    for choice in schema.get("anyOf", ()):
        for found in open_places(choice, place):
            yield found.removesuffix("[]")


def described(service: str) -> Iterator[str]:
    document = openapi.document(SERVICES[service], "")
    for name, schema in document["components"]["schemas"].items():
        if name.startswith("reply."):
            yield from open_places(schema, f"{service} reply.{name.rsplit('.', 1)[-1]}")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for answer in operation["responses"].values():
                schema = answer.get("content", {}).get("application/json", {}).get("schema")
                yield from open_places(schema, f"{service} {method} {path}")


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_what_is_open_is_known(service: str) -> None:
    assert set(described(service)) == {place for place in OPEN if place.startswith(f"{service} ")}


def test_a_struct_is_closed_and_one_that_keeps_more_is_not() -> None:
    schemas = openapi.document(SERVICES["identity"], "")["components"]["schemas"]
    assert schemas["reply.Token"]["additionalProperties"] is False
    assert schemas["reply.User"]["additionalProperties"] is True
    assert "default_project_id" not in schemas["reply.User"]["required"]

"""Checks a reply against the description: status, content type, fields, and no server error."""

from collections.abc import Iterator
from typing import Any

from hypothesis.errors import HypothesisException
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

Schema = dict[str, Any]
UNASKABLE: tuple[type[Exception], ...] = (HypothesisException,)
"""Hypothesis raises these if it can generate no request for a description."""
ABSENT = 501
"""Allowed for an absent feature, if the route declares it."""


def judge(document: dict[str, Any], case: Any, answered: Any, newest: bool) -> Iterator[tuple[str, str]]:
    """(what, details) of each failure. `newest`: whether the microversion is the described one."""
    operation = document["paths"][case.operation.path][case.method.lower()]
    declared = operation["responses"].get(str(answered.status_code))
    if answered.status_code >= 500 and not (answered.status_code == ABSENT and declared):
        yield "5xx", f"{answered.status_code}"
        return
    checks = [status_code_conformance] if newest else []
    empty = not answered.content and (declared or {}).get("x-also-empty")
    if newest and answered.status_code < 400 and not empty:
        checks += [content_type_conformance, response_schema_conformance]
    try:
        if checks:
            case.validate_response(answered, checks=checks)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield _kind(failure), _said(failure, answered)
    except Failure as failure:
        yield _kind(failure), _said(failure, answered)
    if newest and answered.status_code < 300 and answered.content and "content" not in (declared or {}):
        yield "undeclared reply", f"{answered.status_code} has a body that is not described"


def undeclared_fields(document: Schema, case: Any, answered: Any) -> Iterator[str]:
    """Names that stand in a reply beside the declared ones, where a thing keeps what clients send besides."""
    operation = document["paths"][case.operation.path][case.method.lower()]
    content = operation["responses"].get(str(answered.status_code), {}).get("content", {}).get("application/json", {})
    if content and answered.content:
        yield from _beside(document, content["schema"], answered.json())


def _beside(document: Schema, schema: Schema, value: Any) -> Iterator[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for each in value:
            yield from _beside(document, schema["items"], each)
    elif isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            if name in schema["properties"]:
                yield from _beside(document, schema["properties"][name], inner)
            elif schema.get("additionalProperties") is True:
                yield name


def _kind(failure: Any) -> str:
    return str(type(failure).__name__)


def _said(failure: Any, answered: Any) -> str:
    place = "/".join(
        "*" if isinstance(part, int) else str(part) for part in getattr(failure, "instance_path", ()) or ()
    )
    if type(failure).__name__ == "UndefinedStatusCode":
        return f"{answered.status_code}"
    return f"{place}: {getattr(failure, 'validation_message', '') or str(failure)}"[:300]

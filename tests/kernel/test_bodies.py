"""Errors about a body or query name the place."""

from typing import Annotated, Any

import msgspec
import pytest

from kumoi.kernel import policy
from kumoi.kernel.bodies import DEEPEST, decode_body, is_too_deep
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.queries import decode_query
from kumoi.kernel.routes import Route

Key = Annotated[str, msgspec.Meta(max_length=3)]


class Reboot(msgspec.Struct, forbid_unknown_fields=True):
    type: Annotated[str, msgspec.Meta(pattern="^(SOFT|HARD)$")]


class Server(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    metadata: dict[Key, str] = {}


class Body(msgspec.Struct, forbid_unknown_fields=True):
    server: Server


class Query(msgspec.Struct, forbid_unknown_fields=True):
    needed: str
    limit: int = 0


def route(body: Any, action: str | None = None) -> Route:
    return Route("POST", "/", lambda: None, policy.public(), "write", body=body, action=action)


@pytest.mark.parametrize(
    "body, place",
    [
        (b'{"reboot": {"type": "BAD"}}', "reboot.type: Expected "),
        (b'{"reboot": {}}', "reboot: Object missing required field `type`"),
        (b'{"reboot": null}', "reboot: Expected "),
    ],
)
def test_of_an_action(body: bytes, place: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decode_body(None, body, route(Reboot, "reboot"), None)
    assert refused.value.message.startswith(f"Invalid input for field/attribute {place}")
    assert "..." not in refused.value.message and "$" not in refused.value.message.replace(")$", "")


@pytest.mark.parametrize(
    "body, place",
    [
        (b"{}", "body: Object missing required field `server`"),
        (b'{"a - at b": 1}', "body: Object contains unknown field `a - at b`"),
        (b"[]", "body: Expected `object`"),
        (b'{"server": {}}', "server: Object missing required field `name`"),
        (b'{"server": {"name": ""}}', "server.name: Expected "),
        (
            b'{"server": {"name": "s", "metadata": {"long": "x"}}}',
            "server.metadata: Expected `str` of length <= 3 as a key",
        ),
        (b'{"server": {"name": "s", "metadata": {"a": 1}}}', "server.metadata[...]: Expected "),
    ],
)
def test_of_a_body(body: bytes, place: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decode_body(None, body, route(Body), None)
    assert refused.value.message.startswith(f"Invalid input for field/attribute {place}")
    assert " - at `" not in refused.value.message


@pytest.mark.parametrize(
    "params, place",
    [
        ({"needed": ["x"], "bogus": ["1"]}, "bogus: it is not known"),
        ({}, "needed: it is required"),
        ({"needed": ["x"], "limit": ["y"]}, "limit: Expected "),
    ],
)
def test_of_a_query(params: dict[str, list[str]], place: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decode_query(params, Query, None)
    assert refused.value.message.startswith(f"Invalid input for query parameter {place}")


@pytest.mark.parametrize("opening, closing", [(b"[", b"]"), (b'{"a":', b"}")])
def test_how_deep_is_too_deep(opening: bytes, closing: bytes) -> None:
    """`1` marks the innermost value. A wide body is not deep, and neither is a text that is not JSON."""
    for depth, deep in ((DEEPEST, False), (DEEPEST + 1, True), (900, True), (100_000, True)):
        assert is_too_deep(opening * depth + b"1" + closing * depth) is deep
    assert not is_too_deep(b"[" + b'{"a": []},' * 1000 + b"[]]")
    assert not is_too_deep(b'"' + opening.replace(b'"', b"'") * 1000 + b'"') and not is_too_deep(
        b"[] [" + opening * 200
    )

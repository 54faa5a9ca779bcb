"""Compares every reply that a test gets with the declaration of its route: `Checked(api)` instead of `wsgi(api)`.

A reply must have a declared status and the declared shape in the caller's microversion: every declared field with the
right type, and no other field. An Extensible one may also have fields that clients sent to this cloud. An error must
have its service's shape. Undeclared fails the test that made the request.
"""

import json
import re
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import msgspec

from kumoi.kernel import http, openapi, streams, versions
from kumoi.kernel.errors import of_status
from kumoi.kernel.http import Api
from kumoi.kernel.routes import Route, Service
from kumoi.kernel.shapes import WHOLE, Extensible
from kumoi.kernel.versions import Version
from kumoi.kernel.wsgi import wsgi

OUTAGE = 503
"""Allowed for every request while the database is unreachable."""
SET_BY_COMPUTE = frozenset({"backup_type", "base_image_ref", "image_type", "instance_uuid", "owner_id", "user_id"})
"""Properties of images of servers, which no client sends."""
EMPTY = frozenset({204, 304})
"""Statuses that HTTP allows no body for."""


class Undeclared(AssertionError):
    """A reply that differs from its route's declaration. `what`: the difference."""

    def __init__(self, where: str, what: str, content: bytes = b"") -> None:
        # A process that plays for another sends the error with these arguments; it would hang with fewer.
        super().__init__(where, what, content)
        self.where, self.what, self.content = where, what, content

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f": {self.content[:1500]!r}" if self.content else "")


class Checked:
    """The WSGI application of an Api that checks every reply before it is returned to the test."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.app = wsgi(api)

    def __call__(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        said: dict[str, Any] = {}

        def start(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            said.update(status=int(line[:3]), headers=headers)
            if said["status"] in EMPTY:
                # Python's validator refuses what Swift's clients ask for.
                headers = [header for header in headers if header[0].lower() != "content-type"]
            return start_response(line, headers, *more)

        sent = Sent.to(self.api)
        env["wsgi.input"] = _Recorded(env["wsgi.input"], sent)
        body = self.app(env, start)
        content = b"".join(body) if isinstance(body, list | tuple) else None
        asked = Asked(env["REQUEST_METHOD"], env["PATH_INFO"], env.get("QUERY_STRING", ""), env.get(http.MATCHED), sent)
        check(self.api, asked, said["status"], dict(said["headers"]), content)
        return body


class Sent:
    """Field names that clients sent to one cloud. Extensible replies may contain them."""

    clouds: ClassVar[dict[str, "Sent"]] = {}
    """By the database's URL; only of the most recent clouds."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    @classmethod
    def to(cls, api: Api) -> "Sent":
        found = cls.clouds.get(api.database.url)
        if found is None:
            found = cls.clouds[api.database.url] = cls()
            for url in [*cls.clouds][:-LATEST]:
                cls.clouds.pop(url, None)
        return found

    def named(self, name: str) -> bool:
        in_pointers = name.replace("~", "~0").replace("/", "~1")
        escaped = {dump(text)[1:-1] for text in (name, in_pointers) for dump in (msgspec.json.encode, _ascii)}
        return any(each in body for body in self.bodies for each in escaped)


LATEST = 8


def _ascii(text: str) -> bytes:
    return json.dumps(text).encode()


class _Recorded:
    """A request's body, which is noted while the API reads it."""

    def __init__(self, stream: Any, sent: Sent) -> None:
        self.stream, self.sent = stream, sent

    def read(self, *size: int) -> bytes:
        data: bytes = self.stream.read(*size)
        if data:
            self.sent.bodies.append(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class CheckedStreams:
    """The same for its ASGI application. Websockets are not checked."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.app = streams.asgi(api)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        said: dict[str, Any] = {"headers": [], "body": b""}

        async def noting(event: Any) -> None:
            if event["type"] == "http.response.start":
                said.update(status=event["status"], headers=event.get("headers", ()))
            elif event["type"] == "http.response.body":
                said["body"] += event.get("body", b"")
            await send(event)

        await self.app(scope, receive, noting)
        if scope["type"] == "http" and "status" in said:
            headers = {name.decode(): value.decode() for name, value in said["headers"]}
            asked = Asked(scope["method"], scope["path"], scope["query_string"].decode(), scope.get(http.MATCHED))
            check(self.api, asked, said["status"], headers, said["body"])


@dataclass(frozen=True)
class Asked:
    """`matched` None: the request never came to a route."""

    method: str
    path: str
    query: str
    matched: tuple[Service, Route, Version | None] | None
    sent: Sent | None = None
    """None: unknown; an Extensible reply may have any field."""


def check(api: Api, asked: Asked, status: int, headers: dict[str, str], content: bytes | None) -> None:
    """Undeclared if the reply differs from the route's declaration. `content` None: it is streamed."""
    where = f"{asked.method} {asked.path}: {status}"
    service, route, version = asked.matched or (api.service_at(asked.path), None, None)
    if service is not None and route is not None:
        if route.action:
            where = f"{asked.method} {asked.path} {route.action}: {status}"
        if version:
            where += f" in version {versions.text(version)}"
        if status != OUTAGE and status not in openapi.statuses(service, route):
            raise Undeclared(
                where, f"{route.name} declares the statuses {openapi.statuses(service, route)}", content or b""
            )
    if content is None or asked.method == "HEAD":
        return
    if status >= 400:
        kind = {name.lower(): value for name, value in headers.items()}.get("content-type")
        if route is not None and route.reply is bytes and kind not in ("application/json", "text/html; charset=UTF-8"):
            return  # The page that a client's site has for it.
        _check_error(service, where, status, content)
    elif route is not None:
        _check_reply(route, version, asked, where, status, headers, content)


def _check_reply(
    route: Route, version: Version | None, asked: Asked, where: str, status: int, headers: dict[str, str], content: bytes
) -> None:  # fmt: skip
    lowered = {name.lower(): value for name, value in headers.items()}
    if "x-accel-redirect" in lowered or route.reply is bytes:
        return
    if route.reply is None or status in EMPTY:
        if content:
            raise Undeclared(where, f"{route.name} declares no body", content)
        return
    if not content:
        raise Undeclared(where, f"{route.name} declares a body, and answers none")
    if lowered.get("content-type") != "application/json":
        raise Undeclared(where, f"{route.name} answers {lowered.get('content-type')} instead of JSON")
    kind = versions.narrowed(route.reply, version) if version else route.reply
    try:
        _decoder(kind, "fields=" not in asked.query).decode(content)
    except msgspec.ValidationError as error:
        raise Undeclared(where, f"{route.name}: {error}", content) from None
    if asked.sent is not None and keeps_more(kind):
        for name in beside(kind, msgspec.json.decode(content)):
            if name not in SET_BY_COMPUTE and not asked.sent.named(name):
                raise Undeclared(where, f"{route.name}: field `{name}` is not declared, and nobody sent it", content)


def _check_error(service: Service | None, where: str, status: int, content: bytes) -> None:
    if service is not None and isinstance(rendered := service.render_error(of_status(status, "text")), str):
        if rendered.startswith("<?xml"):
            elements = [re.findall(rb"<(\w+)", text) for text in (content, rendered.encode())]
            if elements[0] != elements[1]:
                raise Undeclared(where, f"the error has not the shape of {rendered}", content)
            return
        before, _, behind = rendered.rpartition("text")
        if not (content.startswith(before.encode()) and content.endswith(behind.encode())):
            raise Undeclared(where, f"the error has not the shape of {rendered}", content)
        return
    try:
        said = msgspec.json.decode(content)
    except msgspec.DecodeError:
        raise Undeclared(where, "the error is not JSON", content) from None
    if service is None:
        expected: Any = {"error": {"code": status, "title": "", "message": ""}}
    else:
        expected = msgspec.json.decode(msgspec.json.encode(service.render_error(of_status(status, "text"))))
    if not _alike(said, expected):
        raise Undeclared(where, f"the error has not the shape of {expected}", content)


def _alike(said: Any, expected: Any) -> bool:
    """The same keys with values of the same types, at every depth."""
    if isinstance(said, dict) and isinstance(expected, dict):
        return said.keys() == expected.keys() and all(_alike(said[name], expected[name]) for name in said)
    if isinstance(said, list) and isinstance(expected, list):
        return len(said) == len(expected) and all(map(_alike, said, expected))
    return type(said) is type(expected) and (not isinstance(said, str | int) or said != "" or expected == "")


@cache
def _decoder(kind: Any, whole: bool) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(closed(kind, whole))


@cache
def keeps_more(kind: Any) -> bool:
    """Whether the type contains something Extensible."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return issubclass(kind, Extensible) or any(map(keeps_more, _fields(kind).values()))
    return any(map(keeps_more, get_args(kind)))


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The type of each field by its name in JSON."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(kind)}


def beside(kind: Any, value: Any) -> Iterator[str]:
    """Names of fields beside the declared ones of Extensible structs."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = _fields(kind)
        for name, inner in value.items() if isinstance(value, dict) else ():
            if name in fields:
                yield from beside(fields[name], inner)
            elif issubclass(kind, Extensible):
                yield name
        return
    origin = get_origin(kind)
    for argument in filter(keeps_more, get_args(kind)):
        several: Iterable[Any] = [value]
        if origin is list and isinstance(value, list):
            several = value
        elif origin is dict and isinstance(value, dict):
            several = value.values()
        for each in several:
            yield from beside(argument, each)


@cache
def closed(kind: Any, whole: bool = True) -> Any:
    """The type that replies must have: a struct has no other fields, unless it is Extensible, and has all fields that
    cannot be UNSET, also those with a default. `whole`: the client did not request only some fields."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _closed_struct(getattr(kind, WHOLE, kind) if whole else kind, whole)
    origin, arguments = get_origin(kind), get_args(kind)
    if not arguments or origin is Literal:
        return kind
    if origin is Annotated:
        return Annotated[(closed(arguments[0], whole), *arguments[1:])]
    inner = tuple(closed(argument, whole) if argument is not ... else argument for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        return typing.Union[inner]  # noqa: UP007
    return origin[inner]


def _closed_struct(kind: type[msgspec.Struct], whole: bool) -> type[msgspec.Struct]:
    hints = get_type_hints(kind, include_extras=True)
    config = kind.__struct_config__
    fields: list[Any] = []
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        absent: dict[str, Any] = {}
        if _may_be_unset(hint) or (config.omit_defaults and not field.required):
            absent["default"] = msgspec.UNSET
            hint = hint | msgspec.UnsetType if not _may_be_unset(hint) else hint
        fields.append((field.name, closed(hint, whole), msgspec.field(name=field.encode_name, **absent)))
    return msgspec.defstruct(
        kind.__name__, fields, kw_only=True, forbid_unknown_fields=not issubclass(kind, Extensible), tag=config.tag,
        tag_field=config.tag_field, module=kind.__module__,
    )  # fmt: skip


def _may_be_unset(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint is msgspec.UnsetType or msgspec.UnsetType in get_args(hint)

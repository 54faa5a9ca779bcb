"""Microversions as marks on fields, types of a union, routes and named behaviours. Handlers never compare versions."""

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from kumoi.kernel.shapes import Extensible

Version = tuple[int, int]


def parse(text: str) -> Version:
    """`2.37` → (2, 37); ValueError when it is not a version."""
    major, _, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal() and len(text) < 12):
        raise ValueError(text)
    return int(major), int(minor)


def text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


@dataclass(frozen=True)
class Span:
    """Versions from `first` to `last`, both included; `last` None: to the newest."""

    first: Version
    last: Version | None = None

    def __contains__(self, version: Version) -> bool:
        return self.first <= version and (self.last is None or version <= self.last)


def since(first: str) -> Span:
    """Exists from this version on."""
    return Span(parse(first))


def until(last: str) -> Span:
    """Existed up to this version, included."""
    return Span((0, 0), parse(last))


def during(first: str, last: str) -> Span:
    """Existed from `first` to `last`, both included. Several spans on one field add up."""
    return Span(parse(first), parse(last))


@dataclass(frozen=True)
class Microversions:
    """`service_type` is the name in the `OpenStack-API-Version` header; `legacy_header` is an older header.

    `behaviours`: name → span; handlers call `request.behaves(name)`.
    """

    service_type: str
    minimum: Version
    maximum: Version
    legacy_header: str | None
    behaviours: dict[str, Span]
    history: dict[str, str]
    """Version → its effect here in one line, for every version that changes something."""
    closed_queries: Span | None = None
    """The versions in which routes refuse undeclared query parameters instead of ignoring them."""
    closed_without_query: Span | None = None
    """The versions in which also routes that take no parameter refuse every one."""


def _spans(hint: Any) -> list[Span]:
    return [mark for mark in get_args(hint)[1:] if isinstance(mark, Span)] if get_origin(hint) is Annotated else []


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


@lru_cache(maxsize=4096)
def narrowed(kind: Any, version: Version) -> Any:
    """The type without the fields that do not exist in `version`; the type itself if it has no marks."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _narrow_struct(kind, version)
    arguments = get_args(kind)
    if not arguments:
        return kind
    if get_origin(kind) is Annotated:
        inner = narrowed(arguments[0], version)
        return kind if inner is arguments[0] else Annotated[(inner, *arguments[1:])]
    if get_origin(kind) is typing.Literal:
        return kind
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        arguments = tuple(choice for choice in arguments if _stands(choice, version))
    new = tuple(narrowed(argument, version) if _narrows(argument) else argument for argument in arguments)
    if new == get_args(kind):
        return kind
    if origin in (typing.Union, types.UnionType):
        return typing.Union[new]  # noqa: UP007
    return origin[new]


def _stands(choice: Any, version: Version) -> bool:
    """Whether a type of a union exists in the version. These types have marks as fields do."""
    spans = _spans(choice)
    return not spans or any(version in span for span in spans)


def _narrows(argument: Any) -> bool:
    return isinstance(argument, type) or bool(get_args(argument))


def _narrow_struct(kind: type[msgspec.Struct], version: Version) -> type[msgspec.Struct]:
    hints = get_type_hints(kind, include_extras=True)
    fields: list[Any] = []
    same = True
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        spans = _spans(hint)
        if spans and not any(version in span for span in spans):
            same = False
            continue
        inner = narrowed(hint, version)
        same = same and inner is hint
        default: dict[str, Any] = {}
        if field.default is not msgspec.NODEFAULT:
            default["default"] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            default["default_factory"] = field.default_factory
        fields.append((field.name, inner, msgspec.field(name=field.encode_name, **default)))
    if same:
        return kind
    config = kind.__struct_config__
    bases = (Extensible,) if issubclass(kind, Extensible) else None
    return msgspec.defstruct(
        kind.__name__, fields, bases=bases, kw_only=True, forbid_unknown_fields=config.forbid_unknown_fields,
        omit_defaults=config.omit_defaults, tag=config.tag, tag_field=config.tag_field, module=kind.__module__,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _shrinker(kind: Any, version: Version) -> Callable[[Any], Any] | None:
    """Converts a value of the full type to the narrowed type; None: they are the same."""
    small = narrowed(kind, version)
    if small is kind:
        return None
    kind = _plain(kind)
    small = _plain(small)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        parts = [(field.name, _shrinker(hints[field.name], version)) for field in msgspec.structs.fields(small)]
        keys = dict(zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True))
        inside = {keys[name]: part for name, part in parts if part}
        gone = set(kind.__struct_encode_fields__) - set(small.__struct_encode_fields__)

        def shrink_struct(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: (inside[k](v) if k in inside else v) for k, v in value.items() if k not in gone}
            if not isinstance(value, kind):
                return value
            return small(
                **{
                    name: (part(v) if part and v is not None and v is not msgspec.UNSET else v)
                    for name, part in parts
                    for v in (getattr(value, name),)
                }
            )

        return shrink_struct
    inner = [_shrinker(argument, version) for argument in get_args(kind)]
    origin = get_origin(kind)
    if origin is list and inner[0]:
        one = inner[0]
        return lambda values: [one(value) for value in values] if isinstance(values, list) else values
    if origin is dict and inner[1]:
        other = inner[1]
        return lambda values: {k: other(v) for k, v in values.items()} if isinstance(values, dict) else values
    if origin in (typing.Union, types.UnionType):
        choices = [choice for choice in inner if choice]

        def shrink_any(value: Any) -> Any:
            for choice in choices:
                smaller = choice(value)
                if smaller is not value:
                    return smaller
            return value

        return shrink_any
    return None


def shrink(value: Any, kind: Any, version: Version | None) -> Any:
    """The reply without the fields that the caller's version does not have. A struct may also be a dict with its JSON
    names."""
    if version is None:
        return value
    shrinker = _shrinker(kind, version)
    return shrinker(value) if shrinker else value


def decode(body: bytes, kind: Any, version: Version | None) -> Any:
    """A body, checked against the fields of the caller's version. Fields that the version does not have get their
    defaults. msgspec.ValidationError or DecodeError if it is invalid."""
    if version is None:
        return msgspec.json.decode(body, type=kind)
    small = narrowed(kind, version)
    value = msgspec.json.decode(body, type=small)
    return value if small is kind else widened(value, kind)


@lru_cache(maxsize=4096)
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def widened(value: Any, kind: Any) -> Any:
    """Converts a value of a narrowed type to the full type. Missing fields get their defaults."""
    kind = _plain(kind)
    if isinstance(value, msgspec.Struct):
        names = type(value).__name__
        choices = [_plain(choice) for choice in (get_args(kind) or (kind,))]
        full = next(choice for choice in choices if getattr(choice, "__name__", "") == names)
        if isinstance(value, full):
            return value
        given = {name: getattr(value, name) for name in value.__struct_fields__}
        return full(**{n: widened(v, _hints(full)[n]) for n, v in given.items() if v is not msgspec.UNSET})
    if isinstance(value, list | dict) and value:
        choices = [kind, *(_plain(choice) for choice in get_args(kind))]
        full = next((choice for choice in choices if get_origin(choice) is type(value)), None)
        if full is None:
            return value
        inner = get_args(full)[-1]
        if isinstance(value, list):
            return [widened(item, inner) for item in value]
        return {key: widened(item, inner) for key, item in value.items()}
    return value

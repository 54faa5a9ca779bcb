"""Shapes of replies: one resource or many under its name, and resources of which clients request some fields."""

import re
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType


class Extensible(msgspec.Struct):
    """A resource that stores and returns clients' undeclared fields. All others are closed."""


@cache
def under(name: str, kind: Any, **more: Any) -> Any:
    """`{name: kind}`, with `more` (name → type) beside it: `under("projects", list[Project], links=Pages)`. A field
    that may be UNSET may be absent."""
    fields: list[Any] = []
    for key, type_ in {name: kind, **more}.items():
        default = {"default": UNSET} if UnsetType in get_args(type_) else {}
        fields.append((f"field_{len(fields)}", type_, msgspec.field(name=key, **default)))
    return msgspec.defstruct("Of".join((_title(name), _named(kind))), fields, kw_only=True, module=_module(kind))


WHOLE = "__whole__"
"""The attribute in which a partial struct stores the full struct."""


@cache
def partial(kind: Any) -> Any:
    """The struct with all fields optional, for requests that name the fields to return."""
    hints = get_type_hints(kind, include_extras=True)
    fields: list[Any] = [
        (field.name, hints[field.name] | UnsetType, msgspec.field(name=field.encode_name, default=UNSET))
        for field in msgspec.structs.fields(kind)
    ]
    namespace = {WHOLE: kind}
    return msgspec.defstruct(f"Part{kind.__name__}", fields, kw_only=True, module=kind.__module__, namespace=namespace)


def partials(kind: Any) -> Any:
    """A list of such."""
    return list[partial(kind)]  # type: ignore[misc]


def _title(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", text))


def _named(kind: Any) -> str:
    inner = "".join(_named(each) for each in get_args(kind))
    return inner or _title(getattr(kind, "__name__", str(kind)))


def _module(kind: Any) -> str:
    found = next((_module(each) for each in reversed(get_args(kind))), "")
    return found or str(getattr(kind, "__module__", __name__))

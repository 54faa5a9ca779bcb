"""Describes the allowed values of a setting, from its type."""

from typing import Any

import msgspec
from msgspec import inspect

from kumoi.kernel.settings import Settings


def complaint(name: str, value: str) -> str:
    """A sentence if the value is invalid for this setting; otherwise empty."""
    field = next(field for field in msgspec.structs.fields(Settings) if field.name == name)
    try:
        msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError:
        return f"{name}: {value!r} is not {_words(inspect.type_info(field.type))}; docs/settings.md says what it does"
    return ""


def _words(kind: Any) -> str:
    if isinstance(kind, inspect.LiteralType):
        return f"one of {', '.join(map(str, kind.values))}"
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        number = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
        above = f" from {kind.ge}" if kind.ge is not None else ""
        below = f" to {kind.le}" if kind.le is not None else ""
        return number + above + below
    if isinstance(kind, inspect.StrType) and kind.pattern:
        return f"text like {kind.pattern}"
    return "a value of its kind"

"""Evaluates the hint `query` for a host, as Nova's JsonFilter."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

_COMPARING: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


def holds(query: Any, host: Mapping[str, Any]) -> bool:
    """`host`: the value of each `$name`."""
    return bool(_value(query, host))


def _value(part: Any, host: Mapping[str, Any]) -> Any:
    if isinstance(part, str):
        if not part.startswith("$"):
            return part
        found: Any = host
        for name in part[1:].split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found
    if not isinstance(part, list) or not part:
        return part
    sign, arguments = part[0], [_value(each, host) for each in part[1:]]
    if sign == "not":
        return [not each for each in arguments] if len(arguments) != 1 else not arguments[0]
    if sign == "and":
        return all(arguments)
    if sign == "or":
        return any(arguments)
    if len(arguments) < 2:
        return False
    first, others = arguments[0], arguments[1:]
    if sign == "in":
        return first in others
    return all(_compared(_COMPARING[sign], first, each) for each in others)


def _compared(compare: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    try:
        return bool(compare(one, other))
    except TypeError:
        return False

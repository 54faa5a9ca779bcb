"""Converts a list's query to SQL conditions: the images that the caller may see, and the filters."""

import re
from collections.abc import Callable
from typing import Any, Literal

import sqlalchemy as sa

from kumoi.kernel import clock
from kumoi.kernel.bodies import distinct
from kumoi.kernel.pagination import Limit
from kumoi.kernel.queries import Params
from kumoi.kernel.who import Who
from kumoi.services.image.images.errors import InvalidImage
from kumoi.services.image.images.models import COMMUNITY, MOST, PUBLIC, SHARED, images, members, properties, tags

Condition = sa.ColumnElement[bool]
PAGING = frozenset({"limit", "marker", "sort", "sort_key", "sort_dir"})
_LISTED = frozenset({"id", "name", "status", "container_format", "disk_format"})
_EQUAL = frozenset({"checksum", "os_hash_algo", "os_hash_value", "owner"})
_NUMBERS = frozenset({"size", "min_disk", "min_ram", "virtual_size"})
_TIMES = frozenset({"created_at", "updated_at"})
TYPES: dict[str, Any] = {
    **dict.fromkeys(sorted(_LISTED | _EQUAL | _TIMES), str),
    **dict.fromkeys(sorted(_NUMBERS | {"size_min", "size_max"}), Limit),
    **dict.fromkeys(("protected", "os_hidden"), bool),
    "tag": list[str],
    "visibility": Literal["public", "private", "shared", "community", "all"],
    "member_status": Literal["accepted", "pending", "rejected", "all"],
}
"""Parameter → type, of all filters except those on custom properties."""
_COMPARE: dict[str, Callable[[Any, Any], Condition]] = {
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "eq": lambda column, value: column == value,
    "neq": lambda column, value: column != value,
}
_QUOTED = re.compile(r'"([^"]*)"|([^",]+)')
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


def seen_by(who: Who, params: Params) -> list[Condition]:
    """`visibility` and `member_status` select which images of other projects are listed."""
    visibility = _one(params, "visibility")
    if visibility not in (None, "public", "private", "shared", "community", "all"):
        raise InvalidImage(f"Invalid visibility value: {visibility}")
    member_status = _one(params, "member_status") or "accepted"
    if member_status not in ("accepted", "pending", "rejected", "all"):
        raise InvalidImage("Invalid value for member_status: it is accepted, pending, rejected or all.")
    conditions: list[Condition] = []
    if visibility not in (None, "all"):
        conditions.append(images.c.visibility == visibility)
    if who.sees(None) and "member_status" not in params:
        return conditions
    mine = sa.select(members.c.image_id).where(members.c.member_id == (who.project_id or ""))
    if member_status != "all":
        mine = mine.where(members.c.status == member_status)
    shared_with_me = sa.and_(images.c.visibility == SHARED, images.c.id.in_(mine))
    if who.sees(None):
        return [*conditions, shared_with_me]
    seen = [images.c.visibility == PUBLIC, shared_with_me]
    if who.project_id:
        seen.append(images.c.owner == who.project_id)
    if visibility in ("community", "all"):
        seen.append(images.c.visibility == COMMUNITY)
    return [*conditions, sa.or_(*seen)]


def asked_for(params: Params) -> list[Condition]:
    if len(params) > MOST:
        raise InvalidImage(f"The query has {len(params)} parameters; an image has at most {MOST} properties.")
    conditions = [_hidden(params)]
    for name, values in params.items():
        if name in PAGING or name in ("visibility", "member_status", "os_hidden"):
            continue
        if name == "tag":
            conditions += [
                images.c.id.in_(sa.select(tags.c.image_id).where(tags.c.tag == _short(name, tag)))
                for tag in distinct(values, name, MOST)
            ]
            continue
        conditions.append(_condition(name, values[-1]))
    return conditions


def _condition(name: str, value: str) -> Condition:
    if name in _LISTED:
        return _text(images.c[name], name, value)
    if name in _EQUAL:
        return images.c[name] == value
    if name == "protected":
        return images.c.protected.is_(_boolean(name, value))
    if name in ("size_min", "size_max"):
        size = _number(name, value)
        return images.c.size >= size if name == "size_min" else images.c.size <= size
    if name in _NUMBERS:
        return images.c[name] == _number(name, value)
    if name in _TIMES:
        return _moment(images.c[name], name, value)
    has = sa.select(properties.c.image_id).where(
        properties.c.name == _short("filter name", name), properties.c.value == value
    )
    return images.c.id.in_(has)


def _text(column: sa.ColumnElement[str], name: str, value: str) -> Condition:
    """A value, or `in:a,b,"c,d"`, `eq:a`, `neq:a`."""
    operator, colon, rest = value.partition(":")
    if not colon or operator not in ("in", "eq", "neq"):
        return column == value
    if operator != "in":
        return _COMPARE[operator](column, rest)
    if rest.count('"') % 2:
        raise InvalidImage(f"Invalid filter value {value[:255]} for {name}: the quote is not closed.")
    found = [quoted or plain.strip() for quoted, plain in _QUOTED.findall(rest)]
    if not found:
        raise InvalidImage(f"Invalid filter value {value[:255]} for {name}: nothing follows `in:`.")
    return column.in_(found)


def _moment(column: sa.ColumnElement[int], name: str, value: str) -> Condition:
    """`gte:2026-11-22T11:30:51Z`; without an operator: at that second."""
    operator, colon, rest = value.partition(":")
    if not colon or operator not in _COMPARE:
        operator, rest = "eq", value
    try:
        moment = clock.parse_iso(rest)
    except (ValueError, OverflowError):
        raise InvalidImage(f"Invalid time for {name}: {value[:100]} is not in ISO 8601.") from None
    # The API shows no fractions of seconds, so all instants of a second are equal.
    second = column - column % clock.SECOND
    return _COMPARE[operator](second, moment - moment % clock.SECOND)


def _hidden(params: Params) -> Condition:
    value = _one(params, "os_hidden")
    return images.c.os_hidden.is_(False if value is None else _boolean("os_hidden", value))


def _boolean(name: str, value: str) -> bool:
    if value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise InvalidImage(f"Invalid value for {name}: it is true or false.")


def _number(name: str, value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = -1
    if not 0 <= number < 2**63:
        raise InvalidImage(f"Invalid value for {name}: it is a number that is not negative.")
    return number


def _short(name: str, value: str) -> str:
    if len(value) > 255:
        raise InvalidImage(f"Invalid {name}: it has more than 255 letters.")
    return value


def _one(params: Params, name: str) -> str | None:
    return params[name][-1] if name in params else None

"""Declares and decodes the query parameters of routes."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qs

import msgspec

from kumoi.kernel import versions
from kumoi.kernel.bodies import OUT_OF_RANGE, explain, fits
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.versions import Span, Version

T = TypeVar("T")
Params = Mapping[str, list[str]]
"""Name → the texts that were sent, in order."""
Way = Literal["asc", "desc"]


@dataclass(frozen=True)
class Described:
    """Marks a parameter that the service parses itself, with its type for the OpenAPI document."""

    type: Any


FlagText = Annotated[str, Described(bool)]
"""A flag that the service parses itself, because it accepts more words than true and false."""
IntText = Annotated[str, Described(int)]
"""A number that the service reads itself."""
WayText = Annotated[str, Described(Way)]
"""A direction of sorting that the service reads itself."""
TimeText = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in ISO 8601 that the service reads itself."""


class Nothing(msgspec.Struct):
    """The query of a route that takes no parameters. What a client sends is ignored, and the handler gets no `query`."""


@dataclass(frozen=True)
class Family:
    """Parameters whose names match a pattern. `name` is their common name in the OpenAPI document, `type` the type of
    each."""

    name: str
    pattern: str
    """A regular expression for the whole of a parameter's name."""
    type: Any = str


@dataclass(frozen=True)
class Query(Generic[T]):
    """A query that a service reads from the texts itself, because it has its own rules and error messages. `shape`
    declares the parameters: their names, types and versions, but not how they are read."""

    shape: type[msgspec.Struct]
    read: Callable[[Params], T]
    """Converts the texts to the handler's `query`."""
    families: tuple[Family, ...] = ()
    takes_undeclared: bool = False
    """`read` also gets undeclared parameters, to refuse them with the service's own error. Otherwise they are
    dropped."""


def texts(shape: type[msgspec.Struct], *families: Family) -> Query[Params]:
    """A query whose handler gets the texts of the declared parameters unchanged."""
    return Query(shape, lambda params: params, families)


def optional(name: str, types: Mapping[str, Any]) -> type[msgspec.Struct]:
    """A struct of optional parameters. `types`: parameter → type; a list for a parameter that may be repeated."""
    fields: list[Any] = [
        (f"field_{number}", _absent(kind), msgspec.field(name=parameter, default=None))
        for number, (parameter, kind) in enumerate(types.items())
    ]
    return msgspec.defstruct(name, fields, kw_only=True)


def _absent(kind: Any) -> Any:
    """The type or None. Marks of versions stay outermost, where `versions.narrowed` looks for them."""
    spans = [mark for mark in get_args(kind)[1:] if isinstance(mark, Span)] if get_origin(kind) is Annotated else []
    return Annotated[(kind | None, *spans)] if spans else kind | None


def shape_of(declared: Any, version: Version | None) -> type[msgspec.Struct]:
    """The struct that names the parameters of this version."""
    shape: type[msgspec.Struct] = declared.shape if isinstance(declared, Query) else declared
    return versions.narrowed(shape, version) if version else shape


def families_of(declared: Any) -> tuple[Family, ...]:
    return declared.families if isinstance(declared, Query) else ()


def is_declared(name: str, declared: Any, version: Version | None) -> bool:
    if name in shape_of(declared, version).__struct_encode_fields__:
        return True
    return any(re.fullmatch(family.pattern, name) for family in families_of(declared))


def parameters(declared: Any, version: Version | None) -> Iterator[tuple[str, Any, bool]]:
    """(name, type, whether it is required) of each parameter, without families."""
    shape = shape_of(declared, version)
    hints = get_type_hints(shape, include_extras=True)
    for field in msgspec.structs.fields(shape):
        yield field.encode_name, _present(hints[field.name]), field.required


def _present(hint: Any) -> Any:
    """The type of a parameter that is there: without None and UNSET, and without the versions of the field."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        for mark in marks:
            if isinstance(mark, Described):
                return mark.type
        kept = [mark for mark in marks if isinstance(mark, msgspec.Meta)]
        return Annotated[(_present(inner), *kept)] if kept else _present(inner)
    if get_origin(hint) is list:
        return list[_present(get_args(hint)[0])]  # type: ignore[misc]
    choices = [_present(choice) for choice in get_args(hint) if choice not in (type(None), msgspec.UnsetType)]
    return Union[tuple(choices)] if _is_union(hint) else hint  # noqa: UP007


def _is_union(hint: Any) -> bool:
    return get_origin(hint) is Union or type(hint).__name__ == "UnionType"


def parse_query(text: str) -> dict[str, list[str]]:
    """Name → values, in order."""
    try:
        found = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except (ValueError, UnicodeDecodeError):
        raise BadRequest("The query string is malformed.") from None
    if "%00" in text and any("\0" in value for values in found.values() for value in values):
        raise BadRequest("The query string holds a NUL character.")
    return found


def refuse_unknown(params: Params, declared: Any, version: Version) -> None:
    """BadRequest naming the first parameter that the query of this version does not have."""
    for name in sorted(params):
        if not is_declared(name, declared, version):
            raise BadRequest(f"Invalid input for query parameters {name[:80]}. Additional properties are not allowed.")


def read_query(params: Params, declared: Any, version: Version | None) -> Any:
    """The handler's `query`."""
    if not isinstance(declared, Query):
        return decode_query(params, declared, version)
    if declared.takes_undeclared:
        return declared.read(params)
    return declared.read({name: found for name, found in params.items() if is_declared(name, declared, version)})


@cache
def _lists(kind: Any) -> frozenset[str]:
    """The parameters that may be repeated."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind) if "list" in str(field.type))


def decode_query(params: Params, kind: Any, version: Version | None) -> Any:
    """The query as the declared struct. List fields get every value of their name, others the last one."""
    small = versions.narrowed(kind, version) if version else kind
    lists = _lists(small)
    values: dict[str, Any] = {name: found if name in lists else found[-1] for name, found in params.items()}
    try:
        value = msgspec.convert(values, small, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"Invalid input for query parameter {_explain(error)}") from None
    for field, name in zip(small.__struct_fields__, small.__struct_encode_fields__, strict=True):
        given = getattr(value, field)
        for one in given if isinstance(given, list) else (given,):
            if isinstance(one, int) and not fits(one):
                raise BadRequest(f"Invalid input for query parameter {name}: {OUT_OF_RANGE}")
    return value if small is kind else versions.widened(value, kind)


def _explain(error: msgspec.ValidationError) -> str:
    """As for bodies. Messages about a whole query name the missing or unknown parameter."""
    found = _OF_THE_WHOLE.fullmatch(str(error))
    if found is None:
        return explain(error)
    return f"{found['name']}: it is {'not known' if found['how'] == 'contains unknown' else 'required'}"


_OF_THE_WHOLE = re.compile(r"Object (?P<how>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)

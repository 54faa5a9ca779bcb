"""No number from a client causes a server error: every declared integer is sent with more than 64 bits."""

import re
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from kumoi import app
from kumoi.kernel import queries, versions
from kumoi.kernel.queries import Query
from kumoi.kernel.routes import Route, Service
from tests.cloud import Cloud

ID = "5b1f8e1c-0000-4000-8000-000000000000"
NUMBERS = (2**63, -(2**63) - 1, 10**21)
EVERY = [(service, route) for service in app.load_services() for route in service.each() if route.mode != "stream"]
PAGED = ("limit", "marker", "offset", "after", "size", "minRam", "page_size")
"""Of lists that read their queries themselves."""


def kinds(hint: Any) -> tuple[Any, ...]:
    """The choices of a type, without their marks."""
    if get_origin(hint) is Annotated:
        return kinds(get_args(hint)[0])
    if get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(kind for choice in get_args(hint) for kind in kinds(choice))
    return (hint,)


def whole_numbers(kind: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a body may have an integer: names of fields, and 0 for the first item of a list."""
    for choice in kinds(kind):
        if choice is int:
            yield place
        elif get_origin(choice) is list:
            yield from whole_numbers(get_args(choice)[0], (*place, 0))
        elif get_origin(choice) is dict:
            yield from whole_numbers(get_args(choice)[1], (*place, "any"))
        elif isinstance(choice, type) and issubclass(choice, msgspec.Struct) and len(place) < 6:
            hints = get_type_hints(choice, include_extras=True)
            for field in msgspec.structs.fields(choice):
                yield from whole_numbers(hints[field.name], (*place, field.encode_name))


def body_with(place: tuple[Any, ...], value: Any) -> Any:
    for part in reversed(place):
        value = [value] if part == 0 else {part: value}
    return value


def name(one: tuple[Any, ...]) -> str:
    service, route, *place = one
    return f"{service.type}:{route.name}:{'.'.join(map(str, place))}"


QUERIES = [
    (service, route, field.encode_name)
    for service, route in EVERY
    if route.query is not None and not isinstance(route.query, Query)
    for field in msgspec.structs.fields(route.query)
    if int in kinds(get_type_hints(route.query, include_extras=True)[field.name])
]
BODIES = [
    (service, route, *place)
    for service, route in EVERY
    if route.body is not None
    for place in whole_numbers(route.body)
]
LISTS = [(service, route) for service, route in EVERY if route.method == "GET" and "{" not in route.path]


def ask(cloud: Any, service: Service, route: Route, **more: Any) -> Any:
    path = re.sub(r"\{[^}]*\}", ID, service.prefix + route.path)
    headers = {}
    if marks := service.microversions:
        last = route.versions.last if route.versions else None
        headers["OpenStack-API-Version"] = f"{marks.service_type} {versions.text(last or marks.maximum)}"
    return cloud.call(route.method, path, as_="admin", headers=headers, **more)


def test_there_are_such_fields() -> None:
    found = {name(one) for one in (*QUERIES, *BODIES)}
    assert "compute:flavors.detail:minRam" in found and "cloud:events.index:after" in found
    assert "block_storage:volumes.index:size" in found and "compute:servers.create:server.min_count" in found


@pytest.mark.parametrize("one", QUERIES, ids=name)
def test_a_query(one_cloud: Cloud, one: tuple[Service, Route, str]) -> None:
    service, route, field = one
    for number in NUMBERS:
        told = ask(one_cloud, service, route, params={field: str(number)})
        assert told.status_code == 400 and field in told.text, told.text


@pytest.mark.parametrize("one", LISTS, ids=name)
def test_a_list_that_reads_its_query_itself(one_cloud: Cloud, one: tuple[Service, Route]) -> None:
    declared = queries.parameters(one[1].query, None) if one[1].query else ()
    for field in {*PAGED, *(name for name, kind, _ in declared if int in kinds(kind) or list[int] == kind)}:
        for text in (*map(str, NUMBERS), "9" * 5000, "²"):
            told = ask(one_cloud, *one, params={field: text})
            assert told.status_code < 500 or told.status_code == 501, (field, text[:30], told.text)


@pytest.mark.parametrize("one", BODIES, ids=name)
def test_a_body(one_cloud: Cloud, one: tuple[Any, ...]) -> None:
    service, route, *place = one
    for number in NUMBERS:
        body = body_with(tuple(place), number)
        told = ask(one_cloud, service, route, json={route.action: body} if route.action else body)
        assert told.status_code == 400, told.text
        assert str(place[-1] if place and place[-1] != 0 else route.action or "") in told.text
        assert "out of range" in told.text

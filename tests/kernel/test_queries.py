"""Queries: the route's declaration, the handler's argument, and the OpenAPI document."""

from typing import Annotated, Any, Literal

import msgspec
import pytest

from kumoi.kernel import openapi, policy
from kumoi.kernel.errors import ApiError, BadRequest
from kumoi.kernel.queries import (
    Family,
    FlagText,
    Nothing,
    Query,
    TimeText,
    optional,
    parameters,
    read_query,
    refuse_unknown,
    texts,
)
from kumoi.kernel.routes import Routes, Service, declared
from kumoi.kernel.versions import Microversions, parse, since


class Struct(msgspec.Struct, kw_only=True, rename={"changed": "changed-since"}):
    needed: str
    limit: Annotated[int, msgspec.Meta(ge=0)] | None = None
    kinds: list[Literal["a", "b"]] = []
    flag: FlagText | None = None
    changed: TimeText | msgspec.UnsetType = msgspec.UNSET
    later: Annotated[bool | None, since("1.5")] = None


OWN = texts(optional("Own", {"name": str, "router:external": list[bool]}), Family("properties", "property-[a-z]+", int))


def document(query: Any, newest: str = "1.9") -> dict[str, Any]:
    routes = Routes()
    routes.get("/things", policy=policy.public(), query=query, reply=list[str])(lambda request: [])
    marks = Microversions("toy", (1, 0), parse(newest), None, {}, {})
    service = Service(
        type="toy", name="toy", prefix="/toy", root="/toy", catalog_type="toy", catalog_path="/toy", routes=(routes,),
        render_error=ApiError.__str__, discovery=lambda service, url: {}, microversions=marks,
    )  # fmt: skip
    del declared["toy"]
    return openapi.document(service, "")


def described(query: Any, newest: str = "1.9") -> dict[str, Any]:
    found = document(query, newest)["paths"]["/toy/things"]["get"]["parameters"]
    return {each["name"]: (each["schema"], each["required"]) for each in found}


def test_the_description_has_the_type_of_every_parameter() -> None:
    assert described(Struct) == {
        "needed": ({"type": "string"}, True),
        "limit": ({"type": "integer", "minimum": 0}, False),
        "kinds": ({"type": "array", "items": {"enum": ["a", "b"]}}, False),
        "flag": ({"type": "boolean"}, False),
        "changed-since": ({"type": "string", "format": "date-time"}, False),
        "later": ({"type": "boolean"}, False),
    }


def test_the_description_is_of_one_version() -> None:
    assert "later" not in described(Struct, "1.4")
    assert [name for name, _, _ in parameters(Struct, (1, 4))] == ["needed", "limit", "kinds", "flag", "changed-since"]


def test_a_family_is_described_as_an_object_spread_over_the_query() -> None:
    found = document(OWN)["paths"]["/toy/things"]["get"]["parameters"]
    assert found[1]["schema"] == {"type": "array", "items": {"type": "boolean"}}
    assert found[2] == {
        "name": "properties",
        "in": "query",
        "required": False,
        "style": "form",
        "explode": True,
        "schema": {
            "type": "object",
            "patternProperties": {"^property-[a-z]+$": {"type": "integer"}},
            "additionalProperties": False,
        },
    }


def test_what_is_not_declared_does_not_reach_the_handler() -> None:
    sent = {"name": ["a", "b"], "property-x": ["1"], "property-": ["2"], "stranger": ["3"]}
    assert read_query(sent, OWN, None) == {"name": ["a", "b"], "property-x": ["1"]}


def test_a_service_that_refuses_in_its_own_words_gets_everything() -> None:
    every = Query(optional("Every", {"name": str}), dict, takes_undeclared=True)
    assert read_query({"stranger": ["3"]}, every, None) == {"stranger": ["3"]}


def test_a_closed_query_refuses_the_undeclared() -> None:
    refuse_unknown({"name": ["a"], "property-x": ["1"]}, OWN, (1, 0))
    with pytest.raises(BadRequest, match="property-\\."):
        refuse_unknown({"property-": ["1"]}, OWN, (1, 0))
    with pytest.raises(BadRequest, match="later"):
        refuse_unknown({"later": ["true"]}, Struct, (1, 4))


def test_a_query_without_parameters_is_described_as_such() -> None:
    assert described(Nothing) == {}

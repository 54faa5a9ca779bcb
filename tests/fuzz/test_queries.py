"""The fuzz sends declared parameters with values of their types, including repeated ones and families."""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from kumoi import app
from kumoi.kernel import openapi

SERVICES = {service.type: service for service in app.load_services()}


def drawn(service: str, path: str, name: str) -> list[dict[str, Any]]:
    """Queries with one parameter of a GET, all valid by the description."""
    described = openapi.document(SERVICES[service], "http://cloud")
    operation = described["paths"][path]["get"]
    operation["parameters"] = [each for each in operation["parameters"] if each["name"] == name]
    found: list[dict[str, Any]] = []
    strategy = schemathesis.openapi.from_dict(
        {**described, "paths": {path: {"get": {**operation, "security": []}}}}
    )[path]["GET"].as_strategy(generation_mode=GenerationMode.POSITIVE)  # fmt: skip

    @seed(1)
    @settings(max_examples=30, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def draw(case: Any) -> None:
        found.append(dict(case.query or {}))

    draw()
    return found


PORTS = "/network/v2.0/ports"


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("limit", r"\d+"),
        ("sort_dir", "asc|desc"),
        ("sort_key", "[a-z_:]+"),
        ("admin_state_up", "true|false|True|False"),
        ("revision_number", r"-?\d+"),
    ],
)
def test_values_have_their_types(name: str, pattern: str) -> None:
    found = [query[name] for query in drawn("network", PORTS, name) if name in query]
    texts = [str(each) for value in found for each in (value if isinstance(value, list) else [value])]
    assert texts and all(re.fullmatch(pattern, text) for text in texts), texts


def test_parameters_are_repeated() -> None:
    assert any(len(query.get("name", [])) > 1 for query in drawn("network", PORTS, "name"))


def test_names_of_a_family_are_asked() -> None:
    names = {name for query in drawn("identity", "/identity/v3/projects", "inexact") for name in query}
    assert names
    assert all(re.fullmatch("(name|domain_id|parent_id)__i?(contains|startswith|endswith)", name) for name in names)

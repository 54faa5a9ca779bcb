"""The fuzz asks declared parameters with values of their types, repeated ones and families of names included."""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from kumoi import app
from kumoi.kernel import openapi

SERVICES = {service.type: service for service in app.load_services()}


def drawn(service: str, path: str) -> list[dict[str, Any]]:
    """Queries that a GET of the path is asked with, all of them as the description allows."""
    described = openapi.document(SERVICES[service], "http://cloud")
    operation = described["paths"][path]["get"]
    found: list[dict[str, Any]] = []
    strategy = schemathesis.openapi.from_dict(
        {**described, "paths": {path: {"get": {**operation, "security": []}}}}
    )[path]["GET"].as_strategy(generation_mode=GenerationMode.POSITIVE)  # fmt: skip

    @seed(1)
    @settings(max_examples=60, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def draw(case: Any) -> None:
        found.append(dict(case.query or {}))

    draw()
    return found


def values(queries: list[dict[str, Any]], name: str) -> list[str]:
    """What was asked under the name, as it stands in an address."""
    found = [query[name] for query in queries if name in query]
    return [str(each) for value in found for each in (value if isinstance(value, list) else [value])]


@pytest.fixture(scope="module")
def of_ports() -> list[dict[str, Any]]:
    return drawn("network", "/network/v2.0/ports")


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
def test_values_have_their_types(of_ports: list[dict[str, Any]], name: str, pattern: str) -> None:
    found = values(of_ports, name)
    assert found and all(re.fullmatch(pattern, value) for value in found), found


def test_parameters_are_repeated(of_ports: list[dict[str, Any]]) -> None:
    assert any(isinstance(value, list) and len(value) > 1 for query in of_ports for value in query.values())


def test_names_of_a_family_are_asked() -> None:
    names = {name for query in drawn("identity", "/identity/v3/projects") for name in query}
    assert any(re.fullmatch("(name|domain_id|parent_id)__i?(contains|startswith|endswith)", name) for name in names)

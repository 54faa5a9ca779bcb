"""The resources of a service have an order: each imports only those before it (`ORDER` in the service's `__init__.py`)."""

import importlib
from pathlib import Path

import grimp
import pytest

import kumoi
from kumoi import services

SERVICES = sorted(path.parent.name for path in Path(services.__path__[0]).glob("*/service.py"))
ON_TOP = {"service", "facade", "bootstrap", "audit", "sweeps"}
"""They may import every resource of their service. Resources may import none of these, and `sweeps` only `audit`."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("kumoi", cache_dir=None)


def order_of(service: str) -> tuple[str, ...]:
    return tuple(importlib.import_module(f"kumoi.services.{service}").ORDER)


def backwards(graph: grimp.ImportGraph, service: str) -> set[str]:
    """`networks.logic -> subnets`, where subnets does not precede networks."""
    package = f"kumoi.services.{service}"
    height = {name: index for index, name in enumerate(order_of(service))}
    found = set()
    for importer in graph.find_descendants(package):
        for imported in graph.find_modules_directly_imported_by(importer):
            if not imported.startswith(f"{package}."):
                continue
            a, b = importer.removeprefix(f"{package}."), imported.removeprefix(f"{package}.")
            one, other = a.split(".")[0], b.split(".")[0]
            if one == other or one in ON_TOP:
                continue
            if other in ON_TOP or height[other] > height[one]:
                found.add(f"{a} -> {other}")
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_room_has_its_place(service: str) -> None:
    folder = Path(kumoi.__file__).parent / "services" / service
    there = {path.stem for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__")}
    order = order_of(service)
    assert len(set(order)) == len(order)
    assert set(order) == there - ON_TOP, f"ORDER in services/{service}/__init__.py names every room of the service once"


@pytest.mark.parametrize("service", SERVICES)
def test_imports_follow_the_order(graph: grimp.ImportGraph, service: str) -> None:
    assert backwards(graph, service) == set(), (
        "a room imports what does not stand before it in ORDER: use `kernel/removal.py` (a resource reports that a row is "
        "deleted), `facade/`, or a room of rows below both, such as `port_rows`"
    )

"""Inside a service resources stand in an order: each imports only what stands before it (`ORDER` in the service's
`__init__.py`). Exceptions are listed here, and the list may only shrink."""

import importlib
from pathlib import Path

import grimp
import pytest

import kumoi
from kumoi import services

SERVICES = sorted(path.parent.name for path in Path(services.__path__[0]).glob("*/service.py"))
ON_TOP = {"service", "facade", "bootstrap", "audit", "sweeps"}
"""They may import every resource of their service. Of these, resources may import none, and `sweeps` only `audit`."""

EXCEPTIONS: dict[str, set[str]] = {
    "block_storage": {
        "snapshots.api -> volumes.logic.changes",
        "snapshots.logic -> volumes.models",
        "snapshots.logic -> volumes.store",
        "volumes.logic.changes -> attachments.store",
        "volumes.logic.listing -> attachments.store",
        "volumes.operations.extend -> attachments.models",
        "volumes.operations.extend -> attachments.store",
    },
    "compute": {
        "servers.reconcilers.guest -> interfaces.operations.detach",
        "servers.reconcilers.late_devices -> interfaces.operations.detach",
        "servers.reconcilers.power_state -> server_actions.operations.stop",
        "volume_attachments.logic -> servers.logic.block_devices",
        "volume_attachments.logic -> servers.logic.changes",
        "volume_attachments.logic -> servers.models",
        "volume_attachments.operations.attach -> servers.operations.guest",
        "volume_attachments.operations.detach -> servers.models",
        "volume_attachments.operations.detach -> servers.operations.guest",
        "volume_attachments.schemas -> servers.schemas.values",
    },
    "identity": {
        "policy -> assignments.effective",
        "projects.logic -> assignments.effective",
        "projects.logic -> domains.logic",
        "users.logic -> domains.logic",
        "users.logic -> groups.store",
        "users.logic -> projects.models",
    },
    "image": {
        "images.filters -> members.models",
        "images.logic -> members.store",
    },
    "network": {
        "addresses.logic -> subnets.models",
        "addresses.models -> ports.models",
        "addresses.models -> subnets.models",
        "addresses.store -> ports.models",
        "addresses.store -> subnets.models",
        "networks.logic -> floating_ips.store",
        "networks.logic -> subnets.store",
        "networks.reconcilers.network -> subnets.store",
        "networks.store -> subnets.models",
        "ports.logic -> floating_ips.store",
        "ports.logic -> networks.logic",
        "ports.logic -> networks.store",
        "ports.logic -> subnets.store",
        "ports.models -> networks.models",
        "ports.store -> networks.models",
        "routers.logic -> floating_ips.store",
        "security_groups.store -> ports.models",
        "security_groups.store -> security_group_rules.models",
        "subnetpools.store -> subnets.models",
        "subnets.logic -> metadata.logic",
    },
    "placement": {
        "inventories.logic -> allocations.store",
        "inventories.logic -> resource_providers.logic",
        "inventories.logic -> resource_providers.store",
        "inventories.models -> resource_providers.models",
        "resource_providers.logic -> aggregates.store",
        "resource_providers.logic -> allocations.store",
        "resource_providers.logic -> traits.standard",
        "resource_providers.logic -> traits.store",
    },
}

HOW_MANY = 53
"""All exceptions together. Lower it with the list; a new exception is no way out: `kernel/removal.py` says how a resource
lets others know that a row goes, `facade/` and a room of its own are other ways."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("kumoi", cache_dir=None)


def order_of(service: str) -> tuple[str, ...]:
    return tuple(importlib.import_module(f"kumoi.services.{service}").ORDER)


def backwards(graph: grimp.ImportGraph, service: str) -> set[str]:
    """`networks.logic -> subnets.store`, where subnets does not stand before networks."""
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
                found.add(f"{a} -> {b}")
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
    found, known = backwards(graph, service), EXCEPTIONS.get(service, set())
    assert found - known == set(), "a room imports what does not stand before it in ORDER"
    assert known - found == set(), "these exceptions are gone: take them off the list, and lower HOW_MANY"


def test_the_number_of_exceptions_is_written() -> None:
    assert sum(map(len, EXCEPTIONS.values())) == HOW_MANY

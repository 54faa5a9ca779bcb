"""Learn one folder, know them all: a resource has only known rooms, and its tables carry its service's name."""

from pathlib import Path

import kumoi
from kumoi import app
from kumoi.kernel.database import metadata

SERVICES = Path(kumoi.__file__).parent / "services"
RESOURCE_ROOMS = {
    "__init__",
    "api",
    "streams",
    "schemas",
    "models",
    "store",
    "logic",
    "live",
    "errors",
    "operations",
    "reconcilers",
    "audit",
    "tagged",
}
FORBIDDEN = {"manager", "utils", "helpers", "common", "misc", "base"}
NO_RESOURCES = {"__pycache__", "facade"}
MOST_ROOMS_OF_ITS_OWN = 4


def test_resources_have_known_rooms_and_few_of_their_own() -> None:
    crowded = {}
    for service in (path for path in SERVICES.iterdir() if path.is_dir() and path.name != "__pycache__"):
        for resource in (path for path in service.iterdir() if path.is_dir() and path.name not in NO_RESOURCES):
            own = {room.stem for room in resource.iterdir() if room.name != "__pycache__"} - RESOURCE_ROOMS
            if len(own) > MOST_ROOMS_OF_ITS_OWN:
                crowded[f"{service.name}/{resource.name}"] = sorted(own)
    assert crowded == {}, "a resource with this many rooms of its own is two resources"


def test_no_room_without_a_name_of_its_own() -> None:
    every = Path(kumoi.__file__).parent.rglob("*.py")
    assert [str(path) for path in every if FORBIDDEN & set(path.with_suffix("").parts)] == []


def test_tables_carry_their_service() -> None:
    app.load_services()
    types = [path.name for path in SERVICES.iterdir() if path.is_dir()]
    odd = [
        t
        for t in metadata.tables
        if not t.startswith(("kernel_", "toy_")) and not any(t.startswith(f"{k}_") for k in types)
    ]
    assert odd == []


def test_files_stay_small_enough_to_read() -> None:
    long = {
        str(path.relative_to(SERVICES.parent)): lines
        for path in SERVICES.parent.rglob("*.py")
        if "versions" not in path.parts and (lines := len(path.read_text().splitlines())) > 600
    }
    assert long == {}, "a file past 600 lines is two rooms"

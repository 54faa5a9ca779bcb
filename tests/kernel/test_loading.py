"""A process does not load what it does not use."""

import subprocess
import sys
from pathlib import Path

from kumoi import app

OF_A_CLOUD_ON_SQLITE = """
import sys
import kumoi.serve, kumoi.runner
from kumoi import app
from kumoi.kernel import reconcile
from kumoi.kernel.database import Database
app.load_services()
database = Database("sqlite:///" + sys.argv[1])
database.create_all()
database.write(lambda tx: reconcile.mark(tx, "toy", "1"))
assert [row["id"] for row in database.read(reconcile.pending)] == ["1"]
print("psycopg" in sys.modules)
"""


def test_a_cloud_on_sqlite_loads_no_driver_of_postgresql(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", OF_A_CLOUD_ON_SQLITE, str(tmp_path / "kumoi.db")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


OF_STREAMS = """
OBJECTS = (["object_store"], ["s3"])  # nearly all of their routes are of mode stream
import sys
import kumoi.serve
from kumoi import app
from kumoi.kernel import removal
from kumoi.kernel.database import metadata
from kumoi.services.identity import facade
app.load_streams()
for table in metadata.tables.values():
    for key in table.foreign_keys:
        key.column
try:
    removal.Removal().run(None, [])
except RuntimeError as error:
    print(error)
print(*sorted(name for name in sys.modules if name.startswith("kumoi.services.") and name.endswith(".api")))
counted = [name for name in sys.modules if name.startswith("kumoi.services.")]
print(*(len([name for name in names if name.split(".")[2:3] not in OBJECTS]) for names in (app.service_modules(), counted)))
"""


def test_streams_load_the_rooms_of_their_own_routes_and_the_tables_these_name() -> None:
    done = subprocess.run([sys.executable, "-c", OF_STREAMS], capture_output=True, text=True, check=True)
    refusal, routes, counts = done.stdout.splitlines()
    every, loaded = map(int, counts.split())
    assert routes == ""
    assert refusal == "this process does not know everything that depends on the rows"
    assert loaded < every / 2


def test_every_route_of_mode_stream_is_in_a_room_of_that_name() -> None:
    for service in app.load_services():
        assert [route for route in service.each() if route.mode == "stream"] == service.streaming()

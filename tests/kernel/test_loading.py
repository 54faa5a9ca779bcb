"""What a process does not use costs it neither time nor memory."""

import subprocess
import sys
from pathlib import Path

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

"""`python -m kumoi.migrations MESSAGE` writes the migration from the newest revision to the tables in the code.
`--merge` writes the one that joins two branches' heads."""

import argparse
import sys
import tempfile

from kumoi import migrations
from kumoi.kernel.database import Database

parser = argparse.ArgumentParser(prog="python -m kumoi.migrations", description=__doc__)
parser.add_argument("message", nargs="*", help='what changes, such as "add secrets"')
parser.add_argument("--merge", action="store_true", help="join the heads that two branches left")
asked = parser.parse_args()
if bool(asked.message) == asked.merge:
    parser.error("either MESSAGE or --merge")

if asked.merge:
    path = migrations.merge()
    if path is None:
        sys.exit("There is one head already.")
else:
    if len(heads := migrations.scripts().get_heads()) > 1:
        sys.exit(f"There are {len(heads)} heads; python -m kumoi.migrations --merge joins them first.")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/kumoi.db")
        if heads:
            migrations.upgrade(database)
        path = migrations.new(database, " ".join(asked.message))
        database.close()
sys.stdout.write(f"{path}\n")

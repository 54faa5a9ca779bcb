"""`python -m kumoi.migrations MESSAGE`: write the migration from the newest one to the tables as the code has them."""

import sys
import tempfile

from kumoi import migrations
from kumoi.kernel.database import Database

with tempfile.TemporaryDirectory() as folder:
    database = Database(f"sqlite:///{folder}/kumoi.db")
    if migrations.at(database)[1] is not None:
        migrations.upgrade(database)
    migrations.new(database, " ".join(sys.argv[1:]) or "change")

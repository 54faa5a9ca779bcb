"""Upgrades the tables. Each migration expands or contracts, never both.

Migrations form a graph, as commits do. After two branches that each add one are merged, there are two heads: `merge`
writes the revision that joins them, so that a cloud which has one of them gets the other. Nobody edits a migration that
others may have applied.
"""

import io
import re
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from kumoi.kernel import changes, counts, processes
from kumoi.kernel.database import Database
from kumoi.kernel.database import metadata as declared

HERE = Path(__file__).parent
NAME = re.compile(r"\d{8}T\d{6}_[a-z0-9_]+\.py")
"""<utc>_<slug>: the order in a folder is the order in time, and two branches do not choose the same name."""
_TEMPLATE = "%%(year)d%%(month).2d%%(day).2dT%%(hour).2d%%(minute).2d%%(second).2d_%%(slug)s"


def _config(database: Database | None, folder: Path, metadata: sa.MetaData = declared) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(folder))
    config.set_main_option("file_template", _TEMPLATE)
    config.set_main_option("timezone", "UTC")
    config.attributes.update(database=database, metadata=metadata)
    return config


def upgrade(database: Database, revision: str = "head", folder: Path = HERE) -> None:
    """Upgrade the tables to this code's version. An empty database gets new tables. Migrations run without the
    triggers of changes and counts, because SQLite changes a table by making it anew; the newest tables get them again."""
    with database.connection() as connection, connection.begin():
        if not _whole(connection, folder):
            changes.uninstall(connection)
            counts.remove(connection)
    command.upgrade(_config(database, folder), revision)
    with database.connection() as connection, connection.begin():
        if folder == HERE and _whole(connection, folder):
            changes.install(connection)
            counts.install(connection)


def _whole(connection: sa.Connection, folder: Path) -> bool:
    """Whether the database has every migration."""
    return set(MigrationContext.configure(connection).get_current_heads()) == set(scripts(folder).get_heads())


def at(database: Database) -> tuple[str | None, str | None]:
    """(the database's revision, this code's revision)."""
    with database.connection() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config(database, HERE)).get_current_head()


def known(database: Database) -> bool:
    """Whether this code knows the database's migrations. An empty database has none."""
    with database.connection() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    ours = {script.revision for script in scripts().walk_revisions()}
    return ours.issuperset(current)


def scripts(folder: Path = HERE) -> ScriptDirectory:
    """The graph of the migrations in a folder."""
    return ScriptDirectory.from_config(_config(None, folder))


def new(database: Database, message: str, folder: Path = HERE, metadata: sa.MetaData = declared) -> Path:
    """Write the migration from the database's tables to the code's: `python -m kumoi.migrations MESSAGE`."""
    script = command.revision(_config(database, folder, metadata), message, autogenerate=True)
    return _written(script)


def merge(folder: Path = HERE) -> Path | None:
    """Write the revision that joins all heads: `python -m kumoi.migrations --merge`. None: there is only one head."""
    heads = scripts(folder).get_heads()
    if len(heads) < 2:
        return None
    return _written(command.merge(_config(None, folder), heads, f"merge {' and '.join(sorted(heads))}"))


def _written(script: object) -> Path:
    """A new migration's file, as the house formats it."""
    assert isinstance(script, Script)
    path = Path(script.path)
    # Remove Alembic's comments from the draft.
    path.write_text(re.sub(r"(?m)^\s*# ### .* ###\n", "", path.read_text()))
    for words in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        processes.run(
            [sys.executable, "-m", "ruff", *words, "--config", str(HERE.parents[2] / "pyproject.toml"), str(path)]
        )
    return path

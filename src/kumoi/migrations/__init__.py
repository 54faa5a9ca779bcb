"""The way of the tables from version to version; each migration expands or contracts, never both."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kumoi.kernel.database import Database


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database"] = database
    return config


def upgrade(database: Database) -> None:
    """Bring the tables to this code's version; on an empty database, make them."""
    command.upgrade(_config(database), "head")


def at(database: Database) -> tuple[str | None, str | None]:
    """(the database's revision, this code's revision)."""
    with database.connection() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config(database)).get_current_head()


def new(database: Database, message: str) -> None:
    """Write the migration from the database's tables to the code's: `python -m kumoi.migrations MESSAGE`."""
    command.revision(_config(database), message, autogenerate=True, rev_id=None)

"""Creates a project's default group on first use."""

from kumoi.kernel.database import Database
from kumoi.kernel.who import Who
from kumoi.services.network.security_groups import logic


def ensure_default(database: Database, who: Who) -> None:
    """One read if it exists."""
    project_id = who.project_id
    if project_id and not database.read(lambda tx: logic.has_default(tx, project_id)):
        database.write(lambda tx: logic.ensure_default(tx, project_id))

"""How Alembic reaches the database; run by kumoi.migrations only."""

from alembic import context

from kumoi import app
from kumoi.kernel.database import metadata

app.load_services()

with context.config.attributes["database"].connection() as connection, connection.begin():
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transaction_per_migration=False,
    )
    context.run_migrations()

"""Alembic's environment; used only by kumoi.migrations."""

from alembic import context

from kumoi import app

app.load_services()

database = context.config.attributes["database"]
with database.connection() as connection:
    sqlite = database.dialect == "sqlite"
    if sqlite:
        # Changing a column recreates its table. Dropping the old table would delete all rows that refer to it (ON
        # DELETE CASCADE). The pragma does nothing inside a transaction.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            context.configure(
                connection=connection,
                target_metadata=context.config.attributes["metadata"],
                render_as_batch=True,
                transaction_per_migration=False,
            )
            context.run_migrations()
            if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"the migrations would leave rows that refer to none: {broken[:10]}")
    finally:
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")

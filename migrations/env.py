"""How Alembic runs here: on the connection it is handed, safely on SQLite too."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

import comments_service.models  # noqa: F401  (fills the metadata)
from comments_service.db import Base

# A lock of PostgreSQL's that has nothing but a number, which nobody else here uses.
MIGRATING = 2026


def run(connection: Connection) -> None:
    """Migrate in one transaction; on SQLite with foreign keys off around it and checked after.

    With them on, a batch change drops and rebuilds the table, and CASCADE empties those that refer to it.
    """
    sqlite = connection.dialect.name == "sqlite"
    driver = connection.connection.driver_connection
    assert driver is not None
    if sqlite:
        driver.execute("PRAGMA foreign_keys = OFF")
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=sqlite,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            if not sqlite:
                take_turn(connection)
            context.run_migrations()
            if sqlite and (broken := driver.execute("PRAGMA foreign_key_check").fetchall()):
                raise RuntimeError(f"the migration broke {len(broken)} foreign keys; nothing was changed")
        connection.commit()
    finally:
        if sqlite:
            driver.execute("PRAGMA foreign_keys = ON")


def take_turn(connection: Connection) -> None:
    """On PostgreSQL: wait until nobody else migrates or writes, and keep it so to the end of the transaction.

    Two that migrate at once would both make the first table. Writers begin with a thread: whoever waits there
    holds nothing that the migration wants, while one halfway would soon wait for it as it waits for them.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
    if connection.execute(text("SELECT to_regclass('thread')")).scalar() is not None:
        connection.execute(text("LOCK TABLE thread IN EXCLUSIVE MODE"))


run(context.config.attributes["connection"])

"""Bringing the database to the present schema: Alembic through its API, imported only when needed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from .db import Base, Database
from .searching import SEARCH

if TYPE_CHECKING:
    from alembic.config import Config

Act: TypeAlias = "Callable[[Config], None]"

HERE = Path(__file__).resolve().parent
# PostgreSQL: how long one try waits for a lock, the pause after it, and how many there are.
LOCK_MILLISECONDS = 2_000
PAUSE_SECONDS = 1.0
TRIES = 30
# deadlock_detected and lock_not_available: nothing was changed, and the next try may do.
AGAIN = ("40P01", "55P03")

# It tells at every look which database it looks at, and health checks look every few seconds.
logging.getLogger("alembic").setLevel(logging.WARNING)


def folder() -> Path:
    """The migrations: shipped in the package, beside it in a source tree."""
    inside = HERE / "migrations"
    return inside if inside.is_dir() else HERE.parent / "migrations"


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to `revision`, taking the write turn for all of it."""
    from alembic import command

    _make_file(database)
    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str) -> None:
    """Migrate down to `revision`, taking the write turn for all of it."""
    from alembic import command

    _run(database, lambda config: command.downgrade(config, revision))


def current(connection: Connection) -> str | None:
    """The revision the database is at; None before the first migration."""
    # Every command asks: Alembic, which writes this table, would take as long to import as the command runs.
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@cache
def newest() -> str:
    """The revision this version of the service needs: files are named for theirs, in order."""
    return max(path.name for path in (folder() / "versions").glob("[0-9]*.py")).partition("_")[0]


def is_current(connection: Connection) -> bool:
    """Whether the database has the schema this version of the service needs."""
    return current(connection) == newest()


def drift(connection: Connection) -> list[str]:
    """How the tables differ from the models, one line each; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from . import models  # fills the metadata

    assert models.Comment.metadata is Base.metadata
    options = {"compare_type": True, "include_object": _is_modelled}
    context = MigrationContext.configure(connection, opts=options)
    return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def _is_modelled(thing: object, name: str | None, kind: str, is_found: bool, model: object) -> bool:
    # The search's indexes are each database's own.
    return not (name or "").startswith(SEARCH)


def _make_file(database: Database) -> None:
    if database.turn is not None:
        # What readers wrote is nobody else's on this machine; SQLite gives its other files the same mode.
        path = database.settings.database_path
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _run(database: Database, act: Act) -> None:
    if database.turn is None:
        _run_patiently(database, act)
        return
    with database.turn.taken(), database.writer.connect() as connection:
        act(_config(connection))


def _run_patiently(database: Database, act: Act) -> None:
    """On PostgreSQL: all or nothing, as often as it takes to get a moment among those who read and write.

    Whoever comes after somebody who waits for a lock waits too. So it waits but briefly, lets them by, and
    asks again: a long backup delays a migration then, and not the whole service.
    """
    from . import postgres  # its driver comes with an extra, which SQLite does not need

    for attempt in range(TRIES):
        with database.writer.connect() as connection:
            postgres.be_patient(connection)
            connection.execute(text(f"SET lock_timeout = {LOCK_MILLISECONDS}"))
            try:
                act(_config(connection))
                return
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in AGAIN or attempt == TRIES - 1:
                    raise
            finally:
                connection.invalidate()  # its settings are not for the writers that come after
        sleep(PAUSE_SECONDS)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

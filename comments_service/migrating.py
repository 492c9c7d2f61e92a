"""Bringing the database to the present schema: Alembic through its API, imported only when needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from .db import Database

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).resolve().parent


def folder() -> Path:
    """The migrations: shipped in the package, beside it in a source tree."""
    inside = HERE / "migrations"
    return inside if inside.is_dir() else HERE.parent / "migrations"


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to `revision`, taking the write turn for all of it."""
    from alembic import command

    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str) -> None:
    """Migrate down to `revision`, taking the write turn for all of it."""
    from alembic import command

    _run(database, lambda config: command.downgrade(config, revision))


def current(connection: Connection) -> str | None:
    """The revision the database is at; None before the first migration."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this version of the service needs."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(folder())).get_current_head()
    assert head is not None
    return head


def is_current(engine: Engine) -> bool:
    """Whether the database has the schema this version of the service needs."""
    with engine.connect() as connection:
        return current(connection) == newest()


def _run(database: Database, act: object) -> None:
    assert callable(act)
    if database.turn is None:
        with database.writer.connect() as connection:
            act(_config(connection))
        return
    with database.turn.taken(), database.writer.connect() as connection:
        act(_config(connection))


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

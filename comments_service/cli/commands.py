"""How every command meets settings, database and failure."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from .. import migrating, upkeep
from ..config import Settings, SettingsError
from ..db import Database
from ..errors import Invalid, ServiceError
from ..identity import Signer

MIGRATE = "The database is not migrated; run: comments-service db upgrade"


class Commands(click.Group):
    """The outermost group: what goes wrong becomes one sentence on stderr and exit code 1.

    `places` says in which module of `package` each command is, and by which name: `module:name`.
    """

    def __init__(self, *arguments: Any, package: str, places: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._package, self._places = package, places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None if there is none."""
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"{self._package}.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; raises ClickException, which click prints."""
        try:
            return super().invoke(ctx)
        except Invalid as error:
            raise click.ClickException(_sentence(error)) from error
        except ServiceError as error:
            raise click.ClickException(error.message) from error
        except SettingsError as error:
            raise click.ClickException(str(error)) from error
        except DBAPIError as error:
            raise click.ClickException(_words_of(error.orig)) from error
        except sqlite3.Error as error:
            raise click.ClickException(_words_of(error)) from error


def _sentence(error: Invalid) -> str:
    return " ".join([error.message, *(f"{bad.field}: {bad.message}" for bad in error.errors)])


def _words_of(error: BaseException | None) -> str:
    return f"The database says: {' '.join(str(error).split())}"


@contextmanager
def unchecked() -> Iterator[Database]:
    """The database of the settings, migrated or not."""
    with upkeep.opened(Settings.read()) as database:
        yield database


@contextmanager
def opened() -> Iterator[Database]:
    """The database of the settings; a ClickException unless it is migrated."""
    with unchecked() as database:
        require_migrated(database)
        yield database


def require_migrated(database: Database) -> None:
    """Nothing when the database has the newest schema; else a ClickException that says what to run."""
    # Connecting would make an empty file.
    if database.settings.is_sqlite and not database.settings.database_path.exists():
        raise click.ClickException(MIGRATE)
    with snapshot(database) as session:
        if not migrating.is_current(session.connection()):
            raise click.ClickException(MIGRATE)


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """A reading session that sees one moment, however long it reads, and makes no writer wait."""
    engine = _reading_engine(database.settings)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def _reading_engine(settings: Settings) -> Engine:
    if not settings.is_sqlite:
        return create_engine(
            settings.database_url, isolation_level="REPEATABLE READ", connect_args={"connect_timeout": 5}
        )
    engine = create_engine(f"sqlite:///{settings.database_path}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.execute(text("BEGIN")))
    return engine


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute("PRAGMA query_only = ON")


def signer(database: Database) -> Signer:
    """What hashes the secrets that commands hand out."""
    return Signer(database.settings.secret_key)


def progress(sentence: str) -> None:
    """Say on stderr what a long command is doing; its answer alone goes to stdout."""
    click.echo(f"{sentence} ...", err=True)

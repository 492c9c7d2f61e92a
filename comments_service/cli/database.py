"""`db`: bringing the database up to date, looking whether it is sound, copying it."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import click
from sqlalchemy import make_url

from .. import migrating
from ..config import Settings
from ..db import Database
from .commands import MIGRATE, opened, progress, snapshot, unchecked

# A step copies this many pages (4 MB) between two words of progress.
PAGES = 1_000


@click.group()
def db() -> None:
    """Migrate, check and back up the database.

    \b
    Example:
      comments-service db upgrade
    """


@db.command()
def upgrade() -> None:
    """Make the tables, or bring them up to this version. Again changes nothing.

    \b
    Example:
      comments-service db upgrade
    """
    with unchecked() as database:
        progress(f"Migrating to {migrating.newest()}")
        migrating.upgrade(database)
    click.echo(f"The database is at {migrating.newest()}.")


@db.command()
def check() -> None:
    """Look whether the database is migrated and sound; exits with 1 if not. Changes nothing.

    \b
    Example:
      comments-service db check
    """
    with opened() as database:
        problems = _damage(database) if database.settings.is_sqlite else []
        with snapshot(database) as session:
            problems += migrating.drift(session.connection())
    if problems:
        raise click.ClickException("The database is not sound: " + "; ".join(problems))
    click.echo(f"The database is at {migrating.newest()} and sound.")


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the database into FILE while it is in use; the copy is checked, and never overwrites.

    \b
    Example:
      comments-service db backup /backups/comments-monday.db
    """
    settings = Settings.read()
    if not settings.is_sqlite:
        raise click.ClickException(f"PostgreSQL is copied by its own tool; run: {_pg_dump(settings, file)}")
    if not settings.database_path.exists():
        raise click.ClickException(MIGRATE)
    _reserve(file)
    try:
        _copy(settings.database_path, file)
    except BaseException:
        file.unlink()  # half a copy must not pass for one
        raise
    click.echo(f"Copied the database to {file}, {file.stat().st_size:,} bytes, and checked the copy.")


def _damage(database: Database) -> list[str]:
    progress("Checking every page of the file")
    with closing(sqlite3.connect(database.settings.database_path)) as connection:
        connection.execute("PRAGMA query_only = ON")
        lines = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
        orphans = len(connection.execute("PRAGMA foreign_key_check").fetchall())
    damage = [line for line in lines if line != "ok"]
    return [*damage, f"{orphans} rows refer to rows that are gone"] if orphans else damage


def _pg_dump(settings: Settings, file: Path) -> str:
    # Without the password, which would be seen in the list of processes; pg_dump asks, or reads .pgpass.
    # (`URL.set` would leave out the None, and the password in.)
    url = make_url(settings.database_url)._replace(drivername="postgresql", password=None)
    address = url.render_as_string(hide_password=False)
    return f"pg_dump --format=custom --file={shlex.quote(str(file))} {shlex.quote(address)}"


def _reserve(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise click.ClickException(f"{file} exists already; a backup never overwrites.") from error
    except OSError as error:
        raise click.ClickException(f"Cannot write {file}: {error.strerror}.") from error


def _copy(source: Path, file: Path) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(file)) as copy:
        original.isolation_level = None
        # One moment for the whole copy: otherwise every write meanwhile would begin it anew.
        original.execute("BEGIN")
        original.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        original.backup(copy, pages=PAGES, progress=_tell)
        progress("Checking the copy")
        found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise click.ClickException(f"The copy is damaged: {found}")


def _tell(status: int, remaining: int, total: int) -> None:
    progress(f"Copied {total - remaining:,} of {total:,} pages")

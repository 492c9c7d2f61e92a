"""What a test process keeps from test to test, emptied: making it anew takes longer than most tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine

from comments_service import create_app, db
from comments_service.config import Settings
from comments_service.web import hot
from tests.databases import SECRET, migrate

MEMORY = Path("/dev/shm")


class Applications:
    """Applications by their settings, which must be without limits: those count outside of the database.

    They keep what does not depend on what is stored (routes, templates, compiled statements) and forget
    the rest, or a page of the last test could be taken for one of this test: ids begin at 1 again.
    """

    def __init__(self) -> None:
        self._kept: dict[Settings, tuple[Flask, Callable[..., Any]]] = {}

    def fresh(self, settings: Settings) -> Flask:
        """One that remembers nothing of any test."""
        if settings not in self._kept:
            app = create_app(settings)
            self._kept[settings] = app, app.wsgi_app.app  # type: ignore[attr-defined]
        app, behind_memory = self._kept[settings]
        app.wsgi_app = behind_memory  # type: ignore[method-assign]
        hot.init_app(app, settings, app.extensions["comments_signer"])
        return app

    def close(self) -> None:
        for app, _ in self._kept.values():
            close(app)


def close(app: Flask) -> None:
    """Close an application's connections to its database; it opens others when it is asked again."""
    with app.app_context():
        db.reading().get_bind().engine.dispose()
    app.extensions["comments_database"].writer.dispose()


@pytest.fixture(scope="session")
def applications() -> Iterator[Applications]:
    """The applications of this test process."""
    kept = Applications()
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def databases() -> Iterator[dict[str, db.Database]]:
    """The databases of this test process, by their URLs."""
    kept: dict[str, db.Database] = {}
    yield kept
    for database in kept.values():
        database.writer.dispose()


@pytest.fixture
def database(migrated_url: str, databases: dict[str, db.Database]) -> Iterator[db.Database]:
    """A migrated database without rows, for what stands below the web."""
    if migrated_url not in databases:
        databases[migrated_url] = db.Database(Settings(secret_key=SECRET, database_url=migrated_url))
    kept = databases[migrated_url]
    yield kept
    if kept.settings.is_sqlite:
        kept.writer.dispose()  # the next test finds another file


@pytest.fixture(scope="session")
def kept_folder() -> Iterator[Path]:
    """A folder in memory where the machine has one: nothing in it outlives the tests."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="comments-tests-", dir=where) as folder:
        yield Path(folder)


@pytest.fixture
def emptied_folder(kept_folder: Path) -> Path:
    """The folder of `kept_folder`, as if new."""
    for old in kept_folder.iterdir():
        # The kept applications hold this one open, and whoever opens the file must wait for the same turn.
        if old.suffix != ".turn":
            old.unlink()
    return kept_folder


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database without rows, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "comments.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A PostgreSQL database without rows, not the template itself; who fills it calls `empty`."""
    server = request.getfixturevalue("postgres")
    engine = create_engine(
        server.database(server.template("migrated", migrate)),
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,
        connect_args={"options": "-c lock_timeout=5s"},
    )
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_url(migrated_file: Path, emptied_folder: Path) -> str:
    """A migrated SQLite database without rows."""
    copy = emptied_folder / "comments.db"
    shutil.copy(migrated_file, copy)
    return f"sqlite:///{copy}"


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database without rows; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    engine = request.getfixturevalue("migrated_postgres")
    yield engine.url.render_as_string(hide_password=False)
    empty(engine)


def empty(engine: Engine) -> None:
    """Take every row out and count ids from 1 again: far quicker than another database, or TRUNCATE."""
    with engine.connect() as connection:
        filled = connection.exec_driver_sql(_filled()).scalars().all()
        if filled:
            connection.exec_driver_sql("; ".join(f'DELETE FROM "{name}"' for name in filled))
        connection.exec_driver_sql(
            "SELECT setval(quote_ident(sequencename)::regclass, 1, false)"
            " FROM pg_sequences WHERE last_value IS NOT NULL"
        )


@cache
def _filled() -> str:
    """Which tables have rows, those that refer to others first."""
    tables = [table.name for table in reversed(db.Base.metadata.sorted_tables)]
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables)

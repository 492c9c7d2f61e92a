"""Running services for fault tests: one on each database, shared by tests that leave it running."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app import ORIGIN, Live
from tests.databases import migrate

THREADS = 72  # so that 64 writers find a place at the gate of one worker


@pytest.fixture(scope="session")
def start_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Live]]:
    """Starts the real service on a migrated database, with two workers, without limits, until the end."""
    started: list[Live] = []

    def start(url: str, **environ: str) -> Live:
        live = Live(tmp_path_factory.mktemp("live"), url, **environ)
        started.append(live)
        live.cli("site", "add", "horizons", "--origin", ORIGIN)
        live.start(threads=THREADS)
        return live

    yield start
    for live in reversed(started):
        live.stop()


@pytest.fixture(scope="session")
def sqlite_copy(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes the URL of a fresh and migrated SQLite database."""

    def copy() -> str:
        file = tmp_path_factory.mktemp("database") / "comments.db"
        shutil.copy(migrated_file, file)
        return f"sqlite:///{file}"

    return copy


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def running(request: pytest.FixtureRequest, start_live: Callable[..., Live]) -> Live:
    """The real service on SQLite and then on PostgreSQL, shared by the tests that leave it running."""
    if request.param == "sqlite":
        return start_live(request.getfixturevalue("sqlite_copy")())
    server = request.getfixturevalue("postgres")
    return start_live(server.database(server.template("migrated", migrate)))


@pytest.fixture
def database_of_running(running: Live) -> str:
    """The URL of the database behind `running`."""
    return running.environ["COMMENTS_DATABASE_URL"]

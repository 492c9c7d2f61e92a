"""Running services for fault tests: one on each database, shared by the tests of a module."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from comments_service import sites
from tests.app import ORIGIN, Live
from tests.databases import migrate, open_database

THREADS = 72  # so that 64 writers find a place at the gate of one worker
# What moves the clocks of a service that is started with it.
MOVED = Path(__file__).parent / "moved"
# Readers of a test may then come from any address they like.
PROXY = "127.0.0.1/32"


@pytest.fixture(scope="session")
def start_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Live]]:
    """Starts the real service on a migrated database: two workers, no limits, a site `horizons`."""
    started: list[Live] = []

    def start(url: str, *, within: Sequence[str] = (), **environ: str) -> Live:
        live = Live(tmp_path_factory.mktemp("live"), url, **environ)
        with open_database(url) as database:
            database.write(lambda session: sites.add(session, key="horizons", name="H", origins=[ORIGIN]))
        started.append(live)
        live.start(threads=THREADS, within=within)
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
def shared_live(
    request: pytest.FixtureRequest, start_live: Callable[..., Live], tmp_path_factory: pytest.TempPathFactory
) -> Live:
    """The real service on SQLite and then on PostgreSQL; `running` is what tests ask for."""
    if request.param == "sqlite":
        url = request.getfixturevalue("sqlite_copy")()
    else:
        server = request.getfixturevalue("postgres")
        url = server.database(server.template("migrated", migrate))
    file = tmp_path_factory.mktemp("clock") / "seconds"
    file.write_bytes(struct.pack("d", 0.0))
    path = os.pathsep.join(filter(None, (str(MOVED), os.environ.get("PYTHONPATH"))))
    return start_live(url, COMMENTS_TRUSTED_PROXIES=PROXY, PYTHONPATH=path, MOVED_CLOCK=str(file))


@pytest.fixture
def running(shared_live: Live) -> Live:
    """The real service on SQLite and on PostgreSQL, shared by tests: it runs, whatever the last one left."""
    if shared_live.process is None or shared_live.process.poll() is not None:
        shared_live.start(threads=THREADS)
    return shared_live


@pytest.fixture
def move_clock(running: Live) -> Iterator[Callable[[float], None]]:
    """Moves the clocks of all processes of `running` by so many seconds from the true time."""

    def move(seconds: float) -> None:
        with Path(running.environ["MOVED_CLOCK"]).open("r+b") as file:
            file.write(struct.pack("d", seconds))

    yield move
    move(0.0)


@pytest.fixture
def running_url(running: Live) -> str:
    """The URL of the database behind `running`."""
    return running.environ["COMMENTS_DATABASE_URL"]

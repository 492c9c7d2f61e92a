"""Group commit: what waits shares a commit, and what fails, fails alone."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from comments_service import db
from comments_service.db import Database
from comments_service.errors import Conflict, Unavailable
from comments_service.grouping import MOST_AT_ONCE
from comments_service.line import Line
from comments_service.models import DayKey, Site
from tests.databases import add_site, open_database

LONG = 10.0
asker: ContextVar[str] = ContextVar("asker")

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    with open_database(migrated_url) as database:
        yield database


def test_what_waits_is_stored_in_one_commit(database: Database) -> None:
    with _commits(database) as commits:
        outcomes = _after_waiting(database, [_add(f"site-{number}") for number in range(8)])
    # The first to come leads, alone or with the rest; all others wait for it.
    assert len(commits) <= 2
    assert sorted(outcomes) == [f"site-{number}" for number in range(8)]
    assert _keys(database) == set(outcomes)


def test_who_stands_in_line_already_is_stored_in_the_same_commit(database: Database) -> None:
    line, keys = _line(database), [f"site-{number}" for number in range(MOST_AT_ONCE)]

    def come(key: str) -> None:
        with line.held(LONG):
            database.write(_add(key))

    with _commits(database) as commits, ThreadPoolExecutor(len(keys)) as threads, line.held(LONG):
        for number, key in enumerate(keys, start=1):
            coming = threads.submit(come, key)
            while line.waiting < number:
                assert not coming.done()
    assert len(commits) == 1
    assert _keys(database) == set(keys)


def test_work_that_fails_leaves_the_line_before_it_runs_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "LINE_SECONDS", LONG)
    line = _line(database)
    ran: list[str] = []

    def fail(session: Session) -> None:
        ran.append("works")
        if len(ran) == 1:
            _until_somebody_waits(line)
        raise Conflict("Somebody was first.", code="first")

    def stand_by() -> None:
        while not ran:
            assert not failing.done()
        with line.held(LONG):
            ran.append("stands by")

    with ThreadPoolExecutor(3) as threads:
        with _held(database.settings.database_path):
            failing = threads.submit(database.write, fail)
            _until_waiting(database, 1)
            another = threads.submit(database.write, _add("aa"))
            _until_waiting(database, 2)
        threads.submit(stand_by)
        assert isinstance(failing.exception(LONG), Conflict)
        assert another.result(LONG) == "aa"
    assert ran == ["works", "stands by", "works"]


def test_what_is_stored_is_answered_although_somebody_hangs_in_line(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "TURN_SECONDS", 3.0)
    line, began, go_on = _line(database), threading.Event(), threading.Event()

    def add(session: Session) -> str:
        began.set()
        _until_somebody_waits(line)
        return _add("aa")(session)

    def hang() -> None:
        assert began.wait(LONG)
        with line.held(LONG):
            assert go_on.wait(LONG)

    with ThreadPoolExecutor(3) as threads:
        with _held(database.settings.database_path):
            works = [threads.submit(database.write, add)]
            _until_waiting(database, 1)
            works.append(threads.submit(database.write, _add("bb")))
            _until_waiting(database, 2)
        hanging = threads.submit(hang)
        assert [work.result(LONG) for work in works] == ["aa", "bb"]
        assert not hanging.done()
        go_on.set()
    assert _keys(database) == {"aa", "bb"}


def test_no_process_keeps_the_turn_for_more_than_a_few(database: Database) -> None:
    with _commits(database) as commits:
        _after_waiting(database, [_add(f"site-{number}") for number in range(MOST_AT_ONCE + 4)])
    assert len(commits) >= 2
    assert len(_keys(database)) == MOST_AT_ONCE + 4


def test_a_piece_that_fails_takes_nobody_with_it(database: Database) -> None:
    def refuse(session: Session) -> str:
        add_site(session, "never")
        raise Conflict("Somebody was first.", code="first")

    outcomes = _after_waiting(database, [_add("aa"), refuse, _add("bb"), _add("aa"), _add("cc")])
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    # Two of the same key cannot both be stored; which of them is depends on who came first.
    assert sorted(type(failure).__name__ for failure in failures) == ["Conflict", "IntegrityError"]
    assert _keys(database) == {"aa", "bb", "cc"}


def test_what_the_database_rolled_back_by_itself_is_not_acknowledged(database: Database) -> None:
    def swallow(session: Session) -> str:
        add_site(session, "lost")
        session.flush()
        driver: Any = session.connection().connection.driver_connection
        driver.rollback()  # as SQLite does when the disk is full
        return "lost"

    outcomes = _after_waiting(database, [_add("aa"), swallow, _add("bb")])
    assert sorted(str(outcome) for outcome in outcomes if not isinstance(outcome, Exception)) == ["aa", "bb"]
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [Unavailable]
    assert _keys(database) == {"aa", "bb"}


def test_a_full_disk_fails_all_that_waited_and_then_recovers(database: Database) -> None:
    def fill(session: Session) -> str:
        session.add(DayKey(day="2026-05-04", key=bytes(4_000_000)))
        return "full"

    driver = _driver(database)
    pages = driver.execute("PRAGMA page_count").fetchone()[0]
    driver.execute(f"PRAGMA max_page_count = {pages + 20}")
    outcomes = _after_waiting(database, [_add("aa"), fill, _add("bb")])
    stored = {outcome for outcome in outcomes if isinstance(outcome, str)}
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, str)] == [Unavailable]
    assert stored == {"aa", "bb"} == _keys(database)


def test_work_sees_the_context_of_the_request_that_brought_it(database: Database) -> None:
    def asking(name: str) -> Callable[[], str]:
        def ask() -> str:
            asker.set(name)
            return database.write(lambda session: asker.get())

        return ask

    names = [f"reader {number}" for number in range(6)]
    assert sorted(_at_once(database, [asking(name) for name in names])) == names


def test_a_turn_that_another_process_keeps_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write(lambda session: None)
    monkeypatch.setattr(db, "TURN_SECONDS", 0.05)
    with _held(database.settings.database_path):
        for _ in range(2):
            with pytest.raises(Unavailable):
                database.write(_add("aa"))
    # The thread that waits for the lock may get it yet, and gives it back.
    monkeypatch.setattr(db, "TURN_SECONDS", 5.0)
    assert database.write(_add("bb")) == "bb"
    _wait_until_free(database.settings.database_path)
    assert _keys(database) == {"bb"}


def test_what_kept_a_group_waiting_keeps_none_of_it_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_MILLISECONDS", 1500)
    monkeypatch.setattr(db, "TURN_SECONDS", 1.0)
    begun: list[Any] = []
    event.listen(database.writer, "begin", begun.append, insert=True)
    stranger = sqlite3.connect(database.settings.database_path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    outcomes = _after_waiting(database, [_add(f"site-{number}") for number in range(MOST_AT_ONCE)])
    stranger.close()
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    # The first to come may have led alone.
    assert len(begun) <= 2
    monkeypatch.setattr(db, "TURN_SECONDS", LONG)
    assert _keys(database) == set()


def _line(database: Database) -> Line:
    assert database.line is not None
    return database.line


def _until_somebody_waits(line: Line) -> None:
    deadline = time.monotonic() + LONG
    while line.waiting == 0:
        assert time.monotonic() < deadline


def _until_waiting(database: Database, count: int) -> None:
    deadline = time.monotonic() + LONG
    while database.group is None or database.group.waiting < count:
        assert time.monotonic() < deadline


def _add(key: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        add_site(session, key)
        return key

    return work


def _keys(database: Database) -> set[str]:
    return database.write(lambda session: {site.key for site in session.query(Site)})


def _after_waiting(database: Database, works: list[Callable[[Session], Any]]) -> list[Any]:
    """What came of the works, all of which waited for the same turn: results and exceptions."""
    return _at_once(database, [lambda work=work: database.write(work) for work in works])  # type: ignore[misc]


def _at_once(database: Database, calls: list[Callable[[], Any]]) -> list[Any]:
    outcomes: list[Any] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            outcomes.append(call())
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    assert database.group is not None
    with _held(database.settings.database_path):
        for thread in threads:
            thread.start()
        while database.group.waiting < len(calls):
            assert threads[0].is_alive()
    for thread in threads:
        thread.join()
    return outcomes


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the turn as another process would."""
    with path.with_name(path.name + ".turn").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wait_until_free(path: Path) -> None:
    """Returns once nobody has the turn."""
    with _held(path):
        return


@contextmanager
def _commits(database: Database) -> Iterator[list[Any]]:
    commits: list[Any] = []

    def note(connection: Any) -> None:
        commits.append(connection)

    event.listen(database.writer, "commit", note)
    yield commits
    event.remove(database.writer, "commit", note)


def _driver(database: Database) -> sqlite3.Connection:
    with database.writer.connect() as connection:
        driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver

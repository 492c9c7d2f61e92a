"""The write road: one transaction or none, a fair turn, readers that cannot write, times in UTC."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import TextClause, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError
from sqlalchemy.orm import Session

from comments_service import db
from comments_service.config import Settings
from comments_service.db import Database
from comments_service.errors import Unavailable
from comments_service.models import DayKey, Site
from tests.databases import NOON, SECRET, add_site, open_database
from tests.servers.postgres import Postgres
from tests.test_connecting import assert_kept_known


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    with open_database(migrated_url) as database:
        yield database


on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


def raising(sqlstate: str) -> TextClause:
    """A statement in which PostgreSQL fails so."""
    return text(f"DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '{sqlstate}'; END $$")


def sites(database: Database) -> int:
    return database.write(lambda session: session.query(Site).count())


def test_what_work_returns_is_returned_once_committed(database: Database) -> None:
    assert database.write(lambda session: add_site(session)) > 0
    assert sites(database) == 1


def test_work_that_fails_leaves_nothing_and_the_next_goes_on(database: Database) -> None:
    def fail(session: Session) -> None:
        add_site(session)
        raise LookupError("halfway")

    with pytest.raises(LookupError):
        database.write(fail)
    assert sites(database) == 0
    database.write(lambda session: add_site(session))
    with pytest.raises(IntegrityError):
        database.write(lambda session: add_site(session))
    assert sites(database) == 1


def test_many_writers_lose_no_increment(database: Database) -> None:
    database.write(lambda session: add_site(session))

    def raise_version(session: Session) -> None:
        site = session.query(Site).with_for_update().one()
        site.version += 1

    def work() -> None:
        for _ in range(10):
            database.write(raise_version)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.write(lambda session: session.query(Site).one().version) == 41


def test_times_come_back_in_utc(database: Database) -> None:
    east = datetime(2026, 5, 4, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    database.write(
        lambda session: session.add(Site(key="ab", name="x", policy={}, version=1, created_at=east))
    )
    found = database.write(lambda session: session.query(Site).one().created_at)
    assert found == NOON.replace(microsecond=123456)
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 5, 4)  # noqa: DTZ001 (that is the point)
    with pytest.raises(Exception, match="without a zone"):
        database.write(
            lambda session: session.add(Site(key="ab", name="x", policy={}, version=1, created_at=naive))
        )


def test_an_insert_knows_conflicts_on_both_databases(database: Database) -> None:
    def put(session: Session) -> None:
        fresh = db.insert(session, DayKey).values(day="2026-05-04", key=b"k")
        session.execute(fresh.on_conflict_do_nothing())

    database.write(put)
    database.write(put)
    assert database.write(lambda session: session.query(DayKey).count()) == 1


@on_sqlite
def test_the_writer_waits_for_the_disk_and_keeps_foreign_keys(database: Database) -> None:
    def pragmas(session: Session) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        return [session.execute(text(f"PRAGMA {name}")).scalar() for name in names]

    assert database.write(pragmas) == ["wal", 2, 1, 1]


@on_sqlite
def test_a_turn_that_does_not_come_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "TURN_SECONDS", 0.05)
    assert database.turn is not None
    refused: list[Unavailable] = []

    def attempt() -> None:
        try:
            sites(database)
        except Unavailable as error:
            refused.append(error)

    with database.turn.taken():
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert sites(database) == 0


@on_sqlite
@pytest.mark.parametrize("is_held", [False, True], ids=["free", "held by another process"])
def test_a_turn_that_could_not_be_asked_for_is_asked_for_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_held: bool
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    assert database.turn is not None
    with monkeypatch.context() as patch, ExitStack() as stack:
        if is_held:
            other = stack.enter_context(database.settings.database_path.with_suffix(".db.turn").open("ab"))
            fcntl.flock(other, fcntl.LOCK_EX)
        where, name = (threading.Thread, "start") if is_held else (os, "open")
        patch.setattr(where, name, fail)
        with pytest.raises(OSError, match="Too many"), database.turn.taken():
            raise AssertionError("nobody has the turn")
    assert sites(database) == 0


@on_sqlite
def test_a_file_locked_by_somebody_else_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_MILLISECONDS", 50)
    stranger = sqlite3.connect(database.settings.database_path, isolation_level=None)
    try:
        stranger.execute("BEGIN IMMEDIATE")
        with open_database(database.settings.database_url) as impatient, pytest.raises(Unavailable):
            sites(impatient)
    finally:
        stranger.close()
    assert sites(database) == 0


@on_postgres
def test_a_serialisation_failure_is_tried_again(database: Database) -> None:
    tries: list[int] = []

    def conflicted(session: Session) -> int:
        tries.append(1)
        if len(tries) < 3:
            session.execute(raising("40001"))
        return len(tries)

    assert database.write(conflicted) == 3


@on_postgres
def test_trying_again_has_an_end(database: Database) -> None:
    tries: list[int] = []

    def hopeless(session: Session) -> None:
        tries.append(1)
        session.execute(raising("40P01"))

    with pytest.raises(DBAPIError):
        database.write(hopeless)
    assert len(tries) == db.POSTGRES_TRIES


@on_postgres
def test_a_standby_is_unavailable_for_what_writes_and_left_for_the_primary(
    database: Database, postgres: Postgres
) -> None:
    name = make_url(database.settings.database_url).database
    # As long as a connection to a standby lives, it stays one.
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        with pytest.raises(Unavailable, match="can only be read"):
            database.write(lambda session: add_site(session))
    finally:
        postgres.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    database.write(lambda session: add_site(session))
    assert sites(database) == 1


@on_postgres
def test_a_transaction_that_stood_still_for_too_long_is_unavailable(database: Database) -> None:
    with pytest.raises(Unavailable, match="did not wait"):
        database.write(lambda session: session.execute(raising("25P03")))
    setting = text("SHOW idle_in_transaction_session_timeout")
    assert database.write(lambda session: session.scalar(setting)) == "10s"


@on_sqlite
def test_where_no_file_can_be_opened_the_database_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(db, "_opened_turn", refuse)
    with pytest.raises(Unavailable, match="cannot be reached"):
        sites(database)
    monkeypatch.undo()
    assert sites(database) == 0


@on_postgres
def test_what_no_later_try_mends_is_raised_as_it_is(database: Database) -> None:
    with pytest.raises(InternalError, match="raised"):
        database.write(lambda session: session.execute(raising("XX001")))


@on_postgres
def test_a_quiet_connection_is_kept_known(database: Database) -> None:
    with database.writer.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            assert_kept_known(line)


@on_postgres
def test_a_writer_whose_connections_are_all_taken_is_unavailable(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "POOL_SECONDS", 0.05)
    with open_database(migrated_url) as busy, ExitStack() as taken:
        for _ in range(10):
            taken.enter_context(busy.writer.connect())
        with pytest.raises(Unavailable, match="Many people are writing"):
            sites(busy)


def test_a_database_that_is_away_is_unavailable() -> None:
    with open_database("postgresql+psycopg://nobody@127.0.0.1:1/nothing") as away, pytest.raises(Unavailable):
        sites(away)


def test_an_application_reads_and_writes_and_its_reader_cannot_write(
    database: Database,
) -> None:
    app = Flask("reader")
    db.init_app(app, Settings(secret_key=SECRET, database_url=database.settings.database_url))
    with app.app_context():
        db.write(lambda session: add_site(session))
        assert db.is_alive(db.reading())
        assert db.reading().query(Site).count() == 1
        if database.settings.is_sqlite:
            with pytest.raises(DBAPIError, match="readonly"):
                db.reading().execute(text("DELETE FROM site"))
        db.extension().session.remove()
        db.extension().engine.dispose()
        app.extensions["comments_database"].writer.dispose()

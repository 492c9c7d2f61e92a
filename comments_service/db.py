"""Engines, sessions and `write`, the one road for every change; also the UTC time type."""

from __future__ import annotations

import fcntl
import mmap
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, MetaData, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from . import counting
from .config import Settings
from .connecting import IDLE_SECONDS
from .errors import Unavailable
from .grouping import Group, Work, assert_open
from .line import Line

if TYPE_CHECKING:
    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy

T = TypeVar("T")

TURN_SECONDS = 5.0
# Who has got the turn waits no longer for the line, which only orders what is done: others wait for the turn.
LINE_SECONDS = 0.5
BUSY_MILLISECONDS = 5_000
COUNTER_BYTES = 8
READER_KILOBYTES = 512
POSTGRES_TRIES = 4
POOL_SECONDS = 2.0
RECYCLE_SECONDS = 600
# What a process holds that stands still, or whose machine is gone, is free again after ten seconds.
SESSION = {"statement_timeout": 5_000, "idle_in_transaction_session_timeout": 10_000, "timezone": "UTC"}
# An error's text would quote what readers wrote.
SQLITE_OPTIONS: dict[str, Any] = {"hide_parameters": True}
# serialization_failure and deadlock_detected: the transaction did nothing and may simply run again.
POSTGRES_AGAIN = ("40001", "40P01")
# read_only_sql_transaction: a standby, which may be made the primary any moment.
POSTGRES_READ_ONLY = "25006"
# idle_in_transaction_session_timeout: this process stood still, and others wanted what it held.
POSTGRES_TOO_LATE = "25P03"

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite counts rows up only in a column that is exactly INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """The root of every model."""

    metadata = MetaData(naming_convention=NAMES)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time on every database; SQLite itself knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: aware times only; raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: always in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One application's writer: its engine and, on SQLite, its fair turn."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.turn = Turn(settings.database_path) if settings.is_sqlite else None
        self.writer = writing_engine(settings)
        # For those who work on requests that may write (web/gate.py), and for who stores what they wrote.
        # With PostgreSQL threads wait for the network, and the interpreter is free meanwhile.
        self.line = Line() if self.turn else None
        self.group = self._group()

    def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return what it returned, once that is safely committed.

        `work` returns plain values, has no effect outside its session and may run again.
        Raises Unavailable when the database is away or the turn does not come in time.
        """
        began = time.perf_counter()
        try:
            if self.group is None or self.line is None:
                return self._write_postgres(work)
            with self.line.held(TURN_SECONDS):
                return self.group.do(work, TURN_SECONDS)
        except OSError as error:  # the file of the turn: there may be no more that can be opened
            raise Unavailable("The database cannot be reached just now. Please try again.") from error
        finally:
            counting.observe("write_seconds", time.perf_counter() - began)

    def _group(self) -> Group | None:
        if self.turn is None or self.line is None:
            return None
        turn = partial(self.turn.taken, waiting=partial(self.line.left, LINE_SECONDS))
        return Group(self.line, turn, self._transaction)

    def _write_postgres(self, work: Work[T]) -> T:
        for attempt in range(POSTGRES_TRIES):
            try:
                return self._transaction(work)
            except DBAPIError as error:
                if not _worth_a_retry(error) or attempt == POSTGRES_TRIES - 1:
                    raise
                time.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")  # the last attempt returns or raises

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        """Hold the line, which may be held already, and leave it in either case: COMMIT waits for the disk,
        and what failed for whoever keeps the database locked."""
        if self.line is None:
            yield
            return
        self.line.come_back(LINE_SECONDS)
        try:
            yield
        finally:
            self.line.leave()

    def _transaction(self, work: Work[T]) -> T:
        try:
            with Session(self.writer, expire_on_commit=False) as session:
                with self._in_line(), _primary_only(session):
                    result = work(session)
                    assert_open(session)
                session.commit()
                return result
        except OperationalError as error:
            if _worth_a_retry(error):
                raise
            raise Unavailable("The database cannot be reached just now. Please try again.") from error
        except InternalError as error:
            why = {
                POSTGRES_READ_ONLY: "The database can only be read just now. Please try again.",
                POSTGRES_TOO_LATE: "The database did not wait for this. Please try again.",
            }.get(_sqlstate(error) or "")
            if why is None:
                raise
            raise Unavailable(why) from error
        except NoConnection as error:
            raise Unavailable("Many people are writing just now. Please try again.") from error


@contextmanager
def _primary_only(session: Session) -> Iterator[None]:
    """Leave a connection to a standby for good: the server's name may lead to the primary by now."""
    try:
        yield
    except InternalError as error:
        if _sqlstate(error) == POSTGRES_READ_ONLY:
            session.invalidate()
        raise


def _worth_a_retry(error: DBAPIError) -> bool:
    return _sqlstate(error) in POSTGRES_AGAIN


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


class Turn:
    """A fair turn at the one SQLite file: a lock among threads, then a lock among processes.

    SQLite's own busy handler sleeps and is unfair (p99 605 ms without this, 39 ms with it). The lock's file
    holds a counter that each turn raises at its end, so that readers can see that nobody wrote (`counter`).
    """

    def __init__(self, database: Path) -> None:
        self._threads = threading.Lock()
        self._path = _turn_file(database)
        self._lock: FileLock | None = None
        self._owner = 0

    @contextmanager
    def taken(
        self,
        seconds: float | None = None,
        *,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Iterator[None]:
        """Hold the turn; raises Unavailable if it does not come within `seconds` (TURN_SECONDS).

        `waiting` is entered while it is waited for.
        """
        until = time.monotonic() + (TURN_SECONDS if seconds is None else seconds)
        if not self._threads.acquire(blocking=False):
            with waiting():
                _in_time(self._threads.acquire(timeout=max(0.0, until - time.monotonic())))
        try:
            among = self._among_processes()
            if not among.took_at_once():
                with waiting():
                    _in_time(among.take(max(0.0, until - time.monotonic())))
            try:
                yield
            finally:
                _raise_counter(among.file)
                among.give()
        finally:
            self._threads.release()

    def _among_processes(self) -> FileLock:
        # A lock made before fork() would be shared with the parent, so each process opens its own.
        if self._lock is None or self._owner != os.getpid():
            self._lock = FileLock(_opened_turn(self._path))
            self._owner = os.getpid()
        return self._lock


def _in_time(came: bool) -> None:
    if not came:
        raise Unavailable("Many people are writing just now. Please try again.")


class FileLock:
    """`flock` with a deadline. The kernel's queue is fair, but a wait in it has no end: a thread waits there.

    One thread of the process at a time may take it.
    """

    def __init__(self, file: int) -> None:
        self.file = file
        self._asked, self._got = threading.Semaphore(0), threading.Semaphore(0)
        self._state = threading.Lock()
        self._is_wanted = self._is_waiting = False
        self._thread: threading.Thread | None = None

    def take(self, seconds: float) -> bool:
        """Take the lock; False if that takes longer."""
        if self.took_at_once():
            return True
        with self._state:
            if not self._is_waiting:
                self._ask()
            self._is_wanted = self._is_waiting = True
        if self._got.acquire(timeout=seconds):
            return True
        with self._state:
            self._is_wanted = False
            return self._got.acquire(blocking=False)

    def took_at_once(self) -> bool:
        """Take the lock if nobody has it; False if that would take waiting."""
        with self._state:
            # While the thread waits, the lock could become ours behind our back.
            return not self._is_waiting and self._is_free()

    def give(self) -> None:
        """Let the next have it."""
        fcntl.flock(self.file, fcntl.LOCK_UN)

    def _is_free(self) -> bool:
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _ask(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._wait, daemon=True, name="turn")
            thread.start()
            self._thread = thread
        self._asked.release()

    def _wait(self) -> None:
        while True:
            self._asked.acquire()
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX)
            except OSError:  # no lock can be had just now: whoever asked waits in vain, the next asks anew
                with self._state:
                    self._is_waiting = False
                continue
            with self._state:
                self._is_waiting = False
                if self._is_wanted:
                    self._is_wanted = False
                    self._got.release()
                else:
                    self.give()


def counter(database: Path) -> mmap.mmap:
    """How many turns there were, as memory that all processes share; raises OSError when it cannot be had.

    Reading it takes no system call. A process that dies between its commit and the end of its turn leaves
    it as it was, so nobody may rely on it for longer than a moment.
    """
    file = _opened_turn(_turn_file(database))
    try:
        # Really written: memory of a file without its block, on a disk that is full, would end the process.
        if not os.fstat(file).st_size:
            os.pwrite(file, bytes(COUNTER_BYTES), 0)
        return mmap.mmap(file, COUNTER_BYTES, access=mmap.ACCESS_READ)
    finally:
        os.close(file)


def _opened_turn(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _turn_file(database: Path) -> Path:
    return database.with_name(database.name + ".turn")


def _raise_counter(file: int) -> None:
    # A full disk must not fail what was committed: without it, readers look a moment later.
    with suppress(OSError):
        count = (int.from_bytes(os.pread(file, COUNTER_BYTES, 0), "little") + 1) % 256**COUNTER_BYTES
        os.pwrite(file, count.to_bytes(COUNTER_BYTES, "little"), 0)


@cache
def extension() -> SQLAlchemy:
    """Flask's part, imported for applications alone: commands start in three quarters of the time without."""
    from flask_sqlalchemy import SQLAlchemy

    return SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its reading session (`reading()`) and its writer (`write()`)."""
    if settings.is_sqlite:
        settings.database_path.parent.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{settings.database_path}"
    else:
        url = settings.database_url
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = SQLITE_OPTIONS if settings.is_sqlite else _reading_options()
    extension().init_app(app)
    with app.app_context():
        if settings.is_sqlite:
            event.listen(extension().engine, "connect", _prepare_reader)
        else:
            _watched(extension().engine)
    app.extensions["comments_database"] = Database(settings)


def reading() -> Session:
    """The request's reading session; on SQLite it cannot write."""
    return cast(Session, extension().session())


def write(work: Work[T]) -> T:
    """`Database.write` of the current application."""
    return _database().write(work)


def line_of(app: Flask) -> Line | None:
    """Where an application's threads stand in line to work on what may write; None with PostgreSQL."""
    return cast(Database, app.extensions["comments_database"]).line


def _database() -> Database:
    from flask import current_app

    return cast(Database, current_app.extensions["comments_database"])


def writing_engine(settings: Settings) -> Engine:
    """The engine that changes things: on SQLite every transaction begins IMMEDIATE."""
    if not settings.is_sqlite:
        return _watched(create_engine(settings.database_url, **_postgres_options()))
    engine = create_engine(
        f"sqlite:///{settings.database_path}", pool_size=1, max_overflow=0, **SQLITE_OPTIONS
    )
    event.listen(engine, "connect", _prepare_writer)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _postgres_options() -> dict[str, Any]:
    return {
        "pool_pre_ping": True,
        "hide_parameters": True,
        # For each worker's readers and for its writers. Ten keep PostgreSQL busy; any beyond those kept would
        # be made and closed again for every request, which halved the posts of 64 clients.
        "pool_size": 10,
        # Who reads from a primary that was demoted comes to the new one, some time.
        "pool_recycle": RECYCLE_SECONDS,
        "max_overflow": 0,
        "pool_timeout": POOL_SECONDS,
        "connect_args": {
            "connect_timeout": 2,
            "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
            "keepalives_idle": IDLE_SECONDS,
        },
    }


def _reading_options() -> dict[str, Any]:
    # Each question by itself, as on SQLite: a request that waits to write holds no lock on what it has read.
    # A migration would wait for that lock, and the writer ahead of the request for the migration.
    return {**_postgres_options(), "isolation_level": "AUTOCOMMIT"}


def _watched(engine: Engine) -> Engine:
    from . import postgres  # its driver comes with an extra, which SQLite does not need

    postgres.watch(engine)
    return engine


def _prepare_writer(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    _pragmas(
        connection,
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        f"busy_timeout = {BUSY_MILLISECONDS}",
    )
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    # With NORMAL a power cut loses comments that were acknowledged (201 of 300 simulated cuts).
    if synchronous != 2:
        raise RuntimeError(f"SQLite must run with synchronous=FULL (2), not {synchronous}.")


def _prepare_reader(connection: sqlite3.Connection, record: object) -> None:
    _pragmas(
        connection,
        "foreign_keys = ON",
        "query_only = ON",
        f"busy_timeout = {BUSY_MILLISECONDS}",
        # A page of a thread touches a hundred pages of the file; the system's own cache holds the rest.
        f"cache_size = -{READER_KILOBYTES}",
    )


def _pragmas(connection: sqlite3.Connection, *pragmas: str) -> None:
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def insert(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """The database's own INSERT, which knows `on_conflict_do_update`; both spell it alike."""
    return insert_on(session.get_bind().dialect.name, model)


def insert_on(dialect: str, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """As `insert`, for statements that are built once for each database."""
    return postgresql.insert(model) if dialect == "postgresql" else sqlite.insert(model)


def streamed(lines: Callable[[Session], Iterator[str]]) -> Iterator[str]:
    """What `lines` reads, on a session of its own: the request's may be gone before its answer is read.

    It is given back with the last line, or when the answer is closed.
    """
    engine = extension().engine

    def read() -> Iterator[str]:
        with Session(engine) as session:
            yield from lines(session)

    return read()


def is_alive(session: Session) -> bool:
    """Whether the database answers a trivial question."""
    try:
        return session.execute(text("SELECT 1")).scalar() == 1
    except DBAPIError:
        return False

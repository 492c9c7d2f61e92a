"""Where limits are counted: a SQLite file that all workers share, and a stand-in while a storage is away."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from math import floor
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from limits.storage import MemoryStorage, SlidingWindowCounterSupport, Storage, storage_from_string

from ..db import Turn
from ..errors import Unavailable

T = TypeVar("T")

MOST_PAGES = 8_192  # of 4 kB: the file never grows past 32 MB
PURGE_SECONDS = 30.0
AWAY_SECONDS = 10.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS windows (
    key TEXT NOT NULL, period INTEGER NOT NULL, count INTEGER NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (key, period)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS windows_by_expiry ON windows (expires);
"""
ADD = """
INSERT INTO windows (key, period, count, expires) VALUES (?, ?, ?, ?)
ON CONFLICT (key, period) DO UPDATE SET count = count + excluded.count RETURNING count
"""
# SQLite's extended codes carry the plain one in their lowest byte.
PRIMARY_CODE = 0xFF
# A fixed counter has no place in a row of windows.
FIXED = -1

log = logging.getLogger(__name__)


class SQLiteFileStorage(Storage, SlidingWindowCounterSupport):
    """Counts in one SQLite file, exact across processes: `sqlitefile:///relative` or `sqlitefile:////absolute`.

    The file is worth nothing after a power cut, so it is never synced; a missing, damaged or full one is
    replaced or thinned out on the spot. Its path is public, its rows hold whatever keys it is given.
    """

    STORAGE_SCHEME = ["sqlitefile"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.path = Path(uri.removeprefix("sqlitefile:///")).absolute()
        self._turn = Turn(self.path)
        self._connection: sqlite3.Connection | None = None
        self._owner = (0, 0, 0)
        self._purged_at = 0.0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What this storage raises when it cannot count."""
        return (sqlite3.Error, OSError, Unavailable)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` more if both windows, weighted, stay within `limit`; say whether they did."""
        return self._counting(lambda connection: _acquire(connection, key, limit, expiry, amount))

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """(previous count, its seconds left, current count, its seconds left) of the sliding window."""
        return self._counting(lambda connection: _window(connection, key, expiry, time.time()))

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows of `key`."""
        self.clear(key)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Raise a fixed counter and return it; it ends `expiry` seconds after its first rise."""
        return self._counting(lambda connection: _raise(connection, key, expiry, amount))

    def get(self, key: str) -> int:
        """A fixed counter's value, 0 when there is none."""
        return self._counting(lambda connection: _counter(connection, key)[0])

    def get_expiry(self, key: str) -> float:
        """When a fixed counter ends; now when there is none."""
        return self._counting(lambda connection: _counter(connection, key)[1])

    def check(self) -> bool:
        """Whether the file can be counted in."""
        try:
            self.get("check")
        except self.base_exceptions:
            return False
        return True

    def reset(self) -> int | None:
        """Forget everything; returns how many rows there were."""
        return self._counting(lambda connection: connection.execute("DELETE FROM windows").rowcount)

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._counting(lambda connection: connection.execute("DELETE FROM windows WHERE key = ?", (key,)))

    def _counting(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._turn.taken():
            try:
                return self._transaction(work)
            except sqlite3.DatabaseError as error:
                self._repair(error)
                return self._transaction(work)

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._purge_now_and_then(connection)
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _opened(self) -> sqlite3.Connection:
        # A connection made before fork(), or one to a file that has since been replaced, counts nowhere.
        if self._connection is None or self._owner != self._identity():
            self._close()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._connection = _connect(self.path)
            self._owner = self._identity()
        return self._connection

    def _identity(self) -> tuple[int, int, int]:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return (os.getpid(), 0, 0)
        return (os.getpid(), found.st_dev, found.st_ino)

    def _close(self) -> None:
        # After fork() the connection is still the parent's: closing our copy would drop the parent's locks.
        if self._connection is not None and self._owner[0] == os.getpid():
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _purge_now_and_then(self, connection: sqlite3.Connection) -> None:
        now = time.time()
        if not 0 <= now - self._purged_at < PURGE_SECONDS:
            self._purged_at = now
            connection.execute("DELETE FROM windows WHERE expires <= ?", (now,))

    def _repair(self, error: sqlite3.DatabaseError) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
        if code == sqlite3.SQLITE_FULL and self._connection is not None:
            self._connection.execute(
                "DELETE FROM windows WHERE expires <= (SELECT expires FROM windows ORDER BY expires"
                " LIMIT 1 OFFSET (SELECT count(*) / 2 FROM windows))"
            )
        elif isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_IOERR:
            self._close()
        else:
            log.warning("The rate limits' file is damaged and begins anew: %s", error)
            self._close()
            for ending in ("", "-wal", "-shm"):
                Path(f"{self.path}{ending}").unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        # WAL, so that a killed worker leaves a sound file; the turn already keeps others out.
        for pragma in ("journal_mode = WAL", "synchronous = OFF", f"max_page_count = {MOST_PAGES}"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _acquire(connection: sqlite3.Connection, key: str, limit: int, expiry: int, amount: int) -> bool:
    now = time.time()
    previous, previous_left, current, _ = _window(connection, key, expiry, now)
    if floor(previous * previous_left / expiry + current) + amount > limit:
        return False
    # Two lengths: after its own window the count still weighs on the next.
    period = int(now // expiry)
    connection.execute(ADD, (key, period, amount, (period + 2) * expiry)).fetchall()
    return True


def _window(
    connection: sqlite3.Connection, key: str, expiry: int, now: float
) -> tuple[int, float, int, float]:
    period = int(now // expiry)
    counts = dict(
        connection.execute(
            "SELECT period, count FROM windows WHERE key = ? AND period IN (?, ?)", (key, period - 1, period)
        ).fetchall()
    )
    left = (period + 1) * expiry - now
    previous = counts.get(period - 1, 0)
    return previous, left if previous else 0.0, counts.get(period, 0), left + expiry


def _raise(connection: sqlite3.Connection, key: str, expiry: int, amount: int) -> int:
    now = time.time()
    connection.execute("DELETE FROM windows WHERE key = ? AND period = ? AND expires <= ?", (key, FIXED, now))
    return int(connection.execute(ADD, (key, FIXED, amount, now + expiry)).fetchall()[0][0])


def _counter(connection: sqlite3.Connection, key: str) -> tuple[int, float]:
    now = time.time()
    row = connection.execute(
        "SELECT count, expires FROM windows WHERE key = ? AND period = ? AND expires > ?", (key, FIXED, now)
    ).fetchone()
    return (0, now) if row is None else (int(row[0]), float(row[1]))


class FailoverStorage(Storage, SlidingWindowCounterSupport):
    """Another storage, and a fallback while that one is away: never an error, never an open gate.

    `failover+redis://host` counts in `redis://host`. `fallback` is the address of the storage that counts
    meanwhile, this process's memory by default. After a failure only one request in AWAY_SECONDS tries the
    first again, so that a hung Redis costs one request its socket timeout and the others nothing.
    """

    STORAGE_SCHEME = ["failover+sqlitefile", "failover+redis", "failover+rediss", "failover+redis+unix"]

    def __init__(
        self, uri: str, wrap_exceptions: bool = False, *, fallback: str | None = None, **options: Any
    ) -> None:
        super().__init__(uri, wrap_exceptions=False)
        self.primary: Any = storage_from_string(uri.removeprefix("failover+"), **options)
        self.fallback: Any = MemoryStorage() if fallback is None else storage_from_string(fallback)
        self.is_away = False
        self._try_at = 0.0
        self._lock = Lock()

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What the storage behind this one raises; none of it leaves here."""
        found = self.primary.base_exceptions
        return (*found, OSError) if isinstance(found, tuple) else (found, OSError)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` more if that stays within `limit`; say whether it did."""
        return self._asking(
            lambda storage: bool(storage.acquire_sliding_window_entry(key, limit, expiry, amount))
        )

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """(previous count, its seconds left, current count, its seconds left) of the sliding window."""
        return self._asking(lambda storage: tuple(storage.get_sliding_window(key, expiry)))

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows of `key`."""
        self._asking(lambda storage: storage.clear_sliding_window(key, expiry))

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Raise a fixed counter and return it."""
        return self._asking(lambda storage: int(storage.incr(key, expiry, amount)))

    def get(self, key: str) -> int:
        """A fixed counter's value."""
        return self._asking(lambda storage: int(storage.get(key)))

    def get_expiry(self, key: str) -> float:
        """When a fixed counter ends."""
        return self._asking(lambda storage: float(storage.get_expiry(key)))

    def check(self) -> bool:
        """Whether the storage behind this one answers now."""
        try:
            return bool(self.primary.check())
        except self.base_exceptions:
            return False

    def reset(self) -> int | None:
        """Forget everything, here and there."""
        self.fallback.reset()
        self._asking(lambda storage: storage.reset())
        return None

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._asking(lambda storage: storage.clear(key))

    def _asking(self, question: Callable[[Any], T]) -> T:
        if not self._may_try():
            return question(self.fallback)
        try:
            answer = question(self.primary)
        except self.base_exceptions as error:
            self._note_failure(error)
            return question(self.fallback)
        self._note_success()
        return answer

    def _may_try(self) -> bool:
        if not self.is_away:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._try_at:
                return False
            self._try_at = now + AWAY_SECONDS
            return True

    def _note_failure(self, error: Exception) -> None:
        with self._lock:
            first, self.is_away = not self.is_away, True
            self._try_at = time.monotonic() + AWAY_SECONDS
        if first:
            log.warning(
                "The rate limits' storage (%s) is away, its fallback counts: %s",
                type(self.primary).__name__,
                type(error).__name__,
            )

    def _note_success(self) -> None:
        if self.is_away:
            self.is_away = False
            log.warning("The rate limits' storage (%s) is back.", type(self.primary).__name__)

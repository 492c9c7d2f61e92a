"""The hot path: a validating cache of Flask's own public answers, in front of everything else.

It never builds a page. On a miss the application answers, and its views leave in the environ what the
answer was made from; on a hit a counter of all writes, or else one indexed read, tells whether that is
still so. What it does not know falls through.
"""

from __future__ import annotations

import logging
import mmap
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from time import monotonic, time
from typing import Any, TypeAlias, cast

from flask import Flask

from .. import db
from ..config import Settings
from ..identity import Signer
from .caching import KEY, Depends, Outgoing, Public
from .wsgi import Application, Environ, Headers, StartResponse

Values: TypeAlias = tuple[int | str, ...]

# Canonical first pages, and all else (deep pages, odd spellings) apart: random cursors evict no first page.
FIRST_BYTES = 16 * 1024 * 1024
REST_BYTES = 4 * 1024 * 1024
LARGEST_KEPT = 1024 * 1024
POSTGRES_SECONDS = 0.25
REPORT_SECONDS = 10.0
CACHE_KILOBYTES = 64
# How long the counter of turns is believed before the database is asked again.
COUNTER_SECONDS = 1.0
# How long others wait for the one who makes a page anew.
REFRESH_SECONDS = 0.25
# An entry that was hit often survives so many halvings before it goes.
MOST_HITS = 255
METHODS = ("GET", "HEAD")

logger = logging.getLogger(__name__)


class Entry:
    """A kept answer, what it was made from and when (monotonic seconds).

    `checked` is the counter of turns at which it was last found true, to be believed until `believed`.
    """

    __slots__ = ("believed", "checked", "depends", "hits", "made", "outgoing", "refreshing", "size")

    def __init__(self, key: str, outgoing: Outgoing, depends: Depends) -> None:
        self.outgoing, self.depends = outgoing, depends
        self.made, self.hits = monotonic(), 0
        self.refreshing = threading.Lock()
        self.checked: bytes | None = None
        self.believed = 0.0
        # The gzip form is made later; it is counted from the start, as half of the plain one.
        self.size = len(outgoing.body) * 3 // 2 + 4 * len(key) + 2_000


class Shelf:
    """Entries by address. Past `most` bytes the oldest goes first; one that was hit is spared for a while.

    So what is asked for often outlives any number of addresses that are asked for once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        """The entry, if it is here."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.hits += 1
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep it in place of an older one, whose hits it inherits."""
        with self._lock:
            old = self._drop(key)
            entry.hits = old.hits if old is not None else entry.hits
            self._entries[key] = entry
            self._bytes += entry.size
            while self._bytes > self._most:
                self._drop_or_spare(next(iter(self._entries)))

    def _drop_or_spare(self, key: str) -> None:
        entry = self._entries[key]
        if entry.hits:
            entry.hits = min(entry.hits, MOST_HITS) // 2
            self._entries.move_to_end(key)
        else:
            self._drop(key)

    def _drop(self, key: str) -> Entry | None:
        old = self._entries.pop(key, None)
        if old is not None:
            self._bytes -= old.size
        return old


class Hot:
    """WSGI middleware, the outermost: answers GET and HEAD of public pages from memory while true."""

    def __init__(self, app: Application, signer: Signer, is_current: Callable[[Entry], bool]) -> None:
        self.app = app
        self._signer = signer
        self._is_current = is_current
        self._first = Shelf(FIRST_BYTES)
        self._rest = Shelf(REST_BYTES)
        self.hits = Hits()
        # How many answers were kept, anew or for the first time.
        self.made = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or have the application answer and remember what it said."""
        if environ["REQUEST_METHOD"] not in METHODS:
            return self.app(environ, start_response)
        key = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        entry = self._kept(key)
        if entry is None:
            return self._ask(environ, start_response, key)
        if not self._is_current(entry):
            return self._refresh(environ, start_response, key, entry)
        self.hits.count()
        return entry.outgoing.answer(environ, start_response)

    def _kept(self, key: str) -> Entry | None:
        return self._first.get(key) or self._rest.get(key)

    def _refresh(
        self, environ: Environ, start_response: StartResponse, key: str, stale: Entry
    ) -> Iterable[bytes]:
        """One thread makes a hot page anew; those who want it too wait, rather than make it as well."""
        alone = stale.refreshing.acquire(timeout=REFRESH_SECONDS)
        try:
            entry = self._kept(key)
            if entry is None or entry is stale or not self._is_current(entry):
                return self._ask(environ, start_response, key)
            return entry.outgoing.answer(environ, start_response)
        finally:
            if alone:
                stale.refreshing.release()

    def _ask(self, environ: Environ, start_response: StartResponse, key: str) -> Iterable[bytes]:
        method, answered = environ["REQUEST_METHOD"], list[Any]()

        def capture(status: str, headers: Headers, *rest: Any) -> None:
            answered[:] = [status, headers, *rest]

        # HEAD is asked as GET: a tag and a length need the body.
        environ["REQUEST_METHOD"] = "GET"
        body = self.app(environ, capture)
        environ["REQUEST_METHOD"] = method
        public = cast(Public | None, environ.get(KEY))
        if public is None or not answered[0].startswith("200"):
            start_response(*answered)
            return _closed(body) if method == "HEAD" else body
        outgoing = Outgoing(self._signer, key.encode("utf-8", "replace"), answered[1], _joined(body))
        self._keep(key, outgoing, public.depends)
        return outgoing.answer(environ, start_response)

    def _keep(self, key: str, outgoing: Outgoing, depends: Depends | None) -> None:
        if depends is not None and len(outgoing.body) <= LARGEST_KEPT:
            self.made += 1
            shelf = self._first if depends.canonical else self._rest
            shelf.put(key, Entry(key, outgoing, depends))


class Hits:
    """Answers from memory are logged as a number now and then: a line each would cost more than they do."""

    def __init__(self) -> None:
        self.total = 0
        self._reported = monotonic()

    def count(self) -> None:
        """One more."""
        self.total += 1
        if self.total % 256 == 0 and monotonic() - self._reported > REPORT_SECONDS:
            self._reported = monotonic()
            logger.info("answered from memory: %d pages", self.total)


class SQLiteVersions:
    """Whether an entry is true: for certain while nobody wrote anything, else by one indexed read.

    The read happens on a read-only connection. It would cost more than the Python around it if it were done
    at every hit: SQLite lets go of the interpreter, and all threads fight for it.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        # As many as ever read at once: a connection for each thread would hold a copy of the schema each.
        self._free: list[sqlite3.Connection] = []
        self._counter: mmap.mmap | None = None

    def __call__(self, entry: Entry) -> bool:
        """Whether the threads and their site are as they were; an error counts as no."""
        expires = entry.depends.expires
        if expires is not None and time() >= expires:
            return False
        # Read before the versions: a write in between is then seen by the next to ask.
        count = self._counter[:] if self._counter is not None else None
        if count is not None and count == entry.checked and monotonic() < entry.believed:
            return True
        if not self._are_current(entry.depends):
            return False
        entry.checked, entry.believed = count, monotonic() + COUNTER_SECONDS
        return True

    def _are_current(self, depends: Depends) -> bool:
        site = depends.site_id
        values: Values = (site, site, *depends.slugs, site, *depends.slugs)
        try:
            return depends.versions == frozenset(self._ask(_versions(len(depends.slugs)), values))
        except sqlite3.Error:
            self._free.clear()
            return False

    def _ask(self, statement: str, values: Values) -> list[Values]:
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._connected()
        rows = connection.execute(statement, values).fetchall()
        self._free.append(connection)
        return rows

    def _connected(self) -> sqlite3.Connection:
        uri = f"{self._database.as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
        self._counter = self._counter or _counter(self._database)
        return connection


def _counter(database: Path) -> mmap.mmap | None:
    try:
        return db.counter(database)
    except OSError:
        return None


@cache
def _versions(slugs: int) -> str:
    marks = ",".join("?" * slugs)
    return (
        "SELECT '', version FROM site WHERE id = ? UNION ALL "  # noqa: S608 - nothing but question marks
        f"SELECT slug, version FROM thread WHERE site_id = ? AND slug IN ({marks}) UNION ALL "
        "SELECT a.slug, t.version FROM thread_alias AS a JOIN thread AS t ON t.id = a.thread_id "
        f"WHERE a.site_id = ? AND a.slug IN ({marks})"
    )


def is_fresh(entry: Entry) -> bool:
    """PostgreSQL: an entry is good for a quarter of a second; asking would cost a round trip each time."""
    expires = entry.depends.expires
    return monotonic() - entry.made < POSTGRES_SECONDS and (expires is None or time() < expires)


def init_app(app: Flask, settings: Settings, signer: Signer) -> Hot:
    """Put the hot path in front of the application; call it after all other middleware."""
    is_current = SQLiteVersions(settings.database_path) if settings.is_sqlite else is_fresh
    hot = Hot(app.wsgi_app, signer, is_current)
    app.wsgi_app = hot  # type: ignore[method-assign]
    return hot


def _joined(body: Iterable[bytes]) -> bytes:
    try:
        return b"".join(body)
    finally:
        _closed(body)


def _closed(body: Iterable[bytes]) -> Iterable[bytes]:
    close = getattr(body, "close", None)
    if close is not None:
        close()
    return ()

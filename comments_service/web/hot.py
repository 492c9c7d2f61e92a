"""The hot path: a validating cache of Flask's own public answers, in front of everything else.

It never builds a page. On a miss the application answers, and its views leave in the environ what the
answer was made from; on a hit one indexed read tells whether that is still so. What it does not know
falls through.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic, time
from typing import Any, NamedTuple, TypeAlias, cast

from flask import Flask

from ..config import Settings
from ..identity import Signer
from .caching import KEY, Depends, Headers, Outgoing, Public, StartResponse

Application: TypeAlias = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

# Canonical first pages, and all else (deep pages, odd spellings) apart: random cursors evict no first page.
FIRST_BYTES = 16 * 1024 * 1024
REST_BYTES = 4 * 1024 * 1024
LARGEST_KEPT = 1024 * 1024
POSTGRES_SECONDS = 0.25
REPORT_SECONDS = 10.0
CACHE_KILOBYTES = 256
VERSIONS = (
    "SELECT thread.version, site.version FROM thread JOIN site ON site.id = thread.site_id "
    "WHERE thread.site_id = ? AND thread.slug = ?"
)
METHODS = ("GET", "HEAD")

logger = logging.getLogger(__name__)


class Entry(NamedTuple):
    """A kept answer, what it was made from, and when it was made (monotonic seconds)."""

    outgoing: Outgoing
    depends: Depends
    made: float


class Shelf:
    """Entries by address, the least recently used going first once they take more than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        """The entry, which is now the most recently used."""
        entry = self._entries.get(key)
        if entry is not None:
            try:
                self._entries.move_to_end(key)
            except KeyError:
                return entry  # another thread has just dropped it; what it says is still so
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep it in place of an older one."""
        with self._lock:
            self._drop(key)
            self._entries[key] = entry
            self._bytes += self._size(entry)
            while self._bytes > self._most:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        old = self._entries.pop(key, None)
        if old is not None:
            self._bytes -= self._size(old)

    @staticmethod
    def _size(entry: Entry) -> int:
        # The gzip form is made later; it is counted from the start, as half of the plain one.
        return len(entry.outgoing.body) * 3 // 2 + 2_000


class Hot:
    """WSGI middleware, the outermost: answers GET and HEAD of public pages from memory while true."""

    def __init__(self, app: Application, signer: Signer, is_current: Callable[[Entry], bool]) -> None:
        self.app = app
        self._signer = signer
        self._is_current = is_current
        self._first = Shelf(FIRST_BYTES)
        self._rest = Shelf(REST_BYTES)
        self._hits = Hits()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or have the application answer and remember what it said."""
        if environ["REQUEST_METHOD"] not in METHODS:
            return self.app(environ, start_response)
        key = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        entry = self._first.get(key) or self._rest.get(key)
        if entry is not None and self._is_current(entry):
            self._hits.count()
            return entry.outgoing.answer(environ, start_response)
        return self._ask(environ, start_response, key)

    def _ask(self, environ: dict[str, Any], start_response: StartResponse, key: str) -> Iterable[bytes]:
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
            shelf = self._first if depends.canonical else self._rest
            shelf.put(key, Entry(outgoing, depends, monotonic()))


class Hits:
    """Answers from memory are logged as a number now and then: a line each would cost more than they do."""

    def __init__(self) -> None:
        self._count = 0
        self._reported = monotonic()

    def count(self) -> None:
        """One more."""
        self._count += 1
        if self._count % 256 == 0 and monotonic() - self._reported > REPORT_SECONDS:
            self._reported = monotonic()
            logger.info("answered from memory: %d pages", self._count)


class SQLiteVersions:
    """Whether an entry is current, by one indexed read on a read-only connection of the thread's own."""

    def __init__(self, database: Path) -> None:
        self._uri = f"{database.as_uri()}?mode=ro"
        self._mine = threading.local()

    def __call__(self, entry: Entry) -> bool:
        """Whether the thread and its site are as they were; an error counts as no."""
        depends = entry.depends
        if depends.expires is not None and time() >= depends.expires:
            return False
        try:
            row: tuple[int, int] | None = self._ask((depends.site_id, depends.slug)).fetchone()
        except sqlite3.Error:
            self._mine.__dict__.clear()
            return False
        return row == (depends.thread_version, depends.site_version)

    def _ask(self, place: tuple[int, str]) -> sqlite3.Cursor:
        try:
            execute = self._mine.execute
        except AttributeError:
            connection = sqlite3.connect(self._uri, uri=True, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA query_only = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
            execute = self._mine.execute = connection.execute
        return cast(sqlite3.Cursor, execute(VERSIONS, place))


def is_fresh(entry: Entry) -> bool:
    """PostgreSQL: an entry is good for a quarter of a second; asking would cost a round trip each time."""
    expires = entry.depends.expires
    return monotonic() - entry.made < POSTGRES_SECONDS and (expires is None or time() < expires)


def init_app(app: Flask, settings: Settings, signer: Signer) -> None:
    """Put the hot path in front of the application; call it last."""
    is_current = SQLiteVersions(settings.database_path) if settings.is_sqlite else is_fresh
    app.wsgi_app = Hot(app.wsgi_app, signer, is_current)  # type: ignore[method-assign]


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

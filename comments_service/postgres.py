"""PostgreSQL that may hang: connections that notice a silent server, and requests that do not wait for it.

A server that is stopped, or whose host is gone, sends no error; the kernel even confirms what is sent to a
stopped one, so neither statement_timeout nor keepalives nor tcp_user_timeout end the waiting.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Generator
from functools import partial
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, event, text

from .connecting import in_time

T = TypeVar("T")

# So long may an answer take before the server is asked whether it is there at all.
QUIET_SECONDS = 1.0
KNOCK_SECONDS = 0.5
# More than connect_timeout, which is for each address of a name, and which its look-up does not know.
CONNECT_SECONDS = 3.0
# Between two knocks at a server that did not answer the last one; everybody else fails at once.
AGAIN_SECONDS = 0.5
# More than statement_timeout: one process of the server may hang (in its disk, say) while the others answer.
LONGEST_SECONDS = 8.0
# Every PostgreSQL answers it with one byte, before it knows who asks.
SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)

log = logging.getLogger(__name__)


class Doubt:
    """After a failure everybody fails at once, but for one caller in a while who tries again."""

    def __init__(self, pause: float) -> None:
        self.is_on = False
        self._pause = pause
        self._lock = Lock()
        self._try_at = 0.0

    def admits(self) -> bool:
        """Whether this caller may try; whoever may, says how it went."""
        if not self.is_on:
            return True
        with self._lock:
            is_next = monotonic() >= self._try_at
            if is_next:
                self._try_at = monotonic() + self._pause
        return is_next

    def note(self, *, failed: bool) -> bool:
        """How it went; returns whether that is news."""
        with self._lock:
            is_news, self.is_on = failed != self.is_on, failed
            self._try_at = monotonic() + AGAIN_SECONDS
        return is_news


class Server:
    """What this process knows of one PostgreSQL: where it is, and whether it answered when last asked."""

    def __init__(self) -> None:
        self._place: tuple[str, int] | None = None
        self._silent = Doubt(KNOCK_SECONDS + AGAIN_SECONDS)
        # Connections that are there need no name.
        self._not_found = Doubt(AGAIN_SECONDS)

    def connect(self, *args: Any, **params: Any) -> Watched:
        """A new connection; raises psycopg.OperationalError, at once while the server is silent."""
        self.admit()
        if not self._not_found.admits():
            raise _silence()
        try:
            made = in_time(partial(Watched.connect, *args, **params), CONNECT_SECONDS)
        except psycopg.errors.ConnectionTimeout:
            self._note(is_silent=True)
            raise
        except TimeoutError:
            self._not_found.note(failed=True)
            self.is_there()
            raise _silence() from None
        made.server = self
        self._place = (made.info.hostaddr or made.info.host, made.info.port)
        self._not_found.note(failed=False)
        self._note(is_silent=False)
        return made

    def admit(self) -> None:
        """Raises psycopg.OperationalError while the server is silent; one caller in a while asks anew."""
        if not self._silent.is_on:
            return
        # Without a place that once answered, connecting itself is the knock.
        if self._silent.admits() and (self._place is None or self.is_there()):
            return
        raise _silence()

    def is_there(self) -> bool:
        """Knock where connections were made before, and remember what came of it."""
        is_there = self._place is not None and _answers(self._place)
        self._note(is_silent=not is_there)
        return is_there

    def _note(self, *, is_silent: bool) -> None:
        if self._silent.note(failed=is_silent):
            log.error("PostgreSQL %s.", "does not answer" if is_silent else "answers again")


class Watched(psycopg.Connection[Any]):
    """A connection that, when the server is silent, ends its waiting and itself with OperationalError."""

    server: Server | None = None
    longest = LONGEST_SECONDS

    def wait(self, gen: PQGen[T], interval: float = QUIET_SECONDS, timeout: float | None = None) -> T:
        """Wait for the server, as psycopg does, and look after it whenever nothing came for `interval`."""
        if self.server is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            self.server.admit()
            return super().wait(self._attended(gen, self.server), QUIET_SECONDS)
        except _Silent:
            # What it still says would answer a question of before.
            self.pgconn.finish()
            raise

    def rollback(self) -> None:
        """Roll back; when the connection is lost, the server does."""
        try:
            super().rollback()
        except psycopg.OperationalError:
            # Raised while a request is tidied up, it would spoil an answer that was made already.
            if not self.closed:
                raise

    def _attended(self, gen: PQGen[T], server: Server) -> Generator[Any, Any, T]:
        try:
            state = next(gen)
            since = monotonic()
            while True:
                ready = yield state
                if ready:
                    since = monotonic()
                elif monotonic() - since > self.longest or not server.is_there():
                    raise _silence()
                state = gen.send(ready)
        except StopIteration as end:
            answer: T = end.value
            return answer


class _Silent(psycopg.OperationalError):
    """The server does not answer."""


def _silence() -> _Silent:
    return _Silent("PostgreSQL does not answer")


def watch(engine: Engine) -> None:
    """Have the engine's connections watched; they share what they know of the server."""
    server = Server()

    def connect(dialect: Any, record: Any, args: Any, params: Any) -> Watched:
        return server.connect(*args, **params)

    event.listen(engine, "do_connect", connect)


def be_patient(connection: Connection) -> None:
    """Let statements on this connection take as long as they need, for work that nobody waits for."""
    connection.execute(text("SET statement_timeout = 0"))
    watched = connection.connection.driver_connection
    if isinstance(watched, Watched):
        watched.longest = inf


def _answers(place: tuple[str, int]) -> bool:
    host, port = place
    is_socket = host.startswith("/")
    family = socket.AF_UNIX if is_socket else socket.AF_INET6 if ":" in host else socket.AF_INET
    where: Any = f"{host}/.s.PGSQL.{port}" if is_socket else place
    try:
        with socket.socket(family) as door:
            door.settimeout(KNOCK_SECONDS)
            door.connect(where)
            door.sendall(SSL_REQUEST)
            door.recv(1)
    except TimeoutError:
        return False
    except OSError:
        # Refused is an answer too: whoever connects is told so at once.
        return True
    return True

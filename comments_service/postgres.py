"""PostgreSQL that may hang: connections that notice a silent server, and requests that do not wait for it.

A server that is stopped, or whose host is gone, sends no error; the kernel even confirms what is sent to a
stopped one, so neither statement_timeout nor keepalives nor tcp_user_timeout end the waiting.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Generator
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, event, text

from .connecting import named

T = TypeVar("T")

# So long may an answer take before the server is asked whether it is there at all.
QUIET_SECONDS = 1.0
KNOCK_SECONDS = 0.5
# Between two knocks at a server that did not answer the last one; everybody else fails at once.
AGAIN_SECONDS = 0.5
# More than statement_timeout: one process of the server may hang (in its disk, say) while the others answer.
LONGEST_SECONDS = 8.0
# For the look-up of a name; each of its addresses has connect_timeout.
NAME_SECONDS = 0.5
PORT = "5432"
# Every PostgreSQL answers it with one byte, before it knows who asks.
SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)

log = logging.getLogger(__name__)


class Server:
    """What this process knows of one PostgreSQL: where it is, and whether it answered when last asked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._place: tuple[str, int] | None = None
        self._is_silent = False
        self._ask_at = 0.0

    def connect(self, *args: Any, **params: Any) -> Watched:
        """A new connection; raises psycopg.OperationalError, at once while the server is silent.

        One caller in a while knocks where its name leads by now, which may be elsewhere.
        """
        if not self._is_next():
            raise _silence()
        where = found(params)
        if self._is_silent and not self._is_at(where):
            raise _silence()
        try:
            made = Watched.connect(*args, **where)
        except psycopg.errors.ConnectionTimeout:
            self._note(is_silent=True)
            raise
        except psycopg.OperationalError:
            # Refused is an answer too.
            self._note(is_silent=False)
            raise
        made.server = self
        self._place = (made.info.hostaddr or made.info.host, made.info.port)
        self._note(is_silent=False)
        return made

    def admit(self) -> None:
        """Raises psycopg.OperationalError while the server is silent; one caller in a while asks anew."""
        if self._is_silent and not (self._is_next() and self.is_there()):
            raise _silence()

    def is_there(self) -> bool:
        """Knock where connections were made before, and remember what came of it."""
        return self._knock([self._place] if self._place else [])

    def _is_at(self, where: dict[str, Any]) -> bool:
        hosts = str(where.get("hostaddr") or "").split(",")
        ports = str(where.get("port") or PORT).split(",")
        if hosts == [""]:  # a socket in the file system, which stays where it is
            return self._place is None or self.is_there()
        return self._knock([(host, int(ports[n % len(ports)] or PORT)) for n, host in enumerate(hosts)])

    def _knock(self, places: list[tuple[str, int]]) -> bool:
        is_there = any(_answers(place) for place in places)
        self._note(is_silent=not is_there)
        return is_there

    def _is_next(self) -> bool:
        if not self._is_silent:
            return True
        with self._lock:
            is_next = monotonic() >= self._ask_at
            if is_next:
                self._ask_at = monotonic() + KNOCK_SECONDS + AGAIN_SECONDS
        return is_next

    def _note(self, *, is_silent: bool) -> None:
        with self._lock:
            is_news, self._is_silent = is_silent != self._is_silent, is_silent
            self._ask_at = monotonic() + AGAIN_SECONDS
        if is_news:
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


def found(params: dict[str, Any]) -> dict[str, Any]:
    """These parameters with the addresses of their hosts, which psycopg would look up without an end.

    Raises psycopg.OperationalError when none is found in NAME_SECONDS. What names no host stays as it is.
    """
    hosts = str(params.get("host") or "").split(",")
    ports = str(params.get("port") or "").split(",")
    if params.get("hostaddr") or any(host == "" or host.startswith("/") for host in hosts):
        return params
    places: list[tuple[str, str, str]] = []
    problem: OSError | None = None
    for number, host in enumerate(hosts):
        try:
            addresses = named(host).addresses(NAME_SECONDS)
        except OSError as error:
            problem = error
            continue
        places += ((host, address, ports[number % len(ports)]) for address in addresses)
    if not places:
        raise psycopg.OperationalError(f"PostgreSQL is not found: {problem}") from problem
    names, numbers, doors = (",".join(parts) for parts in zip(*places, strict=True))
    return {**params, "host": names, "hostaddr": numbers, "port": doors if any(ports) else None}


def watch(engine: Engine) -> None:
    """Have the engine's connections watched; they share what they know of the server."""
    server = Server()

    def connect(dialect: Any, record: Any, args: Any, params: Any) -> Watched:
        return server.connect(*args, **params)

    event.listen(engine, "do_connect", connect)


def be_patient(connection: Connection) -> None:
    """Let statements on this connection take as long as they need, for work that nobody waits for."""
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
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

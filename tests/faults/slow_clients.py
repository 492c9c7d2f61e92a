"""Clients that keep a server waiting, many at once: with their bodies, their heads, their reading."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from pathlib import Path
from types import TracebackType

# How often the thread that moves all the clients looks for the next one that is due.
TICK_SECONDS = 0.02
BODY_BYTES = 1000
RECEIVE_BYTES = 4096


class SlowClients:
    """From the beginning of a `with` to its end, `count` clients of one kind; each acts every `seconds`.

    A client that was answered or cut off begins anew when it is due. The first acts are spread over
    `seconds`, but everybody has connected and made a beginning when the `with` begins.
    """

    def __init__(
        self,
        port: int,
        count: int,
        *,
        beginning: bytes,
        more: bytes = b"",
        seconds: float = 10.0,
        reads: bool = True,
        seed: int = 1,
    ) -> None:
        self.port = port
        self.beginning = beginning
        self.more = more
        self.seconds = seconds
        self.reads = reads
        self.sent = 0
        self.turned_away = 0
        self._sockets: list[socket.socket] = []
        chance = random.Random(seed)
        self._phases = [chance.random() * seconds for _ in range(count)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._move, name="slow clients")

    def __enter__(self) -> SlowClients:
        self._sockets = [self._opened() for _ in self._phases]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    @property
    def waiting(self) -> int:
        """How many of them the server still waits for: neither answered to the end nor cut off."""
        if self.reads:
            return sum(not _is_told(one) for one in self._sockets)
        return unread(self.port)

    def _opened(self) -> socket.socket:
        made = socket.socket()
        # Before it connects: what it does not read must wait at the server.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        made.settimeout(20)
        made.connect(("127.0.0.1", self.port))
        made.sendall(self.beginning)
        return made

    def _move(self) -> None:
        began = time.monotonic()
        due = [began + phase for phase in self._phases]
        while not self._stopping.is_set():
            now = time.monotonic()
            for number, moment in enumerate(due):
                if moment <= now and self.more:
                    due[number] = moment + self.seconds
                    self._act(number)
            time.sleep(TICK_SECONDS)  # their pace, not a wait for anything

    def _act(self, number: int) -> None:
        if self._goes_on(self._sockets[number]):
            self.sent += 1
        else:
            self.turned_away += 1
            self._sockets[number].close()
            self._sockets[number] = self._opened()

    def _goes_on(self, one: socket.socket) -> bool:
        """Send more; whether the server still takes it."""
        try:
            if is_waited_for := not _is_told(one):
                one.sendall(self.more)
        except OSError:  # cut off just now
            return False
        return is_waited_for


def slow_bodies(port: int, count: int) -> SlowClients:
    """They promise a comment of a kilobyte and send a byte of it every ten seconds."""
    head = f"POST /api/v1/sites/horizons/comments HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_BYTES}\r\n"
    kind = "Content-Type: application/json\r\n\r\n{"
    return SlowClients(port, count, beginning=(head + kind).encode(), more=b" ")


def silent(port: int, count: int) -> SlowClients:
    """They connect, and that is all."""
    return SlowClients(port, count, beginning=b"")


def slow_heads(port: int, count: int) -> SlowClients:
    """They never come to the end of their request's head."""
    return SlowClients(port, count, beginning=b"GET / HTTP/1.1\r\nHost: x\r\n", more=b"X-More: x\r\n")


def slow_readers(port: int, count: int) -> SlowClients:
    """They ask for the widget again and again, and read none of it."""
    ask = b"GET /embed/v1.js HTTP/1.1\r\nHost: x\r\n\r\n"
    return SlowClients(port, count, beginning=ask * 8, reads=False)


def _is_told(one: socket.socket) -> bool:
    """Whether something came from the server, its end included."""
    return bool(select.select([one], [], [], 0)[0])


def unread(port: int) -> int:
    """How many connections of a server's port hold answers that nobody fetches, as the kernel sees it."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and int(row[4].split(":")[0], 16) > 0 for row in rows)

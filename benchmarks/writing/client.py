"""Posting without pause from a process of its own, over kept-alive connections, as readers do it."""

from __future__ import annotations

import json
import random
import re
import secrets
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACKNOWLEDGED = ("201", "202")
# Readers who come back: each connection posts for so many of them in turn.
READERS = 20
ANSWER_SECONDS = 30.0
WORDS = (
    *("the", "council", "river", "morning", "bridge", "quite", "story", "budget", "people", "because"),
    *("never", "reading", "paper", "weather", "city", "article", "question", "answer", "market", "early"),
    *("teacher", "rather", "library", "against", "number"),
)


@dataclass(frozen=True)
class Load:
    """What one round brought: acknowledged posts, their latencies in seconds, errors by status."""

    acknowledged: int
    seconds: float
    p50: float
    p99: float
    errors: dict[str, int]
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Acknowledged posts per second."""
        return self.acknowledged / self.seconds


def drive(port: int, path: str, slugs: Sequence[str], clients: int, seconds: float, run: int = 0) -> Load:
    """Post to these slugs over so many connections for so long, from another process.

    Each `run` has texts of its own: what was said in one before would be held as a near duplicate.
    """
    words = [sys.executable, "-m", "benchmarks.writing.client"]
    asked = json.dumps([port, path, list(slugs), clients, seconds, run])
    done = subprocess.run([*words, asked], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the client failed: {done.stderr[-2000:]}")
    return Load(**json.loads(done.stdout))


class Reader:
    """One connection, on which one post follows the other."""

    def __init__(self, port: int, path: str, slugs: Sequence[str], seed: str) -> None:
        self._address, self._slugs = ("127.0.0.1", port), slugs
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            "Content-Length: "
        )
        self._random = random.Random(seed)
        self._keys = [secrets.token_urlsafe(16) for _ in range(READERS)]
        self.connect()

    def connect(self) -> None:
        """Open the connection, or another one in place of it."""
        self.socket = socket.create_connection(self._address, timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        """Send the next post."""
        fields = {
            "slug": self._random.choice(self._slugs),
            "name": "Wren of the north",
            "body": self._body(),
            "author_key": self._random.choice(self._keys),
            "key": secrets.token_urlsafe(12),
        }
        body = json.dumps(fields).encode()
        self.sent = time.perf_counter()
        self.socket.sendall(f"{self._head}{len(body)}\r\n\r\n".encode() + body)

    def receive(self) -> str:
        """The status of the answer, which is read to its end; "closed" when there is none."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            more = self.socket.recv(65536)
            if not more:
                return "closed"
            data += more
        length = re.search(rb"content-length: *(\d+)", data[:end], re.IGNORECASE)
        missing = end + 4 + int(length[1] if length else 0) - len(data)
        while missing > 0:
            more = self.socket.recv(missing)
            if not more:
                return "closed"
            missing -= len(more)
        return data[9:12].decode()

    def _body(self) -> str:
        text = " ".join(self._random.choices(WORDS, k=self._random.randint(10, 70)))
        if self._random.random() < 0.2:
            text += "\n\n*And* another [thing](https://example.org/thing)."
        return f"{text} {secrets.token_hex(6)}"


def post(
    port: int, path: str, slugs: Sequence[str], clients: int, seconds: float, run: int
) -> dict[str, object]:
    """Post until the time is over; what `Load` wants to know."""
    readers = [Reader(port, path, slugs, f"{run}/{number}") for number in range(clients)]
    times: list[float] = []
    errors: Counter[str] = Counter()
    selector = selectors.DefaultSelector()
    began = time.perf_counter()
    for reader in readers:
        reader.send()
        selector.register(reader.socket, selectors.EVENT_READ, reader)
    waiting = clients
    while waiting:
        ready = selector.select(ANSWER_SECONDS)
        if not ready:
            errors["silent"] += waiting
            break
        for key, _ in ready:
            reader = key.data
            status = reader.receive()
            now = time.perf_counter()
            if status in ACKNOWLEDGED:
                times.append(now - reader.sent)
            else:
                errors[status] += 1
            if status == "closed":
                selector.unregister(reader.socket)
                reader.connect()
                selector.register(reader.socket, selectors.EVENT_READ, reader)
            if now - began < seconds:
                reader.send()
            else:
                waiting -= 1
    lasted = time.perf_counter() - began
    times.sort()
    count = len(times)
    return {
        "acknowledged": count,
        "seconds": lasted,
        "p50": times[count // 2] if count else 0.0,
        "p99": times[count * 99 // 100] if count else 0.0,
        "errors": dict(errors),
    }


if __name__ == "__main__":
    print(json.dumps(post(*json.loads(sys.argv[1]))))

"""A real server process for the tests, and plain sockets to talk to it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from email.message import Message
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests.servers.ports import PAUSE, answers, free_port

ROOT = Path(__file__).parents[2]


def wait_for(ready: Callable[[], object], seconds: float = 15) -> None:
    """Returns once `ready()` is true; TimeoutError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so after {seconds} s")
        time.sleep(PAUSE)


class Running:
    """`tests.server.run` on a port of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        workers: int = 2,
        threads: int = 32,
        kill_seconds: int = 8,
        **environ: str,
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.errors = folder / f"stderr-{os.urandom(4).hex()}"
        words = [str(word) for word in (self.port, workers, threads, kill_seconds)]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.server.run", *words],
                cwd=ROOT,
                env={**os.environ, "SERVER_TEST_FOLDER": str(folder), **environ},
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
        self.workers = workers
        self._opened: list[socket.socket] = []

    def started(self) -> Running:
        """Itself, once every worker answers."""
        wait_for(lambda: self.process.poll() is not None or answers(self.port), 20)
        wait_for(lambda: self.process.poll() is not None or len(self.pids()) == self.workers, 20)
        assert self.process.poll() is None, self.errors.read_text()
        return self

    def pids(self) -> set[int]:
        """The workers that answer just now, as far as 16 new connections find them."""
        found = set()
        for _ in range(16):
            try:
                found.add(int(self.ask("GET", "/quick")[1]["worker"]))
            except (OSError, HTTPException):
                continue
        return found

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Message]:
        """(status, JSON, headers) of one request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    def open(self, start: bytes) -> socket.socket:
        """A connection on which `start` has been sent; closed at the end at the latest."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self._opened.append(connection)
        connection.sendall(start)
        return connection

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        whole, _, _ = self.errors.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def stop(self) -> None:
        """The end, by force: workers die with their parent."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for connection in self._opened:
            connection.close()


def is_gone(pid: int) -> bool:
    """Whether the process has ended (a zombie that nobody fetched has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def answered(connection: socket.socket) -> bytes:
    """What has arrived on a connection so far, without waiting."""
    if not select.select([connection], [], [], 0)[0]:
        return b""
    try:
        return connection.recv(65536, socket.MSG_PEEK) or b"closed"
    except ConnectionError:
        return b"closed"

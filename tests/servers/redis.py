"""A private Redis: one free port, nothing kept on disk."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import redis

from tests.servers.ports import answers, free_port
from tests.servers.private import Server, private_folder


class Redis:
    """A running Redis; `url` has an empty database after `flush`."""

    def __init__(self, program: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.program = program
        self.start()

    def start(self) -> None:
        """Starts it, empty; returns when it answers."""
        folder = private_folder("redis")
        listening = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", folder]
        self.server = Server([self.program, *listening, "--save", "", "--appendonly", "no"], folder)
        self.server.wait_until(lambda: answers(self.port))

    def hang(self) -> None:
        """Stops it where it stands, until `resume`: it says nothing, and sends no error."""
        os.kill(self.server.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets what `hang` stopped go on."""
        os.kill(self.server.process.pid, signal.SIGCONT)

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def stop(self) -> None:
        self.server.stop()

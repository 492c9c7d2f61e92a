"""Runs of the demo for tests: started as a person starts it, read back as it prints and serves."""

from __future__ import annotations

import http.client
import json
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comments_service.demo.conversations import read_conversations
from comments_service.demo.newspaper import SITE
from tests.server.running import ROOT, wait_for

SECONDS = 120
PORTS = (20_000, 32_000)


class Demo:
    """A run of the demo on two free ports, with what it printed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.seeded = 0
        self._printed = folder.with_name("printed")
        self.begin()

    def begin(self) -> None:
        """Start it, at first and again after `stop`."""
        words = ["--port", str(self.port), "--dir", str(self.folder)]
        command = [sys.executable, "-m", "comments_service.demo", *words]
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=printed, stderr=printed)

    @property
    def printed(self) -> str:
        return self._printed.read_text()

    def shows(self, words: str) -> None:
        """Returns once these words were printed."""
        wait_for(lambda: words in self.printed or self.process.poll() is not None, SECONDS)
        assert words in self.printed, self.printed

    def started(self) -> Demo:
        self.shows("Ctrl-C")
        return self

    @property
    def token(self) -> str:
        return self._found(r"API token +(\S+)")

    @property
    def link(self) -> str:
        return self._found(r"desk +(\S+)")

    def _found(self, pattern: str) -> str:
        found = re.search(pattern, self.printed)
        assert found, self.printed
        return found[1]

    def ask(self, path: str, *, port: int | None = None, token: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def read(self, path: str, *, token: str = "") -> Any:
        status, body = self.ask(f"/api/v1/sites/{SITE}{path}", token=token)
        assert status == 200, body
        return json.loads(body)

    def queue(self, name: str) -> list[Any]:
        return list(self.read(f"/moderation/queues/{name}", token=self.token)["comments"])

    def counts(self) -> dict[str, int]:
        slugs = "&".join(f"slug={talk.article}" for talk in read_conversations())
        return dict(self.read(f"/counts?{slugs}")["counts"])

    def remember(self) -> None:
        """Count what is there before anybody but its own readers has come."""
        waiting_or_refused = len(self.queue("pending")) + len(self.queue("rejected"))
        self.seeded = sum(self.counts().values()) + waiting_or_refused

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A run with its whole conversation, which was once interrupted in the middle of seeding it."""
    demo = Demo(tmp_path_factory.mktemp("runs") / "demo", free_pair())
    demo.shows("10 of")
    demo.stop()
    demo.begin()
    demo.started().remember()
    yield demo
    assert demo.stop() == 0


def free_pair() -> int:
    """A free port whose next one is free too, below those that the system gives to connections."""
    while True:
        port = random.randrange(*PORTS)
        try:
            for number in (port, port + 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port

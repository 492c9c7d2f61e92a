"""The servers that are measured: ours, nginx and the plain view, each with what it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import Path

from tests.servers.ports import answers, free_port

from .seeding import SECRET

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A program that listens on a port of 127.0.0.1, with all the processes it starts."""

    def __init__(self, words: Sequence[str], port: int, environ: Mapping[str, str], log: Path) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        started = time.perf_counter()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                words,
                cwd=ROOT,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._log = log
        self.first_answer = self._wait(started)

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of one GET."""
        return fetch(self.url + path, **headers)

    def cpu(self) -> float:
        """Seconds of CPU that it and its processes took so far."""
        return sum(_cpu(pid) for pid in family(self.process.pid))

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that is not enough."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self, started: float) -> float:
        while time.perf_counter() - started < START_SECONDS:
            if self.process.poll() is not None:
                break
            if answers(self.port) and self._is_ready():
                return time.perf_counter() - started
            time.sleep(0.005)
        self.process.kill()
        raise RuntimeError(f"{self._log.name} did not start: {self._log.read_text()[-2000:]}")

    def _is_ready(self) -> bool:
        try:
            return fetch(self.url + self.probe())[0] == 200
        except OSError:
            return False

    def probe(self) -> str:
        """A path that answers 200 when it serves."""
        return "/"


class Service(Server):
    """The real service on a migrated database: two workers of granian, checks on."""

    def __init__(
        self, database_url: str, secret: bytes, log: Path, *, threads: int = 32, **environ: str
    ) -> None:
        port = free_port()
        given = {
            "COMMENTS_DATABASE_URL": database_url,
            "COMMENTS_SECRET_KEY": secret.decode(),
            "COMMENTS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        words = [sys.executable, "-m", "comments_service.cli", "serve", "--port", str(port)]
        words += ["--workers", "2", "--threads", str(threads)]
        super().__init__(words, port, given | environ, log)

    def probe(self) -> str:
        """Whether it is ready to serve."""
        return "/readyz"


class Read(Service):
    """As readers have it, with all limits on."""

    def __init__(self, database: Path, probe: str) -> None:
        self._probe = probe
        super().__init__(
            f"sqlite:///{database}",
            SECRET,
            database.with_suffix(".log"),
            # The writer speaks for many readers, each with an address and so a limit of its own.
            COMMENTS_TRUSTED_PROXIES="127.0.0.1/32",
        )

    def probe(self) -> str:
        """A page of a thread."""
        return self._probe

    def memory(self) -> int:
        """Bytes (PSS) of the two workers."""
        # The main process only waits, and the keeper works once an hour: workers are what readers cost.
        return sum(_pss(pid) for pid in family(self.process.pid)[1:] if "keep_house" not in _words(pid))


class Plain(Server):
    """The plain view by the same server, likewise with two workers."""

    def __init__(self, database: Path) -> None:
        port = free_port()
        words = [sys.executable, "-m", "benchmarks.reading.plain", str(port), str(database)]
        super().__init__(words, port, {}, database.with_suffix(".plain.log"))

    def probe(self) -> str:
        """Its one view."""
        return "/comments?slug=articles/10-comments"


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers in small letters, body) of one GET."""
    asked = urllib.request.Request(
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, _small(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _small(error.headers), error.read()


def family(pid: int) -> list[int]:
    """The process and its descendants, itself first."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process and its descendants."""
    return sum(_cpu(one) for one in family(pid))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _words(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def _small(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

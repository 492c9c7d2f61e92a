"""The processes of a running service: who serves, who listens, and killing them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.app import Live
from tests.server.running import wait_for

LISTENING = "0A"
WORKERS = 2


def workers(live: Live) -> list[int]:
    """The processes that serve, the oldest first. The keeper is none of them."""
    assert live.process is not None
    parent = live.process.pid
    words = _words(parent)
    children = Path(f"/proc/{parent}/task").glob("*/children")
    pids = [int(pid) for one in children for pid in one.read_text().split()]
    return sorted((pid for pid in pids if _words(pid) == words), key=_started)


def listeners(port: int) -> int:
    """How many processes listen on a port of 127.0.0.1: every worker that is ready does."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[1].endswith(f":{port:04X}") and line[3] == LISTENING for line in lines)


def wait_for_workers(live: Live) -> None:
    """Returns once all of them serve; the service answers as soon as the first one does."""
    wait_for(lambda: len(workers(live)) == listeners(live.port) == WORKERS)


def kill_oldest_worker(live: Live) -> None:
    """SIGKILL; returns once another serves in its place.

    The oldest is never the one that was killed last: a worker that dies twice within a few seconds ends
    the service, on purpose.
    """
    wait_for_workers(live)
    before = workers(live)
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: before[0] not in (now := workers(live)) and len(now) == len(before))
    wait_for(lambda: listeners(live.port) == len(before))


def kill_all(live: Live) -> None:
    """SIGKILL to every process of the service at once; returns when nobody listens any more."""
    assert live.process is not None
    os.killpg(live.process.pid, signal.SIGKILL)
    live.process.wait()
    wait_for(lambda: listeners(live.port) == 0)


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""  # it has just ended


def _started(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0

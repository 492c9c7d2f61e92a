"""Free ports of 127.0.0.1, and waiting until somebody answers there."""

from __future__ import annotations

import socket
import time

PAUSE = 0.02  # seconds between two looks


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def answers(port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def wait_until_closed(port: int, seconds: float = 10) -> None:
    """Returns when nothing listens there any more; TimeoutError after so many seconds."""
    deadline = time.monotonic() + seconds
    while answers(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"port {port} is still answering after {seconds} s")
        time.sleep(PAUSE)

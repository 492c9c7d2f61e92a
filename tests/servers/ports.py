"""Free ports of 127.0.0.1, and waiting until somebody answers there."""

from __future__ import annotations

import socket
import time

PAUSE = 0.02  # seconds between two looks
# Bound as long as this process lives, and never listening.
_kept: list[socket.socket] = []


def free_port() -> int:
    """A port that is nobody's, and that the system gives to nobody else while this process lives.

    Servers may listen there beside the socket that keeps it, as they and it allow addresses to be used again.
    """
    keeper = socket.socket()
    keeper.bind(("127.0.0.1", 0))
    # Only now: with it, the system might have given a port that another process keeps so.
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _kept.append(keeper)
    port: int = keeper.getsockname()[1]
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

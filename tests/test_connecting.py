"""What is connected in time is handed on; what comes later is closed, and nobody waits for it."""

from __future__ import annotations

import socket
import threading

import pytest

from comments_service.connecting import in_time, keep_known


class Line:
    """A connection that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        """Give it back."""
        self.closed.set()


def assert_kept_known(line: socket.socket) -> None:
    """The system says something on it after a minute of quiet."""
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


def test_a_quiet_connection_is_kept_known() -> None:
    with socket.socket() as line:
        keep_known(line)
        assert_kept_known(line)


def test_what_is_connected_in_time_is_handed_on() -> None:
    line = Line()
    assert in_time(lambda: line, 20) is line
    assert not line.closed.is_set()


def test_what_goes_wrong_is_raised_as_it_is() -> None:
    def refuse() -> Line:
        raise ConnectionRefusedError("nobody there")

    with pytest.raises(ConnectionRefusedError, match="nobody there"):
        in_time(refuse, 20)


def test_what_comes_too_late_is_closed() -> None:
    line, waiting = Line(), threading.Event()

    def connect() -> Line:
        waiting.wait(20)
        return line

    with pytest.raises(TimeoutError):
        in_time(connect, 0.01)
    assert not line.closed.is_set()
    waiting.set()
    assert line.closed.wait(20)


def test_what_fails_too_late_fails_alone() -> None:
    failed, waiting = threading.Event(), threading.Event()

    def fail() -> Line:
        waiting.wait(20)
        failed.set()
        raise OSError("late")

    with pytest.raises(TimeoutError):
        in_time(fail, 0.01)
    waiting.set()
    assert failed.wait(20)

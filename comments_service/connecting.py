"""Connections that are made in time or not at all, the look-up of a name included, and kept known."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Protocol, TypeVar

# Firewalls and balancers forget a quiet connection after some minutes and tell nobody: its next question
# would wait in vain. So the system says something before, not after two hours as it would by itself.
IDLE_SECONDS = 60


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> object:
        """Give it back."""


T = TypeVar("T", bound=Closable)


def in_time(connect: Callable[[], T], seconds: float | None) -> T:
    """What `connect` returns or raises; TimeoutError after so many seconds. What comes later is closed.

    Drivers bound how long an address may take to answer, but not the system's look-up of its name: where a
    name server does not answer, that takes many seconds, and no program can end it. So a thread waits for it.
    """
    made: Future[T] = Future()
    Thread(target=_fulfil, args=(made, connect), daemon=True, name="connect").start()
    try:
        return made.result(seconds)
    except TimeoutError:
        made.add_done_callback(_close)
        raise


def keep_known(line: socket.socket) -> None:
    """Have the system say something on this connection after each IDLE_SECONDS of quiet."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE_SECONDS)


def _fulfil(made: Future[T], connect: Callable[[], T]) -> None:
    try:
        made.set_result(connect())
    except Exception as error:  # for whoever waits, whatever it is
        made.set_exception(error)


def _close(made: Future[T]) -> None:
    with suppress(Exception):
        made.result().close()

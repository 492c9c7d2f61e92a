"""Connecting to other servers: names found in time or not at all, quiet connections kept known."""

from __future__ import annotations

import logging
import socket
from concurrent.futures import Future
from functools import cache
from threading import Lock, Thread
from time import monotonic

# A look-up may be stuck: after so long another is begun beside it, but never more than so many.
RETRY_SECONDS = 1.0
MOST_AT_ONCE = 16
# For so long is what came too late for whoever asked good for whoever asks then.
KEPT_SECONDS = 15.0
# Firewalls and balancers forget a quiet connection after some minutes and tell nobody: its next question
# would wait in vain. So the system says something before, not after two hours as it would by itself.
IDLE_SECONDS = 60

log = logging.getLogger(__name__)


class Name:
    """The name of a server, and the one look-up that all who ask for its addresses wait for.

    Drivers bound how long an address may take to answer, but not the system's look-up of its name: where a
    name server does not answer, that takes many seconds, and no program can end it. So threads wait for it.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self._lock = Lock()
        self._newest = _LookUp()
        self._newest.found.set_result([])
        self._running = 0
        self._is_late = False
        self._found_at = 0.0
        self._kept: list[str] = []

    def addresses(self, seconds: float) -> list[str]:
        """Its addresses, the best first; raises OSError without any, and TimeoutError after so many seconds.

        While they are late for somebody already, only who begins another look-up waits.
        """
        with self._lock:
            if self._kept and monotonic() < self._found_at + KEPT_SECONDS:
                return self._kept
            if self._may_begin():
                self._begin()
            elif self._is_late:
                raise self._late()
            asked = self._newest
        try:
            return asked.found.result(max(0.0, asked.began + seconds - monotonic()))
        except TimeoutError:
            self._note_late(asked)
            raise self._late() from None

    def _may_begin(self) -> bool:
        is_stuck = monotonic() > self._newest.began + RETRY_SECONDS and self._running < MOST_AT_ONCE
        return self._newest.found.done() or is_stuck

    def _begin(self) -> None:
        asked = _LookUp()
        try:
            Thread(target=self._look_up, args=(asked,), daemon=True, name="look-up").start()
        except RuntimeError as error:  # there may be no more threads
            raise OSError(f"The name {self.host} cannot be looked up just now: {error}.") from error
        self._newest = asked
        self._running += 1

    def _look_up(self, asked: _LookUp) -> None:
        try:
            answers = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
        except Exception as error:  # for whoever waits, whatever it is
            with self._lock:
                self._running -= 1
            asked.found.set_exception(error)
            return
        found = list(dict.fromkeys(str(place[0]) for *_, place in answers))
        with self._lock:
            self._running -= 1
            was_late, self._is_late = self._is_late, False
            self._found_at = monotonic()
            self._kept = found if was_late else []
        # Only now: whoever sees that it is done would begin another.
        asked.found.set_result(found)
        if was_late:
            log.error("The name %s is found again.", self.host)

    def _note_late(self, asked: _LookUp) -> None:
        with self._lock:
            # One that is stuck says nothing about the others after it.
            if self._is_late or asked.began < self._found_at:
                return
            self._is_late = True
        log.error("The name %s is not found in time.", self.host)

    def _late(self) -> TimeoutError:
        return TimeoutError(f"The name {self.host} is not found in time.")


class _LookUp:
    def __init__(self) -> None:
        self.began = monotonic()
        self.found: Future[list[str]] = Future()


@cache
def named(host: str) -> Name:
    """The name as this process knows it; what is asked for comes from settings alone, so there are few."""
    return Name(host)


def keep_known(line: socket.socket) -> None:
    """Have the system say something on this connection after each IDLE_SECONDS of quiet."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE_SECONDS)

"""A line in which the threads of a process stand for the interpreter, so that each comes in its turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import Unavailable


class Line:
    """A lock that is given in the order in which it was asked for, and before that to those who come `first`.

    The interpreter runs one thread at a time, whichever has just woken. Sixteen that work on requests would
    stop the one that stores comments at each of its statements, while other processes wait for its turn; and
    each change from one to the other costs time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: deque[threading.Lock] = deque()
        self._waiting: deque[threading.Lock] = deque()
        self._is_held = False
        self._thread = threading.local()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._first) + len(self._waiting)

    @contextmanager
    def held(self, seconds: float, *, first: bool = False) -> Iterator[None]:
        """Hold the line, which may be this thread's already; raises Unavailable if it comes too late."""
        if self._is_ours:
            yield
            return
        if not self._take(seconds, first):
            raise Unavailable("Many people are writing just now. Please try again.")
        try:
            yield
        finally:
            if self._is_ours:
                self._give()

    @contextmanager
    def left(self, seconds: float) -> Iterator[None]:
        """Leave the line to others while this thread waits for something; then it is the first again.

        If that takes longer than `seconds`, it goes on without: what it waited for is done.
        """
        if not self._is_ours:
            yield
            return
        self._give()
        try:
            yield
        finally:
            self._take(seconds, first=True)

    @property
    def _is_ours(self) -> bool:
        return getattr(self._thread, "holds", False)

    def _take(self, seconds: float, first: bool) -> bool:
        comes = self._come(seconds, self._first if first else self._waiting)
        self._thread.holds = comes
        return comes

    def _come(self, seconds: float, queue: deque[threading.Lock]) -> bool:
        place = threading.Lock()
        with self._lock:
            if not self._is_held:
                self._is_held = True
                return True
            place.acquire()
            queue.append(place)
        if place.acquire(timeout=seconds):
            return True
        with self._lock:
            if place not in queue:
                return True  # it was given at the last moment
            queue.remove(place)
            return False

    def _give(self) -> None:
        self._thread.holds = False
        with self._lock:
            if queue := self._first or self._waiting:
                queue.popleft().release()
            else:
                self._is_held = False

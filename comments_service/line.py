"""A line in which the threads of a process stand for the interpreter, so that each comes in its turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import Unavailable


class Line:
    """A lock that is given in the order in which it was asked for, and `first` to those who ask so.

    The interpreter runs one thread at a time, whichever has just woken. Sixteen that prepare comments would
    stop the one that stores them at each of its statements, while other processes wait for its turn.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_held = False

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._waiting)

    @contextmanager
    def held(self, seconds: float, *, first: bool = False) -> Iterator[None]:
        """Hold the line; raises Unavailable if it does not come within `seconds`."""
        self._take(seconds, first)
        try:
            yield
        finally:
            self._give()

    def _take(self, seconds: float, first: bool) -> None:
        place = threading.Lock()
        with self._lock:
            if not self._is_held:
                self._is_held = True
                return
            place.acquire()
            if first:
                self._waiting.appendleft(place)
            else:
                self._waiting.append(place)
        if not place.acquire(timeout=seconds):
            self._leave(place)

    def _leave(self, place: threading.Lock) -> None:
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
                raise Unavailable("Many people are writing just now. Please try again.")
        # It was given at the last moment.

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False

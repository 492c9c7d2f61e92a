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

    Who stands in it waits for a place: a lock that is released when its turn has come.
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
    def held(self, seconds: float) -> Iterator[None]:
        """Hold the line, which may be this thread's already; raises Unavailable if it comes too late."""
        if self._is_ours:
            yield
            return
        if not self._take(seconds, first=False):
            raise Unavailable("Many people are writing just now. Please try again.")
        try:
            yield
        finally:
            self.leave()

    @contextmanager
    def left(self, seconds: float) -> Iterator[None]:
        """Leave the line to others while this thread waits for something; then it is the first again.

        If that takes longer than `seconds`, it goes on without: what it waited for is done.
        """
        was_ours = self._is_ours
        self.leave()
        try:
            yield
        finally:
            if was_ours:
                self.come_back(seconds)

    def leave(self) -> None:
        """Let the next have the line, if it is this thread's."""
        if not self._is_ours:
            return
        self._thread.holds = False
        with self._lock:
            queue = self._first or self._waiting
            place = queue.popleft() if queue else None
            self._is_held = place is not None
        if place is not None:
            place.release()

    def come_back(self, seconds: float) -> None:
        """Hold the line again, before all who wait for it; go on without if that takes longer."""
        if not self._is_ours:
            self._take(seconds, first=True)

    def leave_for(self, place: threading.Lock, seconds: float) -> bool:
        """Leave the line, and hold it again when somebody has called `place` and its turn has come.

        False when that takes longer than `seconds`; the place is then to be waited for again, or recalled.
        """
        self.leave()
        self._thread.holds = place.acquire(timeout=seconds)
        return self._is_ours

    def call(self, place: threading.Lock, *, first: bool = False, behind: int | None = None) -> None:
        """Put a place in line for whoever waits for it; nobody else in line, it is served at once.

        It goes to the end, or `behind` so many of those who wait, or with those who come `first`.
        """
        with self._lock:
            if self._is_held:
                queue = self._first if first else self._waiting
                queue.insert(len(queue) if behind is None else behind, place)
                return
            self._is_held = True
        place.release()

    def recall(self, place: threading.Lock) -> bool:
        """Take a place out of the line; False if it is not in line, as it was served or never called."""
        with self._lock:
            for queue in (self._first, self._waiting):
                if place in queue:
                    queue.remove(place)
                    return True
        return False

    @property
    def _is_ours(self) -> bool:
        return getattr(self._thread, "holds", False)

    def _take(self, seconds: float, *, first: bool) -> bool:
        place = new_place()
        self.call(place, first=first)
        # Served at the last moment, it is not in line any more.
        self._thread.holds = place.acquire(timeout=seconds) or not self.recall(place)
        return self._is_ours


def new_place() -> threading.Lock:
    """A place that nobody has called yet."""
    place = threading.Lock()
    place.acquire()
    return place

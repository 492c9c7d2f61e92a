"""Group commit: what waits for the write turn in one process shares a turn, a transaction and a commit."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import copy_context
from time import monotonic
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.orm import Session

from .errors import Unavailable
from .line import Line, new_place

T = TypeVar("T")
Work = Callable[[Session], T]
# The turn belongs to other processes too: none keeps it for longer than so many pieces of work.
MOST_AT_ONCE = 8


class Group:
    """Does the work that many threads bring, each piece once, as few commits as possible.

    There is no thread for it: who finds nobody leading leads, and hands on to the next who waits. It stands
    in line once more before it does, so that those who are there already come along. Pieces may run again,
    so a transaction in which any of them failed is rolled back whole, and each runs once more in a
    transaction of its own: no failure of one touches another, and nothing is acknowledged before its COMMIT
    returned.
    """

    def __init__(
        self,
        line: Line,
        turn: Callable[[float], AbstractContextManager[None]],
        transaction: Callable[[Work[Any]], Any],
    ) -> None:
        self._line, self._turn, self._transaction = line, turn, transaction
        self._lock = threading.Lock()
        self._waiting: deque[_Piece[Any]] = deque()
        self._is_led = False

    @property
    def waiting(self) -> int:
        """How many pieces wait for the line and the turn."""
        return len(self._waiting)

    def do(self, work: Work[T], seconds: float) -> T:
        """What `work` returned, once committed; raises what it raised.

        Whoever calls it holds the line, and does so again afterwards, unless that took too long. Raises
        Unavailable when its turn does not come within `seconds`.
        """
        piece = _Piece(work, monotonic() + seconds)
        with self._lock:
            self._waiting.append(piece)
            if not self._is_led:
                self._hand_on()
        if not self._line.leave_for(piece.place, seconds):
            self._give_up(piece, seconds)
        if piece.leads:
            self._lead(piece)
            self._line.come_back(seconds)
        if piece.error is not None:
            raise piece.error
        return cast(T, piece.result)

    def _give_up(self, piece: _Piece[Any], seconds: float) -> None:
        with self._lock:
            if piece in self._waiting and not piece.leads:
                self._waiting.remove(piece)
                raise _too_many()
        # It is being done, or leads. Once it is done, it needs the line no more than its answer does.
        while not self._line.leave_for(piece.place, seconds):
            if piece.is_done and self._line.recall(piece.place):
                return

    def _lead(self, own: _Piece[Any]) -> None:
        """Do what waits, `own` first; whatever happens, the others are woken and somebody leads on."""
        batch = [own]
        try:
            with self._turn(max(0.0, own.deadline - monotonic())):
                batch = self._taken()
                self._do(batch)
        except BaseException as error:
            self._drop(own)
            for piece in batch:
                piece.fail(error if piece is own else _too_many())
            if not isinstance(error, Exception):
                raise
        finally:
            with self._lock:
                self._hand_on()
            for piece in batch:
                if piece is not own:
                    self._line.call(piece.place, first=True)

    def _taken(self) -> list[_Piece[Any]]:
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]

    def _drop(self, piece: _Piece[Any]) -> None:
        with self._lock:
            if piece in self._waiting:
                self._waiting.remove(piece)

    def _hand_on(self) -> None:
        """Let the first of those who wait lead, behind as many in line as can still go along."""
        self._is_led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._line.call(self._waiting[0].place, behind=max(0, MOST_AT_ONCE - len(self._waiting)))

    def _do(self, batch: list[_Piece[Any]]) -> None:
        if len(batch) > 1 and self._together(batch):
            return
        for piece in batch:
            # What kept all of them waiting, such as a stranger's lock, would keep each of them as long again.
            if len(batch) > 1 and monotonic() > piece.deadline:
                piece.fail(_too_many())
                continue
            try:
                piece.succeed(self._transaction(piece.run))
            except Exception as error:
                piece.fail(error)

    def _together(self, batch: list[_Piece[Any]]) -> bool:
        """Whether all went well, in one transaction. If not, nothing of it is stored."""
        try:
            results = self._transaction(lambda session: [_alone(piece, session) for piece in batch])
        except Exception:
            return False
        for piece, result in zip(batch, results, strict=True):
            piece.succeed(result)
        return True


class _Piece(Generic[T]):
    """Work that waits to be done, in the context of the request that brought it."""

    def __init__(self, work: Work[T], deadline: float) -> None:
        self.deadline = deadline
        self.leads = False
        self.result: T | None = None
        self.error: BaseException | None = None
        self._work, self._context = work, copy_context()
        self.is_done = False
        # Called when it is done, or when it leads.
        self.place = new_place()

    def run(self, session: Session) -> T:
        """Do the work, whoever's thread this is."""
        return self._context.run(self._work, session)

    def succeed(self, result: T) -> None:
        """It is committed."""
        self.result, self.is_done = result, True

    def fail(self, error: BaseException) -> None:
        """It is not, unless that was known already."""
        if not self.is_done:
            self.error, self.is_done = error, True


def _alone(piece: _Piece[T], session: Session) -> T:
    """Run a piece as if the session were its own: nothing of it is left for the next."""
    result = piece.run(session)
    # Were the transaction gone, what the next piece does would be stored at once and unacknowledged.
    assert_open(session)
    session.expunge_all()
    return result


def assert_open(session: Session) -> None:
    """Send what the session still holds, and make sure that it will be committed with all that came before.

    Some errors (a full disk) make SQLite roll all back by itself; work that went on after one is lost.
    Raises Unavailable then, and throws the connection away.
    """
    session.flush()
    driver = session.connection().connection.driver_connection
    if isinstance(driver, sqlite3.Connection) and not driver.in_transaction:
        session.invalidate()
        raise Unavailable("The database could not store this just now. Please try again.")


def _too_many() -> Unavailable:
    return Unavailable("Many people are writing just now. Please try again.")

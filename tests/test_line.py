"""The line for the interpreter: everybody in turn, who is called first before others, and nobody for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest

from comments_service.errors import Unavailable
from comments_service.line import Line, new_place

LONG = 10.0


def test_everybody_is_served_in_the_order_of_coming() -> None:
    line, served = Line(), list[str]()
    with _standing(line) as stand:
        for name in ("one", "two", "three"):
            stand(partial(served.append, name))
    assert served == ["one", "two", "three"]


def test_who_is_called_first_goes_before_all_who_wait() -> None:
    line, served = Line(), list[str]()
    with _standing(line) as stand:
        stand(partial(served.append, "works"))
        stand(partial(served.append, "stored"), called={"first": True})
        stand(partial(served.append, "stored too"), called={"first": True})
    assert served == ["stored", "stored too", "works"]


@pytest.mark.parametrize(
    ("behind", "order"),
    [
        (0, ["stores", "one", "two"]),
        (1, ["one", "stores", "two"]),
        (9, ["one", "two", "stores"]),
        (None, ["one", "two", "stores"]),
    ],
)
def test_who_is_called_behind_so_many_lets_them_go_ahead(behind: int | None, order: list[str]) -> None:
    line, served = Line(), list[str]()
    with _standing(line) as stand:
        stand(partial(served.append, "one"))
        stand(partial(served.append, "two"))
        stand(partial(served.append, "stores"), called={"behind": behind})
    assert served == order


def test_who_is_called_while_nobody_holds_it_has_it_at_once() -> None:
    line, place = Line(), new_place()
    line.call(place)
    assert line.leave_for(place, 0.01)
    with ThreadPoolExecutor(1) as other:
        assert isinstance(other.submit(_held, line, 0.01).exception(LONG), Unavailable)
    line.leave()
    _held(line, 0.01)


def test_who_is_not_called_in_time_does_not_hold_it() -> None:
    line = Line()
    with line.held(LONG):
        assert not line.leave_for(new_place(), 0.01)
        with ThreadPoolExecutor(1) as other:
            assert other.submit(_held, line, LONG).exception(LONG) is None


def test_who_waits_for_something_lets_the_others_go_ahead_and_then_comes_first() -> None:
    line, served = Line(), list[str]()
    went, waits = threading.Event(), threading.Event()

    def wait() -> None:
        with line.held(LONG):
            with line.left(LONG):
                waits.set()
                assert went.wait(LONG)
            served.append("goes on")

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert waits.wait(LONG)
    with _standing(line) as stand:
        served.append("went ahead")
        stand(partial(served.append, "came later"))
        went.set()
        _until(lambda: line.waiting == 2, waiter)
    waiter.join(LONG)
    assert served == ["went ahead", "goes on", "came later"]


def test_who_does_not_get_it_back_in_time_goes_on_without_and_takes_it_from_nobody() -> None:
    line = Line()
    taken, given = threading.Event(), threading.Event()

    def hold() -> None:
        with line.held(LONG):
            taken.set()
            assert given.wait(LONG)

    with ThreadPoolExecutor(1) as other:
        with line.held(LONG):
            with line.left(0.01):
                held = other.submit(hold)
                assert taken.wait(LONG)
            assert held.running()
        with pytest.raises(Unavailable):
            _held(line, 0.01)
        given.set()
    with line.held(0.01):
        assert line.waiting == 0


def test_it_may_be_taken_twice_by_the_same_thread() -> None:
    line = Line()
    with line.held(LONG), line.held(0.01):
        assert line.waiting == 0
    with line.held(0.01):
        assert line.waiting == 0


def test_who_waited_too_long_leaves_and_the_others_stay() -> None:
    line, served = Line(), list[str]()
    with _standing(line) as stand, ThreadPoolExecutor(1) as other:
        late = other.submit(_held, line, 0.01)
        assert isinstance(late.exception(LONG), Unavailable)
        stand(partial(served.append, "one"))
    assert served == ["one"]
    assert line.waiting == 0


def test_an_error_gives_the_line_to_the_next() -> None:
    line = Line()
    with pytest.raises(KeyError), line.held(LONG):
        raise KeyError("of the work")
    with line.held(0.01):
        assert line.waiting == 0


@contextmanager
def _standing(line: Line) -> Iterator[Callable[..., None]]:
    """Hold the line while others come to stand in it, one after the other; at the end all are served."""
    threads: list[threading.Thread] = []

    def stand(work: Callable[[], None], *, called: dict[str, Any] | None = None) -> None:
        def wait() -> None:
            if called is not None:
                place = new_place()
                line.call(place, **called)
                assert line.leave_for(place, LONG)
            with line.held(LONG):
                work()
            line.leave()

        before = line.waiting
        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        _until(lambda: line.waiting > before, threads[-1])

    with ExitStack() as held:
        held.enter_context(line.held(LONG))
        yield stand
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive()


def _held(line: Line, seconds: float) -> None:
    with line.held(seconds):
        pass


def _until(comes: Callable[[], bool], thread: threading.Thread) -> None:
    while not comes():
        assert thread.is_alive()

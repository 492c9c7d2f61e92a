"""The line for the interpreter: everybody in turn, who stores before who prepares, and nobody for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from comments_service.errors import Unavailable
from comments_service.line import Line

LONG = 10.0


def test_everybody_is_served_in_the_order_of_coming() -> None:
    line, served = Line(), list[str]()
    with _standing(line) as stand:
        for name in ("one", "two", "three"):
            stand(partial(served.append, name))
    assert served == ["one", "two", "three"]


def test_who_asks_to_be_first_goes_before_all_who_wait() -> None:
    line, served = Line(), list[str]()
    with _standing(line) as stand:
        stand(partial(served.append, "prepares"))
        stand(partial(served.append, "prepares too"))
        stand(partial(served.append, "stores"), first=True)
    assert served == ["stores", "prepares", "prepares too"]


def test_who_waited_too_long_leaves_and_the_others_stay() -> None:
    line, served = Line(), list[str]()
    with _standing(line) as stand:
        with pytest.raises(Unavailable), line.held(0.01):
            served.append("never")
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

    def stand(work: Callable[[], None], *, first: bool = False) -> None:
        def wait() -> None:
            with line.held(LONG, first=first):
                work()

        before = line.waiting
        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        while line.waiting == before:
            assert threads[-1].is_alive()

    with ExitStack() as held:
        held.enter_context(line.held(LONG))
        yield stand
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive()

"""Somebody who keeps asking a service the same thing, and remembers what was answered, when and how fast."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

from tests.server.running import wait_for
from tests.servers.ports import PAUSE

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """One answer; times are of the monotonic clock, status 0 is a connection that broke."""

    status: int
    headers: Mapping[str, str]
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


def ask(
    port: int, path: str, body: Any = None, *, source: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """The answer to one request on a connection of its own: a GET, or a POST of JSON. Raises nothing."""
    connection = HTTPConnection("127.0.0.1", port, PATIENCE_SECONDS, source_address=(source, 0))
    words = None if body is None else json.dumps(body).encode()
    kind = {} if words is None else {"Content-Type": "application/json"}
    began = time.monotonic()
    try:
        connection.request("GET" if body is None else "POST", path, words, {**kind, **(headers or {})})
        response = connection.getresponse()
        response.read()
        return Answer(response.status, _named(response), began, time.monotonic())
    except (OSError, HTTPException):
        return Answer(0, {}, began, time.monotonic())
    finally:
        connection.close()


class Asking:
    """From the beginning of a `with` to its end, asks `question` again and again, PAUSE apart."""

    def __init__(self, question: Callable[[int], Answer]) -> None:
        self.question = question
        self.answers: list[Answer] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="asking")

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()

    def between(self, began: float, ended: float) -> list[Answer]:
        """The answers that came between two moments, but of those asked before only the refusals."""
        came = [one for one in self.answers if began < one.ended < ended]
        return [one for one in came if one.began > began or one.status >= 500]

    def wait_for(self, status: int, after: float, seconds: float = 30) -> Answer:
        """The first answer with that status to what was asked after a moment; waits for it."""

        def found() -> Answer | None:
            return next((one for one in self.answers if one.status == status and one.began > after), None)

        wait_for(found, seconds)
        answer = found()
        assert answer is not None
        return answer

    def _ask(self) -> None:
        number = 0
        while not self._stopping.is_set():
            self.answers.append(self.question(number))
            number += 1
            time.sleep(PAUSE)  # one who asks, not one who attacks


def _named(response: HTTPResponse) -> dict[str, str]:
    """The headers; servers spell their names as they like."""
    return {name.title(): value for name, value in response.getheaders()}

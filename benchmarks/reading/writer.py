"""A writer beside the readers: ten comments a second through the public API, each from another address."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from itertools import count
from types import TracebackType
from urllib.parse import quote

from .seeding import SITE, WORDS

PER_SECOND = 10
SEEN_SECONDS = 5.0


class Writer:
    """Posts to these threads in turn, as a context; with `watched` it measures when each comment is seen."""

    def __init__(self, port: int, slugs: list[str], *, watched: bool = False) -> None:
        self._port, self._slugs, self._watched = port, slugs, watched
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._random = random.Random()
        self.posted = 0
        self.errors: list[str] = []
        self.seen_after: list[float] = []

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _write(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        began = time.monotonic()
        for number in count():
            if self._stopping.wait(max(0.0, began + number / PER_SECOND - time.monotonic())):
                break
            self._post(connection, self._slugs[number % len(self._slugs)])
        connection.close()

    def _post(self, connection: http.client.HTTPConnection, slug: str) -> None:
        words = " ".join(self._random.choices(WORDS, k=25)) + f" {self._random.getrandbits(64):x}"
        fields = {"slug": slug, "name": "Writer", "body": words}
        headers = {"Content-Type": "application/json", "X-Forwarded-For": self._address()}
        connection.request("POST", f"/api/v1/sites/{SITE}/comments", json.dumps(fields), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status == 201:
            self.posted += 1
            if self._watched:
                self.seen_after.append(self._seen(connection, slug, words))
        else:
            self.errors.append(f"{answer.status} {text[:200]}")

    def _seen(self, connection: http.client.HTTPConnection, slug: str, words: str) -> float:
        began = time.monotonic()
        while time.monotonic() - began < SEEN_SECONDS:
            connection.request("GET", f"/api/v1/sites/{SITE}/comments?slug={quote(slug, safe='')}")
            if words in connection.getresponse().read().decode():
                return time.monotonic() - began
        return float("inf")

    def _address(self) -> str:
        return "10." + ".".join(str(self._random.randrange(1, 255)) for _ in range(3))

"""Many readers who post in parallel, remember every answer they got, and retry what was not answered."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any

from tests.app import ORIGIN
from tests.servers.ports import PAUSE

WRITERS = 16
# How long one post is tried before its writer gives it up.
PATIENCE_SECONDS = 40.0
ANSWER_SECONDS = 15.0
SLOWEST = 10  # posts per second
LONGEST_PAUSE = 0.32
AGAIN = range(500, 600)
# Replies go to the latest comments of a thread, as in life.
LATEST = 40
# Letters of several scripts, Markdown, and what HTML would read as its own.
SYLLABLES = ("ta", "rn", "ow", "är", "öd", "雨", "🌧️", "*so*", "`if`", "re", "ed", "<b>", "&", "ly")


@dataclass(frozen=True)
class Sent:
    """What one writer wants stored: the words of a request, the same at every try."""

    site: str
    author_key: str
    key: str
    slug: str
    name: str
    body: str
    parent: int | None

    def words(self) -> dict[str, Any]:
        """The request's JSON."""
        words = {name: value for name, value in self.__dict__.items() if name != "site"}
        return words if self.parent is not None else {k: v for k, v in words.items() if k != "parent"}


@dataclass(frozen=True)
class Acknowledged:
    """A post that was answered with 201 or 202; times are of the monotonic clock."""

    sent: Sent
    status: int
    answer: Mapping[str, Any]
    began: float
    ended: float
    tries: int

    @property
    def id(self) -> int:
        """The comment's id, as the answer said."""
        return int(self.answer["comment"]["id"])


@dataclass
class Ledger:
    """What all writers were told. Only what stands in `acknowledged` was promised to anybody."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    # Answered with something that is neither a promise nor a reason to try again.
    refused: list[tuple[Sent, int, Any]] = field(default_factory=list)
    given_up: list[Sent] = field(default_factory=list)
    # Why a post was tried again, and how often.
    troubles: Counter[str] = field(default_factory=Counter)
    latest: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    changed: threading.Condition = field(default_factory=threading.Condition)

    def acknowledge(self, one: Acknowledged) -> None:
        """A writer was promised a comment."""
        with self.changed:
            self.acknowledged.append(one)
            if one.status == 201:
                self.latest[one.sent.slug] = [*self.latest[one.sent.slug][1 - LATEST :], one.id]
            self.changed.notify_all()

    def wait_for(self, more: int, seconds: float | None = None) -> float:
        """Returns the seconds until so many more posts are acknowledged than at the call.

        By default it waits as long as any machine may take; raises TimeoutError after that.
        """
        began = time.monotonic()
        seconds = 60 + more / SLOWEST if seconds is None else seconds
        with self.changed:
            wanted = len(self.acknowledged) + more
            if not self.changed.wait_for(lambda: len(self.acknowledged) >= wanted, seconds):
                raise TimeoutError(
                    f"{wanted - len(self.acknowledged)} of {more} posts missing after {seconds} s: "
                    f"{self.troubles}, refused {self.refused[:2]}"
                )
        return time.monotonic() - began

    def trouble(self, kind: str) -> None:
        """Something made a writer try again."""
        with self.changed:
            self.troubles[kind] += 1


class Writers:
    """`count` readers, each on a kept connection, who post from the beginning of a `with` to its end.

    Every post has an author key and an idempotency key. Unanswered ones and answers of 5xx are tried again
    with the same key, after a growing pause, for `patience` seconds. Some answer to each other's latest
    comments. `seed` says what they write, and is no other writers' of the same service; `slugs` is the
    number of articles; `cuts` is the share of tries whose connection the writer breaks
    before it reads the answer: half of them at once, half when the answer is there.
    """

    def __init__(
        self,
        port: int,
        *,
        seed: int,
        site: str = "horizons",
        count: int = WRITERS,
        slugs: int = 4,
        cuts: float = 0.0,
        patience: float = PATIENCE_SECONDS,
        ledger: Ledger | None = None,
    ) -> None:
        self.port = port
        self.seed = seed
        self.site = site
        self.count = count
        self.slugs = [f"article-{seed}-{number}" for number in range(slugs)]
        self.cuts = cuts
        self.patience = patience
        self.ledger = ledger or Ledger()
        self.stopping = threading.Event()
        self._pool = ThreadPoolExecutor(count, "writer")
        self._work: list[Future[None]] = []

    def __enter__(self) -> Ledger:
        self._work = [self._pool.submit(Writer(self, number).write) for number in range(self.count)]
        return self.ledger

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Every writer ends with the post it is at, answered or given up."""
        self.stopping.set()
        self._pool.shutdown()
        if error is None:
            for one in self._work:
                one.result()


class Writer:
    """One reader with an author key of their own."""

    def __init__(self, writers: Writers, number: int) -> None:
        self.writers = writers
        self.ledger = writers.ledger
        self.number = number
        self.chance = random.Random(writers.seed * 1_000 + number)
        self.author_key = f"writer{number:02}-{self.chance.randbytes(16).hex()}"
        self.connection = _connection(writers.port)

    def write(self) -> None:
        """Post until the writers stop."""
        posted = 0
        try:
            while not self.writers.stopping.is_set():
                self._post(self._words(posted))
                posted += 1
        finally:
            self.connection.close()

    def _words(self, posted: int) -> Sent:
        slug = self.chance.choice(self.writers.slugs)
        length = self.chance.choice((3, 12, 60))
        # The digits make each text its own: near duplicates would be held.
        syllables = self.chance.choices(SYLLABLES, k=length)
        words = " ".join(f"{one}{self.chance.getrandbits(20):x}" for one in syllables)
        latest = self.ledger.latest[slug]
        parent = self.chance.choice(latest) if latest and self.chance.random() < 0.3 else None
        return Sent(
            site=self.writers.site,
            author_key=self.author_key,
            key=f"post {posted}",
            slug=slug,
            name=f"Wren {self.number}",
            body=f"Number {posted} of {self.number}: {words}",
            parent=parent,
        )

    def _post(self, sent: Sent) -> None:
        began = time.monotonic()
        pause, tries = PAUSE, 0
        while time.monotonic() - began < self.writers.patience:
            tries += 1
            answer = self._try(sent)
            if answer is not None:
                self._remember(sent, *answer, began=began, tries=tries)
                return
            time.sleep(pause)  # as a reader's browser would
            pause = min(2 * pause, LONGEST_PAUSE)
        self.ledger.given_up.append(sent)

    def _try(self, sent: Sent) -> tuple[int, Any] | None:
        """(status, JSON), or None when it is to be tried again."""
        try:
            ask(self.connection, sent)
            if self.chance.random() < self.writers.cuts:
                self._cut()
                return None
            status, content = answer(self.connection)
        except (OSError, HTTPException) as error:
            self._again(type(error).__name__)
            return None
        if status in AGAIN:
            self._again(str(status))
            return None
        return status, content

    def _cut(self) -> None:
        is_answered = self.chance.random() < 0.5
        if is_answered:
            self.connection.sock.recv(1, socket.MSG_PEEK)
        reset(self.connection)
        self._again("cut after the answer" if is_answered else "cut before the answer")

    def _again(self, why: str) -> None:
        self.ledger.trouble(why)
        self.connection.close()  # the next try opens another, which may find another worker

    def _remember(self, sent: Sent, status: int, content: Any, *, began: float, tries: int) -> None:
        if status in (201, 202):
            self.ledger.acknowledge(Acknowledged(sent, status, content, began, time.monotonic(), tries))
        else:
            self.ledger.refused.append((sent, status, content))


def post(port: int, sent: Sent) -> tuple[int, Any]:
    """(status, JSON) of one try on a connection of its own; raises OSError or HTTPException."""
    with closing(_connection(port)) as connection:
        ask(connection, sent)
        return answer(connection)


def ask(connection: HTTPConnection, sent: Sent) -> None:
    """Send the request, all of it."""
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    connection.request("POST", f"/api/v1/sites/{sent.site}/comments", json.dumps(sent.words()), headers)


def answer(connection: HTTPConnection) -> tuple[int, Any]:
    """(status, JSON) of the answer to what was asked."""
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def reset(connection: HTTPConnection) -> None:
    """Break the connection at once, with whatever the other side still had to say."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _connection(port: int) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)

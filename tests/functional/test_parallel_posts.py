"""Many writers at once, against two worker processes of the real service."""

from __future__ import annotations

import http.client
import json
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from comments_service import sites
from tests.app import ORIGIN, Live, new_author_key

CLIENTS = 16
POSTS = 125  # of each client
KEYED = 8  # every so many posts carry a key, and are sent again
REPORTS_AN_HOUR = 5
SLUGS = [f"article-{number}" for number in range(5)]
SITE = "/api/v1/sites/horizons"
MARKER = "Zaunkoenig"  # stands in everything a reader sends, and must stand in no line of the log
FEWEST_A_SECOND = 20.0  # on a machine that does much else
FORWARDED = ("X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP", "x-forwarded-for")
HOUR = 3600


@dataclass(frozen=True)
class Sent:
    """What became of one post."""

    status: int
    id: int
    slug: str
    body: str
    seconds: float
    retry: tuple[int, int] | None


class Client:
    """One reader with an author key and a connection that is kept."""

    def __init__(self, port: int, number: int) -> None:
        self.number = number
        self.author_key = f"{MARKER}{new_author_key()}"
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(
        self, words: dict[str, Any], path: str = "comments", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        asked = {"Content-Type": "application/json", "Origin": ORIGIN, **headers}
        self.connection.request("POST", f"{SITE}/{path}", json.dumps(words), asked)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def write(self) -> list[Sent]:
        """All of this client's posts, in order."""
        with closing(self.connection):
            return [self._one(number) for number in range(POSTS)]

    def _one(self, number: int) -> Sent:
        slug = SLUGS[(self.number + number) % len(SLUGS)]
        body = f"{MARKER} number {number} of {self.number}"
        words = {"slug": slug, "name": f"{MARKER} {self.number}", "body": body, "author_key": self.author_key}
        is_keyed = number % KEYED == self.number % KEYED
        if is_keyed:
            words["key"] = f"{MARKER}-{number}"
        began = time.perf_counter()
        status, content = self.post(words)
        seconds = time.perf_counter() - began
        id = content.get("comment", {}).get("id", 0)
        retry = None
        if is_keyed:
            again, told = self.post(words)
            retry = again, told.get("comment", {}).get("id", 0)
        return Sent(status, id, slug, body, seconds, retry)


def test_two_thousand_posts_of_sixteen_readers_are_each_stored_once(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    clients = [Client(live.port, number) for number in range(CLIENTS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as readers:
        sent = [one for posts in readers.map(Client.write, clients) for one in posts]
    elapsed = time.perf_counter() - began

    assert Counter(one.status for one in sent) == {201: CLIENTS * POSTS}
    assert all(one.retry in (None, (one.status, one.id)) for one in sent)
    assert len({one.id for one in sent}) == len(sent)

    stored = rows(
        live,
        "SELECT c.id, slug, body, n FROM comment c JOIN thread t ON t.id = c.thread_id"
        " JOIN revision r ON r.comment_id = c.id WHERE slug LIKE 'article-%'",
    )
    assert sorted(row[:3] for row in stored) == sorted((one.id, one.slug, one.body) for one in sent)
    wanted = Counter(one.slug for one in sent)
    assert live.api("horizons/counts", slug=SLUGS) == {"counts": wanted}
    for slug in SLUGS:
        assert sorted(n for _, of, _, n in stored if of == slug) == list(range(1, wanted[slug] + 1))
        assert set(walked(live, slug)) == {one.id for one in sent if one.slug == slug}
    assert_nothing_personal(live)

    times = sorted(one.seconds for one in sent)
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    requests = len(sent) + sum(one.retry is not None for one in sent)
    with capsys.disabled():
        print(
            f"\n{len(sent)} posts and {requests - len(sent)} retries in {elapsed:.1f} s: "
            f"{len(sent) / elapsed:.0f} posts/s, p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"
        )
    assert len(sent) / elapsed > FEWEST_A_SECOND


def test_twins_of_one_request_sent_at_once_are_one_comment(live: Live) -> None:
    words = {
        "slug": "twins",
        "name": MARKER,
        "body": "Sent by an impatient finger",
        "author_key": new_author_key(),
        "key": "once",
    }

    def post(number: int) -> tuple[int, int]:
        client = Client(live.port, number)
        with closing(client.connection):
            status, content = client.post(words)
        return status, content["comment"]["id"]

    with ThreadPoolExecutor(CLIENTS) as fingers:
        answers = set(fingers.map(post, range(CLIENTS)))
    assert len(answers) == 1
    assert live.api("horizons/counts", slug="twins") == {"counts": {"twins": 1}}


def test_no_forwarding_header_changes_a_limit(live: Live) -> None:
    while time.time() % HOUR > HOUR - 30:
        time.sleep(0.1)  # at the hour's edge the sliding window would let another through

    def report(number: int) -> int:
        words = {"slug": "spoofed", "name": "Wren", "body": f"Number {number}"}
        spoof = {FORWARDED[number % len(FORWARDED)]: f"203.0.113.{number}"}
        client = Client(live.port, number)
        with closing(client.connection):
            id = client.post(words)[1]["comment"]["id"]
            return client.post({"reason": "spam"}, f"comments/{id}/reports", **spoof)[0]

    with ThreadPoolExecutor(8) as readers:
        statuses = Counter(readers.map(report, range(40)))
    assert statuses == {201: REPORTS_AN_HOUR, 429: 40 - REPORTS_AN_HOUR}
    assert rows(live, "SELECT count(*) FROM report") == [(REPORTS_AN_HOUR,)]


@pytest.fixture(scope="module")
def live(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The real service with two workers, for all tests here; reports alone have a limit."""
    folder = tmp_path_factory.mktemp("parallel")
    shutil.copy(migrated_file, folder / "comments.db")
    limit = f"{REPORTS_AN_HOUR} per hour"
    running = Live(folder, f"sqlite:///{folder / 'comments.db'}", COMMENTS_LIMIT_REPORT=limit)
    running.write(lambda session: sites.add(session, key="horizons", name="Horizons", origins=[ORIGIN]))
    running.start()
    yield running
    running.stop()


def rows(live: Live, sql: str) -> list[tuple[Any, ...]]:
    file = live.environ["COMMENTS_DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def walked(live: Live, slug: str) -> Iterator[int]:
    """The ids of all pages of a thread of roots."""
    cursor: str | None = ""
    while cursor is not None:
        page = live.api("horizons/comments", slug=slug, limit=100, cursor=cursor)
        yield from (comment["id"] for comment in page["comments"])
        cursor = page["next"]


def assert_nothing_personal(live: Live) -> None:
    log = live.errors.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert sum(line.get("method") == "POST" for line in lines) >= CLIENTS * POSTS
    assert not [line for line in lines if line.get("status", 0) >= 500 or "traceback" in line]
    for word in ("locked", MARKER, "article-", "127.0.0.1", "author_key", "edit_token"):
        assert word not in log, word

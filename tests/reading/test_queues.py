"""The moderators' queues: what stands in each, in which order, and what is found there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from comments_service import publishing, threads
from comments_service.db import Database
from comments_service.errors import Invalid, NotFound
from comments_service.models import Comment
from comments_service.publishing import State
from comments_service.reading import cursors, queues
from comments_service.reading.cards import QueueRow
from comments_service.reading.queues import QUEUES, QueuePage
from tests.databases import NOON, add_author, add_site, add_thread, open_database
from tests.scene import Scene


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def page(scene: Scene, queue: str = "pending", *sites: int, **filters: Any) -> QueuePage:
    return scene.do(lambda session: queues.page(session, sites or [scene.site], queue, **filters))


def ids(scene: Scene, queue: str = "pending", *sites: int, **filters: Any) -> list[int]:
    return [row.id for row in page(scene, queue, *sites, **filters).rows]


def the_row(scene: Scene, queue: str = "pending") -> QueueRow:
    (row,) = page(scene, queue).rows
    return row


def counts(scene: Scene, *sites: int) -> dict[str, int]:
    return scene.do(lambda session: queues.counts(session, sites or [scene.site]))


def test_every_comment_stands_where_it_belongs(scene: Scene) -> None:
    pending, spam, new = scene.post("pending"), scene.post("spam"), scene.post()
    seen, rejected, reported = scene.post(), scene.post("pending"), scene.post()
    scene.decided(seen)
    scene.decided(rejected, "reject")
    scene.report(reported)
    expected = {
        "pending": [pending],
        "reported": [reported],
        "new": [reported, new],
        "published": [reported, seen, new],
        "rejected": [rejected],
        "spam": [spam],
    }
    assert {queue: ids(scene, queue) for queue in QUEUES} == expected
    assert counts(scene) == {queue: len(comments) for queue, comments in expected.items()}


def test_no_sites_have_empty_queues(scene: Scene) -> None:
    scene.post("pending")
    empty = scene.do(lambda session: queues.page(session, [], "pending"))
    assert (empty.rows, empty.next) == ((), None)
    assert set(scene.do(lambda session: queues.counts(session, [])).values()) == {0}


def test_counts_stop_at_a_thousand(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    assert queues.MOST_COUNTED == 1_000
    monkeypatch.setattr(queues, "MOST_COUNTED", 3)
    for _ in range(4):
        scene.post("pending")
    assert counts(scene)["pending"] == 3


def test_a_held_edit_is_pending_and_not_new(scene: Scene) -> None:
    comment = scene.post()
    scene.edit(comment, "Worse.", held=True)
    assert ids(scene, "new") == []
    row = the_row(scene)
    assert (row.status, row.revision, row.public_revision, row.body) == ("pending", 2, 1, "Worse.")
    assert row.edited_at is not None


def test_what_was_taken_back_waits_only_where_somebody_complained_of_it(scene: Scene) -> None:
    comment, quiet = scene.post(), scene.post("pending")
    scene.report(comment)

    def withdraw(session: Session) -> None:
        for taken_back in (comment, quiet):
            row = publishing.lock(session, scene.site, taken_back)
            assert row is not None
            publishing.change(session, row, State("withdrawn", 1))

    scene.do(withdraw)
    assert {queue: count for queue, count in counts(scene).items() if count} == {"reported": 1}
    assert ids(scene, "reported") == [comment]
    scene.decided(comment)
    assert ids(scene, "reported") == []


def test_the_oldest_pending_comes_first_and_the_newest_of_the_others(scene: Scene) -> None:
    for queue, status in (("pending", "pending"), ("spam", "spam")):
        late = scene.post(status, created_at=NOON + timedelta(days=1))
        early = scene.post(status, created_at=NOON - timedelta(days=1))
        middle = scene.post(status)
        oldest_first = [early, middle, late]
        assert ids(scene, queue) == (oldest_first if queue == "pending" else oldest_first[::-1])


def test_the_most_reported_comes_first(scene: Scene) -> None:
    once, twice, also_once = scene.post(), scene.post(), scene.post()
    for comment in (once, twice, twice, also_once):
        scene.report(comment)
    assert ids(scene, "reported") == [twice, also_once, once]


def test_pages_join_without_gap_or_repeat(scene: Scene) -> None:
    other = scene.do(lambda session: add_site(session, "fells"))
    elsewhere = scene.do(lambda session: add_thread(session, other))
    for status in ("pending", "published", "rejected", "spam"):
        for number in range(9):
            created = NOON + timedelta(microseconds=number // 3)  # several have the same time
            thread = elsewhere if number % 2 else scene.thread
            comment = scene.post(status, thread_id=thread, created_at=created)
            for _ in range(number % 3 + 1 if status == "published" else 0):
                scene.report(comment)
    for queue in QUEUES:
        for shown in ([scene.site], [scene.site, other]):
            whole = ids(scene, queue, *shown)
            assert len(whole) == (9 if other in shown else 5)
            assert walked(scene, queue, shown, limit=2) == whole


def walked(scene: Scene, queue: str, shown: list[int], *, limit: int) -> list[int]:
    """The ids on all pages of a queue, one page after the other."""
    seen: list[int] = []
    cursor = None
    while True:
        part = page(scene, queue, *shown, cursor=cursor, limit=limit)
        assert len(part.rows) <= limit
        seen += [row.id for row in part.rows]
        cursor = part.next
        if cursor is None:
            return seen


def test_many_sites_are_read_together(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    other = scene.do(lambda session: add_site(session, "fells"))
    elsewhere = scene.do(lambda session: add_thread(session, other))
    comments = [scene.post("pending"), scene.post("pending", thread_id=elsewhere)]
    apart = ids(scene, "pending", scene.site, other)
    monkeypatch.setattr(queues, "SITES_AT_ONCE", 1)
    assert ids(scene, "pending", scene.site, other) == apart == comments


def encoded(*content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # the database is not asked
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "====",
        "a" * 301,
        encoded(),
        encoded("pending"),
        encoded("pending", 1),
        encoded("pending", 1, 2, 3),
        encoded("spam", 1, 2),
        encoded("pending", "1", 2),
        encoded("pending", True, 2),
        encoded("pending", -1, 2),
        encoded("pending", 1.5, 2),
        encoded("pending", 1, 2**63),
        encoded("pending", 2**63 - 1, 2),
        encoded([[]]),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 200).decode(),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(scene: Scene, cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        page(scene, cursor=cursor)
    assert [error.field for error in caught.value.errors] == ["cursor"]


def test_a_cursor_carries_what_it_was_made_of() -> None:
    assert cursors.places(cursors.make("spam", 0, 2**63 - 1), "spam", 2) == [0, 2**63 - 1]


def test_an_unknown_queue_is_not_found(scene: Scene) -> None:
    with pytest.raises(NotFound):
        page(scene, "withdrawn")


def test_a_queue_is_narrowed_to_a_thread_by_slug_or_alias(scene: Scene) -> None:
    other = scene.do(lambda session: add_thread(session, scene.site, "lake"))
    scene.post("pending", thread_id=other)
    comment = scene.post("pending")
    scene.do(lambda session: threads.move(session, site_id=scene.site, slug="tarn", to="mere"))
    assert ids(scene, slug="mere") == ids(scene, slug="tarn") == [comment]
    assert ids(scene, slug="nowhere") == []


def test_a_queue_is_narrowed_to_an_author(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    scene.post("pending")
    comment = scene.post("pending", author_id=author)
    assert ids(scene, author=author) == [comment]
    assert ids(scene, author=10**9) == []


def test_what_is_wanted_is_found_wherever_it_stands(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    other = scene.do(lambda session: add_site(session, "fells"))
    lake = scene.do(lambda session: add_thread(session, scene.site, "lake"))
    elsewhere = scene.do(lambda session: add_thread(session, other, "lake"))
    wanted: dict[str, Any] = {"body": "A rare word.", "author_id": author, "thread_id": lake}
    comments = []
    for number in range(12):
        fields = wanted if number % 3 == 0 else {}
        comments.append(scene.post("pending", created_at=NOON + timedelta(seconds=number), **fields))
        scene.report(comments[-1])
    scene.do(lambda session: setattr(session.get_one(Comment, comments[6]), "cluster_id", comments[3]))
    scene.post("pending", body="A rare word.", thread_id=elsewhere)
    scene.post(body="A rare word.", author_id=author, thread_id=lake)
    for looked_through in (1, 500):
        monkeypatch.setattr(queues, "LOOKED_THROUGH", looked_through)
        assert_found(scene, "pending", comments[::3], author, cluster=comments[3], first=comments[3])
        assert_found(scene, "reported", comments[::3][::-1], author, cluster=comments[3], first=comments[6])


def assert_found(
    scene: Scene, queue: str, expected: list[int], author: int, *, cluster: int, first: int
) -> None:
    """Every filter finds these four comments, in this order, and two of them by their cluster."""
    for filters in (
        {"q": "rare word"},
        {"author": author},
        {"slug": "lake"},
        {"q": '"rare word"', "author": author, "slug": "lake"},
    ):
        begun = page(scene, queue, limit=3, **filters)
        assert [row.id for row in begun.rows] == expected[:3]
        rest = page(scene, queue, limit=3, cursor=begun.next, **filters)
        assert ([row.id for row in rest.rows], rest.next) == (expected[3:], None)
    assert ids(scene, queue, limit=1, cluster=cluster) == [first]
    assert sorted(ids(scene, queue, cluster=cluster)) == sorted(expected[1:3])
    assert ids(scene, queue, cluster=cluster, q="nothing") == []


@pytest.mark.parametrize("q", ["  ", ""])
def test_a_search_for_nothing_is_no_search(scene: Scene, q: str) -> None:
    comment = scene.post("pending")
    assert ids(scene, q=q) == [comment]


def test_a_search_without_a_word_finds_nothing(scene: Scene) -> None:
    scene.post("pending", body="100% _plain_")
    assert ids(scene, q="%_") == []


def test_a_search_is_bounded(scene: Scene) -> None:
    assert ids(scene, q="x" * 200) == []
    with pytest.raises(Invalid):
        ids(scene, q="x" * 201)


def test_a_page_costs_the_same_queries_however_long_it_is(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    for _ in range(10):
        scene.report(scene.post(author_id=author))

    def queries(limit: int) -> int:
        with selects(scene.database) as seen:
            assert len(page(scene, "reported", limit=limit).rows) == limit
        return len(seen)

    assert queries(1) == queries(10) == 6


@pytest.mark.parametrize("queue", QUEUES)
def test_sqlite_serves_a_queue_from_its_index(migrated_file: Path, queue: str) -> None:
    index = "awaiting" if queue == "pending" else queue
    with open_database(f"sqlite:///{migrated_file}") as database, Session(database.writer) as session:
        with selects(database) as seen:
            queues.page(session, [1], queue)
        statement, parameters = seen[0]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        told = " ".join(row[3] for row in plan)
    assert f"ix_comment_{index}" in told
    assert "TEMP B-TREE" not in told


@contextmanager
def selects(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The queries that are asked meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(database.writer, "before_cursor_execute", note)
    yield seen
    event.remove(database.writer, "before_cursor_execute", note)

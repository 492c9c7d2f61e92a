"""What the databases do for a page: they walk an index from where the page begins, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from benchmarks.reading.seeding import BEGAN, Texts, add, seed
from comments_service import clock
from comments_service.checks import AuthorFacts, Draft, record
from comments_service.db import Database
from comments_service.models import Thread
from comments_service.models.policy import Policy
from comments_service.reading import cards, cursors, feeds, figures, pages, queues
from tests.databases import NOON, add_author, add_site, migrate, open_database

THREADS = {"small": 200, "large": 12_000, "next": 8_000}
MIDDLE = 6_000
EMPTY = 20_000


class Large:
    """A database with 20,000 comments, analysed, and what is asked of it."""

    def __init__(self, database: Database, site_id: int) -> None:
        self.database, self.site_id = database, site_id

    def page(self, sort: Any, cursor: str | None = None) -> list[str]:
        """The plans of a page's statements on comments."""
        with self.plans() as (session, found):
            place = pages.place(session, self.site_id, "large")
            page = pages.page(session, place, Policy(), max_body=10_000, sort=sort, cursor=cursor, limit=25)
            assert page.next is not None
            assert page.body.count(b'"id":') == 100
            return found("FROM comment", "CROSS JOIN comment")

    @contextmanager
    def plans(self) -> Iterator[tuple[Session, Callable[..., list[str]]]]:
        """A session, and a function that explains those of its statements that contain one of some words."""
        seen: list[tuple[str, Any]] = []

        def note(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
            seen.append((statement, values))

        engine = self.database.writer
        with Session(engine) as session:
            event.listen(engine, "before_cursor_execute", note)

            def found(*words: str) -> list[str]:
                event.remove(engine, "before_cursor_execute", note)
                asked = [one for one in seen if any(word in one[0] for word in words)]
                assert asked, "the premise: something is asked"
                return [_explain(session.connection(), *one) for one in asked]

            yield session, found


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('large') / 'comments.db'}"
    else:
        server = request.getfixturevalue("postgres")
        url = server.database()
    migrate(url)
    with open_database(url) as database:
        site_id = database.write(lambda session: _fill(session))
        with database.writer.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
        yield Large(database, site_id)
    if request.param == "postgres":
        server.drop(url)


@pytest.mark.parametrize("sort", ["newest", "oldest", "best"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_page_walks_the_index_of_its_order(large: Large, sort: Any, deep: bool) -> None:
    places = (300_000, MIDDLE) if sort == "best" else (MIDDLE,)
    roots, replies = large.page(sort, cursors.make(sort, *places) if deep else None)
    index = "ix_comment_roots_by_rank" if sort == "best" else "ix_comment_roots"
    _assert_walks(roots, index)
    assert "ix_comment_replies" in replies
    # Six replies of a root are sorted or not; the thread never is.
    _assert_no_scan(replies)


def test_more_replies_walk_their_index(large: Large) -> None:
    with large.plans() as (session, plans):
        root = session.execute(text("SELECT min(root_id) FROM comment")).scalar_one()
        pages.replies(session, large.site_id, root, cursor=None, limit=25)
        found = plans("WHERE root_id =")
    _assert_walks(found[-1], "ix_comment_replies")


def test_counts_look_slugs_up(large: Large) -> None:
    with large.plans() as (session, plans):
        many = [f"thread-{number}" for number in range(0, EMPTY, EMPTY // 20)]
        assert len(pages.counts(session, large.site_id, many)) == len(many)
        (plan,) = plans("FROM thread")
    assert "uq_thread_site_id" in plan or "sqlite_autoindex_thread_1" in plan
    assert "Seq Scan on thread " not in plan
    assert "SCAN thread" not in plan


@pytest.mark.parametrize("deep", [False, True])
def test_a_queue_walks_its_index(large: Large, deep: bool) -> None:
    created = clock.microseconds(BEGAN + timedelta(seconds=MIDDLE))
    cursor = cursors.make("published", created, MIDDLE) if deep else None
    with large.plans() as (session, plans):
        queues.page(session, [large.site_id], "published", cursor=cursor)
        plan = plans("FROM comment")[0]
    _assert_walks(plan, "ix_comment_published")


@pytest.mark.parametrize("deep", [False, True])
def test_a_feed_walks_its_index(large: Large, deep: bool) -> None:
    created = clock.microseconds(BEGAN + timedelta(seconds=MIDDLE))
    with large.plans() as (session, plans):
        place = pages.place(session, large.site_id, "large")
        cursor = cursors.make("feed", created, MIDDLE) if deep else None
        site = feeds.of_site(session, large.site_id, cursor=cursor, limit=25)
        cursor = cursors.make("thread-feed", MIDDLE) if deep else None
        thread = feeds.of_thread(session, place.id, cursor=cursor, limit=25)
        of_site, of_thread = plans("FROM comment AS c")
    for part in (site, thread):
        places = [(entry.created_at, entry.id) for entry in part.entries]
        assert len(places) == 25
        assert places == sorted(places, reverse=True)
        assert part.next
    assert {entry.slug for entry in thread.entries} == {"large"}
    for plan, index in ((of_site, "ix_comment_published"), (of_thread, "ix_comment_thread")):
        # Parents, too, are looked up in the same table.
        _assert_walks(plan.replace(" p ", " comment p "), index)
        assert "SCAN c " not in plan
        assert "Seq Scan" not in plan


def test_an_authors_latest_comments_are_found_however_many_they_wrote(large: Large) -> None:
    author = large.database.write(lambda session: _busy_author(session, large.site_id))
    facts = AuthorFacts(author, published=0, rejected=9, trusted_at=None)
    draft = Draft(large.site_id, Policy(), None, facts, "Wren", "Hello.", "Hello.", (), b"")
    with large.plans() as (session, plans):
        assert record.check(session, draft).action == "publish"
        newest = session.execute(text("SELECT max(id) FROM comment")).scalar_one()
        assert cards.card(session, [large.site_id], newest) is not None
        found = plans("FROM comment \nWHERE comment.author_id")
    assert len(found) == 2, found
    for plan in found:
        assert "ix_comment_latest_of_author" in plan, plan
        assert "Seq Scan on comment" not in plan, plan


def _busy_author(session: Session, site_id: int) -> int:
    """Who wrote every tenth comment, and the newest."""
    author = add_author(session, site_id)
    of_ten = "UPDATE comment SET author_id = :author WHERE id % 10 = (SELECT max(id) % 10 FROM comment)"
    session.execute(text(of_ten), {"author": author})
    return author


def test_what_waits_is_counted_by_its_index(large: Large) -> None:
    with large.plans() as (session, plans):
        assert figures.waiting(session) == [("horizons", 0, None)]
        (plan,) = plans("count(comment.id)")
    assert "ix_comment_awaiting" in plan, plan


def test_a_rare_word_is_looked_up(large: Large) -> None:
    with large.plans() as (session, plans):
        assert queues.page(session, [large.site_id], "published", q="xyzzy").rows == ()
        begun, _, looked_up = plans("FROM comment")[:3]
    _assert_walks(begun, "ix_comment_published")
    # There are but three articles: PostgreSQL reads them all.
    indexes = ["search_comment_words", "search_thread_words", "ix_comment_thread"]
    for index in indexes[: 3 if session.get_bind().dialect.name == "sqlite" else 1]:
        assert index in looked_up, looked_up
    assert "ix_comment_published" not in looked_up


def _assert_walks(plan: str, index: str) -> None:
    assert f"{index} " in plan, plan
    assert "Sort" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan
    _assert_no_scan(plan)


def _assert_no_scan(plan: str) -> None:
    for walk in ("Seq Scan on comment", "SCAN comment", "using pk_comment on comment  ", "Bitmap"):
        assert walk not in plan, plan
    # By its key a comment may be looked up, never walked.
    if "pk_comment" in plan:
        assert "Index Cond: (id" in plan, plan


def _explain(connection: Connection, statement: str, values: Any) -> str:
    is_postgres = connection.dialect.name == "postgresql"
    words = "EXPLAIN " if is_postgres else "EXPLAIN QUERY PLAN "
    rows = connection.exec_driver_sql(words + statement, values).all()
    return "\n".join(str(row[0] if is_postgres else row[3]) + " " for row in rows)


def _fill(session: Session) -> int:
    site_id, texts = add_site(session), Texts()
    for slug, size in THREADS.items():
        seed(session, site_id, slug, size, texts)
    empty = [{"site_id": site_id, "slug": f"thread-{number}", "created_at": NOON} for number in range(EMPTY)]
    add(session, Thread, empty)
    return site_id

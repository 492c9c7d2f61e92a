"""What must be true of a database at any moment, whoever wrote at once and whatever broke."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing

from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import log
from comments_service.cli.commands import snapshot
from comments_service.db import Database
from comments_service.models import (
    PUBLISHED,
    REJECTED,
    SPAM,
    Author,
    Comment,
    Decision,
    Report,
    Revision,
    Site,
    Thread,
    Vote,
)
from comments_service.models.rank import rank
from tests.databases import open_database


def assert_sound(url: str) -> None:
    """Every counter, place, flag and hash of the database is what its rows make it."""
    with open_database(url) as database:
        if database.settings.is_sqlite:
            assert_file_is_whole(database)
        with snapshot(database) as session:
            assert unsound(session) == []


def assert_file_is_whole(database: Database) -> None:
    """SQLite finds every page in order, and no row that refers to nothing."""
    with closing(sqlite3.connect(database.settings.database_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def unsound(session: Session) -> list[str]:
    """What is not as it must be, in sentences; empty when all is well."""
    comments = {row.id: row for row in session.scalars(select(Comment).order_by(Comment.id))}
    return [
        *_threads(session, comments),
        *_trees(comments),
        *_texts(session, comments),
        *_authors(session, comments),
        *_votes(session, comments),
        *_decisions(session, comments),
    ]


def _threads(session: Session, comments: dict[int, Comment]) -> list[str]:
    bad = []
    places = defaultdict(list)
    published: Counter[int] = Counter()
    for row in comments.values():
        published[row.thread_id] += row.status == PUBLISHED
        if row.n is not None:
            places[row.thread_id].append(row.n)
    for thread in session.scalars(select(Thread)):
        if thread.count != published[thread.id]:
            bad.append(f"thread {thread.id} counts {thread.count}, not {published[thread.id]}")
        if sorted(places[thread.id]) != list(range(1, thread.last_n + 1)):
            bad.append(f"the places of thread {thread.id} are not 1 to {thread.last_n}")
        # A version is raised by one at least whenever something becomes public.
        if (thread.version == 0) != (thread.last_n == 0) or thread.version < thread.last_n:
            bad.append(f"thread {thread.id} gave {thread.last_n} places at version {thread.version}")
    return bad


def _trees(comments: dict[int, Comment]) -> list[str]:
    bad = []
    replies: Counter[int] = Counter()
    shown = set()
    for row in comments.values():
        parent = comments.get(row.parent_id or 0)
        if row.parent_id is not None and (
            parent is None
            or parent.thread_id != row.thread_id
            or (parent.root_id or parent.id) != row.root_id
            or parent.n is None
            or (row.n is not None and row.n < parent.n)
        ):
            bad.append(f"comment {row.id} replies to {row.parent_id}, which does not stand before it")
        if row.status != PUBLISHED:
            continue
        replies[row.root_id or 0] += 1
        above: Comment | None = row
        while above is not None and above.id not in shown:
            shown.add(above.id)
            above = comments.get(above.parent_id or 0)
    for row in comments.values():
        if row.shown != (row.id in shown):
            bad.append(f"comment {row.id}, {row.status}, has shown = {row.shown}")
        if row.replies_total != (replies[row.id] if row.root_id is None else 0):
            bad.append(f"root {row.id} counts {row.replies_total} replies, not {replies[row.id]}")
    return bad


def _texts(session: Session, comments: dict[int, Comment]) -> list[str]:
    bad = []
    revisions: dict[int, dict[int, Revision]] = defaultdict(dict)
    for revision in session.scalars(select(Revision)):
        revisions[revision.comment_id][revision.revision] = revision
    for row in comments.values():
        theirs = revisions[row.id]
        wanted = {row.revision} | ({row.held_revision} if row.held_revision else set())
        if not wanted <= theirs.keys():
            bad.append(f"comment {row.id} wants revisions {wanted} of {set(theirs)}")
        elif row.status == PUBLISHED:
            leaf = json.loads(b"{" + (row.leaf or b"") + b"}")
            if (leaf.get("html"), leaf.get("revision")) != (theirs[row.revision].html, row.revision):
                bad.append(f"comment {row.id} shows another text than its revision {row.revision}")
    return bad


def _authors(session: Session, comments: dict[int, Comment]) -> list[str]:
    published = Counter(row.author_id for row in comments.values() if row.status == PUBLISHED)
    rejected = Counter(row.author_id for row in comments.values() if row.status in (REJECTED, SPAM))
    return [
        f"author {one.id} has {one.published} published and {one.rejected} rejected, "
        f"not {published[one.id]} and {rejected[one.id]}"
        for one in session.scalars(select(Author))
        if (one.published, one.rejected) != (published[one.id], rejected[one.id])
    ]


def _votes(session: Session, comments: dict[int, Comment]) -> list[str]:
    votes = Counter(tuple(row) for row in session.execute(select(Vote.comment_id, Vote.value)))
    reports = Counter(session.scalars(select(Report.comment_id).where(Report.closed_at.is_(None))))
    bad = []
    for row in comments.values():
        ups, downs = votes[row.id, 1], votes[row.id, -1]
        if (row.ups, row.downs, row.score, row.rank) != (ups, downs, ups - downs, rank(ups, downs)):
            bad.append(f"comment {row.id} counts {row.ups} up and {row.downs} down, not {ups} and {downs}")
        if row.open_reports != reports[row.id]:
            bad.append(f"comment {row.id} counts {row.open_reports} open reports, not {reports[row.id]}")
    return bad


def _decisions(session: Session, comments: dict[int, Comment]) -> list[str]:
    broken = [log.verify(session, site) for site in session.scalars(select(Site.id)).all()]
    bad = [f"the log is broken: {one.why}" for one in broken if one is not None]
    last = {one.comment_id: one for one in session.scalars(select(Decision).order_by(Decision.seq))}
    for one in last.values():
        row = comments.get(one.comment_id)
        # The author alone may change a status after the last decision, and only to this one.
        if row is not None and row.status not in (one.after_status, "withdrawn"):
            bad.append(f"comment {row.id} is {row.status}, but was last decided {one.after_status}")
    return bad

"""Purging: erasing what was withdrawn and what has outlived its time, in small transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Delete, Update, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from . import searching
from .db import Database
from .identity import DAYS_KEPT
from .models import (
    WITHDRAWN,
    Author,
    Ban,
    Comment,
    DayKey,
    Evidence,
    IdempotencyKey,
    Notice,
    Report,
    Revision,
    SignInLink,
    SignInSession,
    Vote,
)
from .models.comment import BANDS
from .models.notice import NOTHING_SAID
from .upkeep import run

# Open reports keep a withdrawn comment for the moderator to see, but not for ever.
REPORTS_WAIT = timedelta(days=7)
KEYS_KEPT = timedelta(hours=48)
# Half a year after the answer, the time in which an author may object to a decision (DSA, article 20).
NOTICES_KEPT = timedelta(days=183)
# What one transaction looks at; it holds the write turn for a few milliseconds.
STRIDE = 2_000
BATCH = 500
TURN_MILLISECONDS = 2_000

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Purged:
    """What one purge did. `emptied`: the WAL holds nothing any more (True where there is none)."""

    comments: int = 0
    rows: int = 0
    buckets: int = 0
    day_keys: int = 0
    idempotency_keys: int = 0
    notices: int = 0
    links: int = 0
    sessions: int = 0
    emptied: bool = True


def purge(database: Database, now: datetime, progress: Progress | None = None) -> Purged:
    """Erase all whose time is over; running it again, or breaking it off, does no harm.

    `progress` is told, in a sentence, what is being done. Statuses never change here. Raises Unavailable.
    """
    tell = progress or _silent
    tell("Erasing what was withdrawn")
    done = _erase_withdrawn(database, now, tell)
    if done.comments:
        tell("Clearing the search")
        _clear_search(database)
    tell("Forgetting addresses")
    last_day = (now - timedelta(days=DAYS_KEPT)).date().isoformat()
    done = replace(
        done,
        buckets=_forget_buckets(database, last_day, now),
        # After the hashes: while one is left, so is the key that explains it.
        day_keys=database.write(lambda session: run(session, delete(DayKey).where(DayKey.day <= last_day))),
    )
    database.write(lambda session: _forget_once_banned(session, now))
    tell("Dropping old keys, notices, links and sessions")
    done = replace(
        done,
        notices=_repeat(database, _old_notices(now - NOTICES_KEPT)),
        idempotency_keys=_repeat(database, _old_keys(now - KEYS_KEPT)),
        links=database.write(lambda session: _drop_links(session, now)),
        sessions=database.write(lambda session: _drop_sessions(session, now)),
    )
    tell("Emptying the write-ahead log")
    return replace(done, emptied=_empty_wal(database))


def _silent(sentence: str) -> None:
    return None


def _erase_withdrawn(database: Database, now: datetime, tell: Progress) -> Purged:
    newest = database.write(lambda session: session.scalar(select(func.max(Comment.id)))) or 0
    erased = removed = 0
    # Backwards, so that a reply's row goes before the row it hangs on.
    for end in range(newest, 0, -STRIDE):
        counts = database.write(partial(_erase_between, after=end - STRIDE, until=end, now=now))
        erased, removed = erased + counts[0], removed + counts[1]
        if (newest - end) // STRIDE % 50 == 49:
            tell(f"Looked at {newest - end + STRIDE:,} of {newest:,} comments")
    return Purged(comments=erased, rows=removed)


def _clear_search(database: Database) -> None:
    is_more = database.write(partial(searching.clear, begin=True))
    while is_more:
        is_more = database.write(partial(searching.clear, begin=False))


def _erase_between(session: Session, *, after: int, until: int, now: datetime) -> tuple[int, int]:
    """Erase the withdrawn comments with after < id <= until; how many, and how many rows went altogether."""
    waited = or_(
        Comment.open_reports == 0,
        Comment.withdrawn_at.is_(None),
        Comment.withdrawn_at <= now - REPORTS_WAIT,
    )
    query = select(Comment.id).where(
        Comment.id > after, Comment.id <= until, Comment.status == WITHDRAWN, waited, _has_content()
    )
    # What somebody works on just now has time until the next purge.
    due = session.scalars(query.with_for_update(skip_locked=True)).all()
    if due:
        _erase(session, due, now)
    # A row that carries nothing may go; one that replies, reports or a retry's key lead to stays, empty.
    child = aliased(Comment)
    bare = delete(Comment).where(
        Comment.id > after,
        Comment.id <= until,
        Comment.status == WITHDRAWN,
        Comment.shown.is_(False),
        ~_has_content(),
        ~exists().where(child.parent_id == Comment.id),
        ~exists().where(child.root_id == Comment.id),
        ~exists().where(Report.comment_id == Comment.id),
        ~exists().where(IdempotencyKey.comment_id == Comment.id),
    )
    return len(due), run(session, bare)


def _has_content() -> Any:
    return exists().where(Revision.comment_id == Comment.id, Revision.body != "")


def _erase(session: Session, ids: Any, now: datetime) -> None:
    authors = select(Comment.author_id).where(Comment.id.in_(ids))
    written = aliased(Comment)
    # A name stays with the author only while another comment of theirs carries it.
    run(
        session,
        update(Author)
        .where(
            Author.id.in_(authors),
            ~exists().where(written.author_id == Author.id, written.status != WITHDRAWN),
        )
        .values(name=""),
    )
    run(session, delete(Evidence).where(Evidence.comment_id.in_(ids)))
    searching.forget(session, ids)
    # An empty revision stays: whoever finds a comment (a retry, its author's page) finds a text to it.
    newest = select(Comment.revision).where(Comment.id == Revision.comment_id).scalar_subquery()
    run(session, delete(Revision).where(Revision.comment_id.in_(ids), Revision.revision != newest))
    run(session, update(Revision).where(Revision.comment_id.in_(ids)).values(body="", html="", salt=b""))
    reports = select(Report.id).where(Report.comment_id.in_(ids))
    run(session, update(Notice).where(Notice.report_id.in_(reports)).values(NOTHING_SAID))
    # Nothing is left that a moderator could look at.
    run(
        session,
        update(Report).where(Report.comment_id.in_(ids), Report.closed_at.is_(None)).values(closed_at=now),
    )
    # What was written of it may quote it.
    run(session, update(Report).where(Report.comment_id.in_(ids)).values(text=""))
    run(
        session,
        update(Comment)
        .where(Comment.id.in_(ids))
        .values(
            name="",
            badge=None,
            leaf=None,
            reason=None,
            fingerprint=None,
            bucket=None,
            bucket_day=None,
            held_revision=None,
            edited_at=None,
            open_reports=0,
            cluster_id=None,
            **dict.fromkeys(BANDS),
        ),
    )


def _forget_buckets(database: Database, last_day: str, now: datetime) -> int:
    blank = {"bucket": None, "bucket_day": None}
    forgotten = 0
    # What finds near duplicates goes with the address: nobody looks for older ones.
    for model, values in ((Comment, blank | dict.fromkeys(BANDS)), (Report, blank)):
        old = select(model.id).where(model.bucket_day <= last_day).limit(BATCH)
        forgotten += _repeat(database, update(model).where(model.id.in_(old)).values(values))
    place = tuple_(Vote.comment_id, Vote.author_id)
    old_votes = select(Vote.comment_id, Vote.author_id).where(Vote.bucket_day <= last_day).limit(BATCH)
    forgotten += _repeat(database, update(Vote).where(place.in_(old_votes)).values(blank))
    return forgotten + database.write(lambda session: _forget_banned(session, last_day, now))


def _forget_banned(session: Session, last_day: str, now: datetime) -> int:
    # The ban stays on record, of an address that nobody can name any more.
    return run(
        session,
        update(Ban)
        .where(Ban.bucket_day <= last_day)
        .values(bucket=b"", bucket_day=None, expires_at=func.coalesce(Ban.expires_at, now)),
    )


def _forget_once_banned(session: Session, now: datetime) -> None:
    """Who was erased while a ban was in force left a nameless row for it, which goes when the ban is over."""
    in_force = Ban.lifted_at.is_(None) & or_(Ban.expires_at.is_(None), Ban.expires_at > now)
    banned = select(Ban.author_id).where(Ban.author_id.is_not(None))
    traces = (Comment, Vote, Report)
    run(
        session,
        delete(Author).where(
            Author.id.in_(banned),
            Author.name == "",
            ~exists().where(Ban.author_id == Author.id, in_force),
            *(~exists().where(trace.author_id == Author.id) for trace in traces),
        ),
    )


def _old_keys(before: datetime) -> Delete:
    place = tuple_(IdempotencyKey.author_id, IdempotencyKey.key)
    old = select(IdempotencyKey.author_id, IdempotencyKey.key).where(IdempotencyKey.created_at <= before)
    return delete(IdempotencyKey).where(place.in_(old.limit(BATCH)))


def _old_notices(before: datetime) -> Update:
    closed = select(Notice.id).join(Report, Report.id == Notice.report_id)
    old = closed.where(Report.closed_at <= before, Notice.email != "").limit(BATCH)
    return update(Notice).where(Notice.id.in_(old)).values(NOTHING_SAID)


def _drop_links(session: Session, now: datetime) -> int:
    over = or_(SignInLink.used_at.is_not(None), SignInLink.expires_at <= now)
    return run(session, delete(SignInLink).where(over))


def _drop_sessions(session: Session, now: datetime) -> int:
    over = or_(SignInSession.revoked_at.is_not(None), SignInSession.expires_at <= now)
    return run(session, delete(SignInSession).where(over))


def _repeat(database: Database, statement: Update | Delete) -> int:
    """Run a statement that takes up to BATCH rows, a transaction each time, until none is left."""
    total = 0
    while True:
        count = database.write(lambda session: run(session, statement))
        total += count
        if count == 0:
            return total


def _empty_wal(database: Database) -> bool:
    """Copy the WAL into the file and cut it, so that erased text is nowhere; False if a reader held it."""
    if database.turn is None:
        return True
    with database.turn.taken():
        connection = sqlite3.connect(database.settings.database_path, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout = {TURN_MILLISECONDS}")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
    return bool(busy == 0)

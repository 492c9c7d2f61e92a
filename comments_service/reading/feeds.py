"""The newest published comments of a thread or of a whole site, with what a feed says of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, bindparam, text
from sqlalchemy.orm import Session

from .. import clock
from ..db import UtcTime
from ..models import Comment
from . import cursors


@dataclass(frozen=True)
class Entry:
    """A published comment in a feed. `parent_is_public`: whether its parent can be looked at."""

    id: int
    parent: int | None
    parent_is_public: bool
    name: str
    html: str
    created_at: datetime
    updated_at: datetime
    replies_total: int
    slug: str
    title: str | None
    url: str | None


@dataclass(frozen=True)
class Part:
    """Entries, the newest first, and the cursor of the next part (None at the end)."""

    entries: tuple[Entry, ...]
    next: str | None


def of_site(session: Session, site_id: int, *, cursor: str | None, limit: int) -> Part:
    """The newest comments of a site, by the time they were written. Raises Invalid for a bad cursor."""
    after: dict[str, Any] = {}
    if cursor:
        microseconds, comment_id = cursors.places(cursor, "feed", 2)
        after = {"created": cursors.moment(microseconds), "id": comment_id}
    rows = session.execute(_OF_SITE[bool(after)], {"site": site_id, "limit": limit + 1, **after}).all()
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursors.make("feed", clock.microseconds(last.created_at), last.id) if last else None
    return Part(_entries(rows[:limit]), following)


def of_thread(session: Session, thread_id: int, *, cursor: str | None, limit: int) -> Part:
    """The newest comments of a thread, replies among them. Raises Invalid for a bad cursor."""
    after = {"id": cursors.places(cursor, "thread-feed", 1)[0]} if cursor else {}
    rows = session.execute(_OF_THREAD[bool(after)], {"thread": thread_id, "limit": limit + 1, **after}).all()
    following = cursors.make("thread-feed", rows[limit - 1].id) if len(rows) > limit else None
    return Part(_entries(rows[:limit]), following)


def _entries(rows: Sequence[Row[Any]]) -> tuple[Entry, ...]:
    return tuple(_entry(row) for row in rows)


def _entry(row: Row[Any]) -> Entry:
    # What is public of a comment stands in its leaf: the row may know of an edit that still waits.
    leaf = json.loads(b"{%b}" % row.leaf)
    edited = leaf["edited_at"]
    return Entry(
        id=row.id,
        parent=row.parent_id,
        parent_is_public=row.parent_status == "published",
        name=leaf["name"],
        html=leaf["html"],
        created_at=row.created_at,
        updated_at=datetime.fromisoformat(edited) if edited else row.created_at,
        replies_total=row.replies_total,
        slug=row.slug,
        title=row.title,
        url=row.url,
    )


def _statement(begin: str, after: str, order: str) -> TextClause:
    # The thread and the parent are looked up by their keys for the few rows that are left.
    made = text(
        "SELECT c.id, c.parent_id, c.leaf, c.replies_total, c.created_at, t.slug, t.title, t.url, "
        "p.status AS parent_status FROM comment AS c JOIN thread AS t ON t.id = c.thread_id "
        "LEFT JOIN comment AS p ON p.id = c.parent_id "
        f"WHERE {begin} AND c.status = 'published' {after} ORDER BY {order} LIMIT :limit"
    )
    if ":created" in after:
        made = made.bindparams(bindparam("created", type_=UtcTime()))
    return made.columns(created_at=Comment.created_at.type)  # type: ignore[return-value]


_OF_SITE = {
    continued: _statement(
        "c.site_id = :site",
        "AND (c.created_at, c.id) < (:created, :id)" if continued else "",
        "c.created_at DESC, c.id DESC",
    )
    for continued in (False, True)
}
# BETWEEN and not =, so that only the thread's index gives this order: with = PostgreSQL may walk the
# primary key instead, in the belief that every thread's newest comments are among the newest of all.
_OF_THREAD = {
    continued: _statement(
        "c.thread_id BETWEEN :thread AND :thread",
        "AND c.id < :id" if continued else "",
        "c.thread_id DESC, c.id DESC",
    )
    for continued in (False, True)
}

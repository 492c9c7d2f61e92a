"""A comment with all that a decision on it needs, and the whole of one comment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from ..models import Author, Comment, Evidence, Report, Revision, Site, Thread
from . import decisions
from .decisions import Decided

RECENT_STATES = 14
EXCERPT = 200


@dataclass(frozen=True)
class Parent:
    """What a reply answers, with the beginning of its text."""

    id: int
    name: str
    status: str
    body: str
    created_at: datetime


@dataclass(frozen=True)
class Record:
    """What is known of an author; `recent` are the states of the latest comments, oldest first."""

    id: int
    published: int
    rejected: int
    first_seen: datetime
    recent: tuple[str, ...]
    trusted: bool


@dataclass(frozen=True)
class Finding:
    """What a check found in the judged revision; `start` and `end` count characters of the body."""

    check: str
    rule: str
    start: int | None
    end: int | None
    score: float | None
    message: str


@dataclass(frozen=True)
class Complaint:
    """A reader's report; `closed_at` is set once a decision answered it."""

    id: int
    revision: int
    reason: str
    text: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class Version:
    """One revision of a comment's text."""

    revision: int
    body: str
    html: str
    created_at: datetime


@dataclass(frozen=True)
class QueueRow:
    """A comment with all that a decision needs; `status`, `revision` and `body` are those to be judged.

    `cluster` is the number of its cluster of near duplicates, of which it may be the only one.
    """

    id: int
    site_key: str
    site_name: str
    slug: str
    title: str | None
    url: str | None
    parent: Parent | None
    name: str
    badge: str | None
    author: Record | None
    body: str
    html: str
    status: str
    revision: int
    public_revision: int | None
    created_at: datetime
    edited_at: datetime | None
    score: int
    evidence: tuple[Finding, ...]
    reports: tuple[Complaint, ...]
    last_decision: Decided | None
    reason: str | None
    cluster: int


@dataclass(frozen=True)
class Card(QueueRow):
    """A row with everything else about its comment: `reports` are the open ones, `all_reports` all."""

    revisions: tuple[Version, ...]
    all_reports: tuple[Complaint, ...]
    decisions: tuple[Decided, ...]


def card(session: Session, site_ids: Sequence[int], comment_id: int) -> Card | None:
    """Everything about one comment; None when these sites have no such comment."""
    known = exists().where(Comment.id == comment_id, Comment.site_id.in_(site_ids))
    found = rows(session, [comment_id]) if session.scalar(select(known)) else []
    if not found:
        return None
    reports = session.execute(_reports().where(Report.comment_id == comment_id))
    return Card(
        **vars(found[0]),
        revisions=versions(session, comment_id),
        all_reports=tuple(_complaint(row) for row in reports),
        decisions=decisions.on(session, comment_id),
    )


def versions(session: Session, comment_id: int) -> tuple[Version, ...]:
    """All revisions of a comment, the first first."""
    query = select(Revision.revision, Revision.body, Revision.html, Revision.created_at)
    query = query.where(Revision.comment_id == comment_id).order_by(Revision.revision)
    return tuple(Version(*row) for row in session.execute(query))


def rows(session: Session, ids: Sequence[int]) -> list[QueueRow]:
    """The rows of these comments, in this order, by as many queries however many they are."""
    found = {row.Comment.id: row for row in session.execute(_whole_rows().where(Comment.id.in_(ids)))}
    evidence = _evidence(session, ids)
    reports = _open_reports(session, ids)
    decided = decisions.last(session, ids)
    recent = _recent_states(session, {row.Comment.author_id for row in found.values()} - {None})
    return [
        _queue_row(
            found[id],
            evidence=tuple(evidence[id]),
            reports=tuple(reports[id]),
            last_decision=decided.get(id),
            recent=tuple(recent[found[id].Comment.author_id]),
        )
        for id in ids
        if id in found
    ]


@cache
def _whole_rows() -> Select[*tuple[Any, ...]]:
    parent, parent_text = aliased(Comment), aliased(Revision)
    return (
        select(
            Comment,
            Revision.body,
            Revision.html,
            Revision.created_at.label("written_at"),
            Site.key.label("site_key"),
            Site.name.label("site_name"),
            Thread.slug,
            Thread.title,
            Thread.url,
            Author,
            parent.name.label("parent_name"),
            parent.status.label("parent_status"),
            parent.created_at.label("parent_created_at"),
            func.substr(parent_text.body, 1, EXCERPT + 1).label("parent_body"),
        )
        .join(Site, Site.id == Comment.site_id)
        .join(Thread, Thread.id == Comment.thread_id)
        # A withdrawn comment loses its text after a while, and its card goes on without.
        .outerjoin(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == _judged()))
        .outerjoin(Author, Author.id == Comment.author_id)
        .outerjoin(parent, parent.id == Comment.parent_id)
        .outerjoin(
            parent_text,
            and_(parent_text.comment_id == parent.id, parent_text.revision == parent.revision),
        )
    )


def _judged() -> ColumnElement[int]:
    return func.coalesce(Comment.held_revision, Comment.revision)


def _queue_row(
    row: Row[*tuple[Any, ...]],
    *,
    evidence: tuple[Finding, ...],
    reports: tuple[Complaint, ...],
    last_decision: Decided | None,
    recent: tuple[str, ...],
) -> QueueRow:
    comment: Comment = row.Comment
    return QueueRow(
        id=comment.id,
        site_key=row.site_key,
        site_name=row.site_name,
        slug=row.slug,
        title=row.title,
        url=row.url,
        parent=_parent(comment, row),
        name=comment.name,
        badge=comment.badge,
        author=_record(row.Author, recent),
        body=row.body or "",
        html=row.html or "",
        status=comment.judged_status,
        revision=comment.judged_revision,
        public_revision=comment.revision if comment.status == "published" else None,
        created_at=comment.created_at,
        edited_at=row.written_at if comment.judged_revision > 1 else None,
        score=comment.score,
        evidence=evidence,
        reports=reports,
        last_decision=last_decision,
        reason=comment.reason,
        cluster=comment.cluster,
    )


def _parent(comment: Comment, row: Row[*tuple[Any, ...]]) -> Parent | None:
    if comment.parent_id is None:
        return None
    body = excerpt(row.parent_body or "", EXCERPT)
    return Parent(comment.parent_id, row.parent_name, row.parent_status, body, row.parent_created_at)


def excerpt(text: str, most: int) -> str:
    """A text's beginning of up to `most` characters and a "…", if it is longer."""
    if len(text) <= most:
        return text
    words = text[:most].rsplit(maxsplit=1)  # the last one may be a part of a longer one
    return (words[0] if len(words) > 1 else text[: most - 1]) + "…"


def _record(author: Author | None, recent: tuple[str, ...]) -> Record | None:
    if author is None:
        return None
    trusted = author.trusted_at is not None
    return Record(author.id, author.published, author.rejected, author.created_at, recent, trusted)


def _evidence(session: Session, ids: Sequence[int]) -> Mapping[int, list[Finding]]:
    columns = (Evidence.check, Evidence.rule, Evidence.start, Evidence.end, Evidence.score, Evidence.message)
    found: dict[int, list[Finding]] = defaultdict(list)
    query = (
        select(Evidence.comment_id, *columns)
        .join(Comment, and_(Comment.id == Evidence.comment_id, Evidence.revision == _judged()))
        .where(Evidence.comment_id.in_(ids))
        .order_by(Evidence.id)
    )
    for row in session.execute(query):
        found[row[0]].append(Finding(*row[1:]))
    return found


def _open_reports(session: Session, ids: Sequence[int]) -> Mapping[int, list[Complaint]]:
    found: dict[int, list[Complaint]] = defaultdict(list)
    for row in session.execute(_reports().where(Report.comment_id.in_(ids), Report.closed_at.is_(None))):
        found[row.comment_id].append(_complaint(row))
    return found


def _reports() -> Select[*tuple[Any, ...]]:
    return select(
        Report.comment_id,
        Report.id,
        Report.revision,
        Report.reason,
        Report.text,
        Report.created_at,
        Report.closed_at,
    ).order_by(Report.id)


def _complaint(row: Row[*tuple[Any, ...]]) -> Complaint:
    return Complaint(*row[1:])


def _recent_states(session: Session, author_ids: Iterable[int]) -> Mapping[int | None, list[str]]:
    """The states of each author's latest comments, oldest first, however many they wrote."""
    latest = (
        select(Comment.status)
        .where(Comment.author_id == Author.id)
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(RECENT_STATES)
        .correlate(Author)
        .subquery()
    )
    # Both databases join what a sorted subquery gives in its order.
    states = select(func.aggregate_strings(latest.c.status, " ")).scalar_subquery()
    query = select(Author.id, states).where(Author.id.in_(list(author_ids)))
    found: dict[int | None, list[str]] = defaultdict(list)
    for author_id, joined in session.execute(query):
        found[author_id] = (joined or "").split()[::-1]
    return found

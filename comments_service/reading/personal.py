"""All that is stored about one person, to be shown to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import Session

from .. import clock
from ..models import (
    Author,
    Ban,
    Comment,
    Decision,
    DecisionNote,
    Evidence,
    IdempotencyKey,
    Notice,
    Report,
    Revision,
    Site,
    Thread,
    Vote,
)
from .own import told


@dataclass(frozen=True)
class Subject:
    """Whose data is meant: the authors that one person is, comments without an author, and notices."""

    authors: tuple[int, ...]
    comments: tuple[int, ...] = ()
    notices: tuple[int, ...] = ()

    def is_of(self) -> ColumnElement[bool]:
        """Whether a comment is theirs."""
        return or_(Comment.author_id.in_(self.authors), Comment.id.in_(self.comments))


def report(session: Session, subject: Subject) -> dict[str, Any]:
    """All that is stored about the subject, as a document for JSON.

    What others wrote about them (the texts of reports) is theirs and left out, and so are moderators' names.
    """
    return {
        "authors": [_author(row) for row in session.execute(_author_rows(subject))],
        "comments": _comments(session, subject),
        "votes": _listed(session, _votes(subject)),
        "reports": _listed(session, _reports_by(subject)),
        "notices": _listed(session, _notices(subject)),
        "bans": _listed(session, _bans(subject)),
        "requests": _listed(session, _requests(subject)),
    }


def _author_rows(subject: Subject) -> Select[*tuple[Any, ...]]:
    return (
        select(Author, Site.key)
        .join(Site, Site.id == Author.site_id)
        .where(Author.id.in_(subject.authors))
        .order_by(Author.id)
    )


def _author(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    author = row.Author
    return {
        "author": author.id,
        "site": row.key,
        "name": author.name,
        "published": author.published,
        "rejected": author.rejected,
        "trusted_at": _time(author.trusted_at),
        "created_at": _time(author.created_at),
    }


def _comments(session: Session, subject: Subject) -> list[dict[str, Any]]:
    revisions = _by_comment(session, _revisions(subject))
    evidence = _by_comment(session, _evidence(subject))
    decisions = _by_comment(session, _decisions(subject))
    complaints = _by_comment(session, _reports_about(subject))
    query = (
        select(Comment, Site.key, Thread.slug)
        .join(Site, Site.id == Comment.site_id)
        .join(Thread, Thread.id == Comment.thread_id)
        .where(subject.is_of())
        .order_by(Comment.id)
    )
    return [
        {
            "comment": row.Comment.id,
            "site": row.key,
            "slug": row.slug,
            "name": row.Comment.name,
            "status": row.Comment.status,
            "score": row.Comment.score,
            "created_at": _time(row.Comment.created_at),
            "edited_at": _time(row.Comment.edited_at),
            "withdrawn_at": _time(row.Comment.withdrawn_at),
            "address_hashed_on": row.Comment.bucket_day,
            "revisions": revisions[row.Comment.id],
            "evidence": [
                one | {"message": told(one["check"], one["message"])} for one in evidence[row.Comment.id]
            ],
            "decisions": decisions[row.Comment.id],
            "reports": complaints[row.Comment.id],
        }
        for row in session.execute(query)
    ]


def _revisions(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Revision.comment_id, Revision.revision, Revision.body, Revision.created_at)
    query = select(*columns).join(Comment, Comment.id == Revision.comment_id).where(subject.is_of())
    return query.order_by(Revision.comment_id, Revision.revision)


def _evidence(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Evidence.comment_id, Evidence.revision, Evidence.check, Evidence.message)
    query = select(*columns).join(Comment, Comment.id == Evidence.comment_id).where(subject.is_of())
    return query.order_by(Evidence.id)


def _decisions(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Decision.comment_id, Decision.id.label("decision"), Decision.revision, Decision.action)
    query = select(*columns, Decision.reason, DecisionNote.note, Decision.created_at)
    query = query.join(Comment, Comment.id == Decision.comment_id)
    query = query.outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
    return query.where(subject.is_of()).order_by(Decision.id)


def _reports_about(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Report.comment_id, Report.reason, Report.created_at, Report.closed_at)
    query = select(*columns).join(Comment, Comment.id == Report.comment_id).where(subject.is_of())
    return query.order_by(Report.id)


def _reports_by(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Report.comment_id, Report.reason, Report.text, Report.bucket_day.label("address_hashed_on"))
    query = select(*columns, Report.created_at, Report.closed_at)
    return query.where(Report.author_id.in_(subject.authors)).order_by(Report.id)


def _notices(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Notice.id.label("notice"), Report.comment_id.label("comment"), Notice.text, Notice.name)
    query = select(*columns, Notice.email, Notice.created_at, Report.closed_at)
    query = query.join(Report, Report.id == Notice.report_id)
    return query.where(Notice.id.in_(subject.notices)).order_by(Notice.id)


def _votes(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Vote.comment_id, Vote.value, Vote.bucket_day.label("address_hashed_on"), Vote.created_at)
    return select(*columns).where(Vote.author_id.in_(subject.authors)).order_by(Vote.comment_id)


def _bans(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (Ban.author_id, Ban.reason, Ban.created_at, Ban.expires_at, Ban.lifted_at)
    return select(*columns).where(Ban.author_id.in_(subject.authors)).order_by(Ban.id)


def _requests(subject: Subject) -> Select[*tuple[Any, ...]]:
    columns = (IdempotencyKey.key, IdempotencyKey.comment_id, IdempotencyKey.created_at)
    query = select(*columns).where(IdempotencyKey.author_id.in_(subject.authors))
    return query.order_by(IdempotencyKey.created_at)


def _by_comment(session: Session, query: Select[*tuple[Any, ...]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in _listed(session, query):
        found[one.pop("comment_id")].append(one)
    return found


def _listed(session: Session, query: Select[*tuple[Any, ...]]) -> list[dict[str, Any]]:
    rows = session.execute(query)
    return [
        {name: _time(value) if isinstance(value, datetime) else value for name, value in row._mapping.items()}
        for row in rows
    ]


def _time(moment: datetime | None) -> str | None:
    return clock.rfc3339(moment) if moment is not None else None

"""What is stored about one person, to be shown to them; and erasing it when they ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Delete, Row, Select, Update, delete, or_, select, update
from sqlalchemy.orm import Session

from . import clock, publishing
from .db import Database
from .errors import NotFound
from .identity import AUTHOR_KEY, Signer
from .models import (
    WITHDRAWN,
    Author,
    Ban,
    Comment,
    Decision,
    DecisionNote,
    Evidence,
    IdempotencyKey,
    Report,
    Revision,
    Site,
    Thread,
    Vote,
)
from .publishing import State
from .reading.own import told

LONGEST_NUMBER = 18


@dataclass(frozen=True)
class Subject:
    """Whose data is meant: authors (one person may be one on every site), and comments without an author."""

    authors: tuple[int, ...]
    comments: tuple[int, ...] = ()

    def is_of(self) -> ColumnElement[bool]:
        """Whether a comment is theirs."""
        return or_(Comment.author_id.in_(self.authors), Comment.id.in_(self.comments))


@dataclass(frozen=True)
class Erased:
    """How much was erased; a `banned` author's key hash is kept, or the ban would end with it."""

    comments: int
    votes: int
    reports: int
    notes: int
    banned: int


def find(
    session: Session, signer: Signer, *, authors: Iterable[str] = (), comments: Iterable[int] = ()
) -> Subject:
    """The subject: authors by number (as the moderators' page says it) or by author key, comments by number.

    Raises NotFound for the first that is not there.
    """
    found = tuple(id for author in authors for id in _authors(session, signer, author))
    for comment in comments:
        if session.get(Comment, comment) is None:
            raise NotFound(f"There is no comment {comment}.", code="comment_not_found")
    return Subject(found, tuple(comments))


def report(session: Session, subject: Subject) -> dict[str, Any]:
    """All that is stored about the subject, as a document for JSON.

    What others wrote about them (the texts of reports) is theirs and left out, and so are moderators' names.
    """
    return {
        "authors": [_author(row) for row in session.execute(_author_rows(subject))],
        "comments": _comments(session, subject),
        "votes": _listed(session, _votes(subject)),
        "reports": _listed(session, _reports_by(subject)),
        "bans": _listed(session, _bans(subject)),
        "requests": _listed(session, _requests(subject)),
    }


def erase(database: Database, subject: Subject) -> Erased:
    """Take back all comments of the subject and erase what hangs on them and on their authors.

    Texts, names and search entries go with the next purge, which the caller runs. The decisions stay, as the
    chained log needs them: numbers, words of ours, and hashes that say nothing once the texts are gone. A
    score stays a number. Raises Unavailable.
    """
    ids = database.write(lambda session: session.execute(_places(subject)).all())
    for place in ids:
        database.write(partial(_withdraw, site_id=place.site_id, comment_id=place.id))
    return database.write(partial(_erase_around, subject=subject))


def _authors(session: Session, signer: Signer, author: str) -> list[int]:
    if author.isascii() and author.isdigit() and len(author) <= LONGEST_NUMBER:
        found = list(session.scalars(select(Author.id).where(Author.id == int(author))))
    elif AUTHOR_KEY.fullmatch(author):
        hashes = [signer.author(site, author) for site in session.scalars(select(Site.id))]
        found = list(session.scalars(select(Author.id).where(Author.key_hash.in_(hashes))))
    else:
        found = []
    if not found:
        raise NotFound("There is no such author: give the number or the author key.", code="author_not_found")
    return found


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


def _places(subject: Subject) -> Select[*tuple[Any, ...]]:
    query = select(Comment.site_id, Comment.id).where(subject.is_of(), Comment.status != WITHDRAWN)
    return query.order_by(Comment.id)


def _withdraw(session: Session, *, site_id: int, comment_id: int) -> None:
    comment = publishing.lock(session, site_id, comment_id)
    if comment is not None and comment.status != WITHDRAWN:
        comment.withdrawn_at = clock.now()
        publishing.change(session, comment, State(WITHDRAWN, comment.revision))


def _erase_around(session: Session, *, subject: Subject) -> Erased:
    theirs = select(Comment.id).where(subject.is_of())
    # Nobody has to look at them any more: the purge need not wait.
    open_ones = update(Report).where(Report.comment_id.in_(theirs), Report.closed_at.is_(None))
    _run(session, open_ones.values(closed_at=clock.now()))
    _run(session, update(Comment).where(subject.is_of()).values(open_reports=0))
    # What others wrote speaks of them too.
    _run(session, update(Report).where(Report.comment_id.in_(theirs)).values(text=""))
    decided = select(Decision.id).where(Decision.comment_id.in_(theirs))
    notes = _run(session, delete(DecisionNote).where(DecisionNote.decision_id.in_(decided)))
    comments = len(session.scalars(theirs).all())
    nobody = {"text": "", "author_id": None, "bucket": None, "bucket_day": None}
    reports = _run(session, update(Report).where(Report.author_id.in_(subject.authors)).values(nobody))
    votes = _run(session, delete(Vote).where(Vote.author_id.in_(subject.authors)))
    _run(session, delete(IdempotencyKey).where(IdempotencyKey.author_id.in_(subject.authors)))
    return Erased(comments, votes, reports, notes, _forget_authors(session, subject))


def _forget_authors(session: Session, subject: Subject) -> int:
    """Delete the authors' rows; how many stay, nameless, because a ban on them is in force."""
    is_over = Ban.expires_at.is_not(None) & (Ban.expires_at <= clock.now())
    banned = select(Ban.author_id).where(
        Ban.author_id.in_(subject.authors), Ban.lifted_at.is_(None), ~is_over
    )
    kept = set(session.scalars(banned))
    nameless = {"name": "", "published": 0, "rejected": 0, "trusted_at": None}
    _run(session, update(Author).where(Author.id.in_(kept)).values(nameless))
    _run(session, delete(Author).where(Author.id.in_(set(subject.authors) - kept)))
    return len(kept)


def _run(session: Session, statement: Update | Delete) -> int:
    plain = statement.execution_options(synchronize_session=False)
    return cast(CursorResult[Any], session.execute(plain)).rowcount

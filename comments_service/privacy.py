"""Erasing what is stored about one person, when they ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Select, delete, func, select, update
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
    IdempotencyKey,
    Notice,
    Report,
    Site,
    Vote,
)
from .models.notice import NOTHING_SAID
from .publishing import State
from .reading.personal import Subject
from .upkeep import run

LONGEST_NUMBER = 18
# A report without a word and without anybody.
NOBODY = {"text": "", "author_id": None, "bucket": None, "bucket_day": None}


@dataclass(frozen=True)
class Erased:
    """How much was erased; a `banned` author's key hash is kept, or the ban would end with it."""

    comments: int
    votes: int
    reports: int
    notices: int
    notes: int
    banned: int


def find(
    session: Session,
    signer: Signer,
    *,
    authors: Iterable[str] = (),
    comments: Iterable[int] = (),
    notices: Iterable[str] = (),
) -> Subject:
    """The subject: authors by number (as the moderators' page says it) or by author key, comments by number,
    notices by receipt or by the e-mail address in them.

    Raises NotFound for the first that is not there.
    """
    found = tuple(id for author in authors for id in _authors(session, signer, author))
    for comment in comments:
        if session.get(Comment, comment) is None:
            raise NotFound(f"There is no comment {comment}.", code="comment_not_found")
    sent = tuple(id for notice in notices for id in _notices(session, signer, notice))
    return Subject(found, tuple(comments), sent)


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


def _notices(session: Session, signer: Signer, notice: str) -> list[int]:
    """By a receipt, which is `number-secret`, or by an address, in small letters or large."""
    if "@" in notice:
        query = select(Notice.id).where(func.lower(Notice.email) == func.lower(notice))
    else:
        secret = notice.partition("-")[2]
        query = select(Notice.id).where(Notice.receipt == signer.token(secret))
    found = list(session.scalars(query))
    if not found:
        raise NotFound(
            "There is no such notice: give the receipt or the e-mail address.", code="notice_not_found"
        )
    return found


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
    run(session, open_ones.values(closed_at=clock.now()))
    run(session, update(Comment).where(subject.is_of()).values(open_reports=0))
    # What others wrote speaks of them too.
    run(session, update(Report).where(Report.comment_id.in_(theirs)).values(text=""))
    decided = select(Decision.id).where(Decision.comment_id.in_(theirs))
    notes = run(session, delete(DecisionNote).where(DecisionNote.decision_id.in_(decided)))
    comments = len(session.scalars(theirs).all())
    reports = run(session, update(Report).where(Report.author_id.in_(subject.authors)).values(NOBODY))
    votes = run(session, delete(Vote).where(Vote.author_id.in_(subject.authors)))
    run(session, delete(IdempotencyKey).where(IdempotencyKey.author_id.in_(subject.authors)))
    sent = _forget_notices(session, subject)
    return Erased(comments, votes, reports, sent, notes, _forget_authors(session, subject))


def _forget_notices(session: Session, subject: Subject) -> int:
    """Empty the notices; the rows stay, since their reports are still to be decided."""
    theirs = select(Notice.report_id).where(Notice.id.in_(subject.notices), Notice.text == Report.text)
    # The first notice from an address gave its report the text.
    run(session, update(Report).where(Report.id.in_(theirs)).values(NOBODY))
    return run(session, update(Notice).where(Notice.id.in_(subject.notices)).values(NOTHING_SAID))


def _forget_authors(session: Session, subject: Subject) -> int:
    """Delete the authors' rows; how many stay, nameless, because a ban on them is in force."""
    is_over = Ban.expires_at.is_not(None) & (Ban.expires_at <= clock.now())
    banned = select(Ban.author_id).where(
        Ban.author_id.in_(subject.authors), Ban.lifted_at.is_(None), ~is_over
    )
    kept = set(session.scalars(banned))
    nameless = {"name": "", "published": 0, "rejected": 0, "trusted_at": None}
    run(session, update(Author).where(Author.id.in_(kept)).values(nameless))
    run(session, delete(Author).where(Author.id.in_(set(subject.authors) - kept)))
    return len(kept)

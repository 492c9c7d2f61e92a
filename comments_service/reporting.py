"""Reporting: a reader's complaint about a comment, and a formal notice that it is illegal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from . import clock, identity, publishing
from .errors import CommentNotFound, FieldError, Invalid
from .identity import Reader, Signer
from .models import PENDING, PUBLISHED, Author, Comment, Evidence, Notice, Report, Site
from .models.decision import HOLD
from .models.notice import LONGEST_EMAIL
from .models.policy import Policy
from .publishing import Because, State
from .text import characters, names

HIDDEN = "Several readers reported your comment, so a moderator looks at it again."
ILLEGAL = "illegal"
LONGEST_EXPLANATION = 2_000
EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+")


@dataclass(frozen=True)
class Explained:
    """What somebody says in a notice: why the comment is illegal, and who they are."""

    text: str
    name: str
    email: str


def report(
    session: Session, *, signer: Signer, site: Site, reader: Reader, comment_id: int, reason: str, text: str
) -> None:
    """Add a complaint. Another from the same address bucket changes nothing while the first is open,
    or once a moderator has answered it by approving the revision.

    Raises NotFound for a comment that is not public. A comment that a moderator approved in this
    revision gathers no new reports, unless the reason is `illegal`.
    """
    comment = _public(session, site, comment_id)
    answered = comment.reviewed and comment.held_revision is None and reason != ILLEGAL
    if _earlier(session, signer, reader, comment, answered=answered) is None:
        _add(session, signer, site, reader, comment, reason, text, answered=answered)


def explained(text: str, name: str, email: str) -> Explained:
    """What came with a notice, in its stored form. Raises Invalid naming every field that is not right."""
    errors = [*_faults("reason", text, LONGEST_EXPLANATION), *_faults("email", email, LONGEST_EMAIL)]
    if not errors and not EMAIL.fullmatch(email.strip()):
        errors.append(FieldError("email", "invalid", "Enter an e-mail address, such as name@example.org."))
    try:
        name = names.normalise(name)
    except Invalid as error:
        errors.extend(error.errors)
    if errors:
        raise Invalid(*errors)
    return Explained(text.replace("\r\n", "\n").strip(), name, email.strip())


def notice(
    session: Session, *, signer: Signer, site: Site, reader: Reader, comment_id: int, said: Explained
) -> str:
    """Store a notice that a public comment is illegal; it reports the comment as `illegal`.

    Returns the receipt, of which only a hash is kept: the notice's number and a random token. Raises
    NotFound for a comment that is not public. The same address's open report becomes the notice's.
    """
    comment = _public(session, site, comment_id)
    revision = comment.revision
    report = _earlier(session, signer, reader, comment, answered=False)
    if report is None:
        report = _add(session, signer, site, reader, comment, ILLEGAL, said.text)
    report.reason = ILLEGAL
    secret = identity.new_secret()
    row = Notice(
        report_id=report.id,
        revision=revision,
        text=said.text,
        name=said.name,
        email=said.email,
        receipt=signer.token(secret),
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()  # its number is part of the receipt
    return f"{row.id}-{secret}"


def _public(session: Session, site: Site, comment_id: int) -> Comment:
    comment = publishing.lock(session, site.id, comment_id)
    if comment is None or comment.status != PUBLISHED:
        raise CommentNotFound
    return comment


def _earlier(
    session: Session, signer: Signer, reader: Reader, comment: Comment, *, answered: bool
) -> Report | None:
    """What this address complained of before: openly, or about what a moderator has answered since."""
    counts: ColumnElement[bool] = Report.closed_at.is_(None)
    if answered:
        counts = or_(counts, Report.revision == comment.revision)
    rows = session.execute(
        select(Report.id, Report.bucket_day, Report.bucket).where(
            Report.comment_id == comment.id, Report.bucket_day.is_not(None), counts
        )
    ).all()
    ours = identity.hashed_on(session, signer, reader.bucket, {day for _, day, _ in rows if day})
    found = (id for id, day, bucket in rows if day and ours.get(day) == bucket)
    return session.get(Report, next(found, 0))


def _add(
    session: Session,
    signer: Signer,
    site: Site,
    reader: Reader,
    comment: Comment,
    reason: str,
    text: str,
    *,
    answered: bool = False,
) -> Report:
    bucket = identity.hashed(session, signer, reader.bucket)
    now = clock.now()
    added = Report(
        comment_id=comment.id,
        revision=comment.revision,
        reason=reason,
        text=text,
        author_id=_author_id(session, signer, site, reader),
        bucket=bucket.hash,
        bucket_day=bucket.day,
        created_at=now,
        closed_at=now if answered else None,
    )
    session.add(added)
    if not answered:
        comment.open_reports += 1
        _hide_after_enough(session, Policy.of(site), comment)
    session.flush()  # a notice names it
    return added


def _faults(field: str, text: str, longest: int) -> list[FieldError]:
    if not characters.is_visible(text):
        return [FieldError(field, "required", "Missing data for required field.")]
    if len(text) > longest:
        return [FieldError(field, "too_long", f"This may have at most {longest} characters.")]
    return []


def _author_id(session: Session, signer: Signer, site: Site, reader: Reader) -> int | None:
    if reader.author_key is None:
        return None
    key_hash = signer.author(site.id, reader.author_key)
    return session.scalar(select(Author.id).where(Author.site_id == site.id, Author.key_hash == key_hash))


def _hide_after_enough(session: Session, policy: Policy, comment: Comment) -> None:
    if not 0 < policy.hide_after_reports <= comment.open_reports:
        return
    comment.reason = HIDDEN
    revision = comment.held_revision or comment.revision
    session.add(
        Evidence(
            comment_id=comment.id,
            revision=revision,
            check="reports",
            rule="hide_after_reports",
            score=comment.open_reports,
            message=f"Readers on {comment.open_reports} networks reported it; the site hides it at "
            f"{policy.hide_after_reports}.",
        )
    )
    publishing.change(session, comment, State(PENDING, revision), Because(HOLD))

"""Reporting: a reader's complaint about a comment."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from . import clock, identity, publishing
from .errors import NotFound
from .identity import Reader, Signer
from .models import PENDING, PUBLISHED, Author, Comment, Report, Site
from .models.decision import HOLD
from .models.policy import Policy
from .publishing import Because, State

HIDDEN = "Several readers reported your comment, so a moderator looks at it again."


def report(
    session: Session, *, signer: Signer, site: Site, reader: Reader, comment_id: int, reason: str, text: str
) -> None:
    """Add a complaint. Another from the same address bucket changes nothing while the first is open,
    or once a moderator has answered it by approving the revision.

    Raises NotFound for a comment that is not public. A comment that a moderator approved in this
    revision gathers no new reports, unless the reason is `illegal`.
    """
    comment = publishing.lock(session, site.id, comment_id)
    if comment is None or comment.status != PUBLISHED:
        raise NotFound("There is no such comment.", code="comment_not_found")
    answered = comment.reviewed and comment.held_revision is None and reason != "illegal"
    if _has_reported(session, signer, reader, comment, answered=answered):
        return
    bucket = identity.hashed(session, signer, reader.bucket)
    now = clock.now()
    session.add(
        Report(
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
    )
    if not answered:
        comment.open_reports += 1
        _hide_after_enough(session, Policy.of(site), comment)
    session.flush()


def _has_reported(
    session: Session, signer: Signer, reader: Reader, comment: Comment, *, answered: bool
) -> bool:
    """Whether this address complained before: openly, or about what a moderator has answered since."""
    counts: ColumnElement[bool] = Report.closed_at.is_(None)
    if answered:
        counts = or_(counts, Report.revision == comment.revision)
    rows = session.execute(
        select(Report.bucket_day, Report.bucket).where(Report.comment_id == comment.id, counts)
    ).all()
    ours = identity.hashed_on(session, signer, reader.bucket, {day for day, _ in rows if day})
    return any(ours.get(day) == bucket for day, bucket in rows if day)


def _author_id(session: Session, signer: Signer, site: Site, reader: Reader) -> int | None:
    if reader.author_key is None:
        return None
    key_hash = signer.author(site.id, reader.author_key)
    return session.scalar(select(Author.id).where(Author.site_id == site.id, Author.key_hash == key_hash))


def _hide_after_enough(session: Session, policy: Policy, comment: Comment) -> None:
    if not 0 < policy.hide_after_reports <= comment.open_reports:
        return
    comment.reason = HIDDEN
    publishing.change(
        session, comment, State(PENDING, comment.held_revision or comment.revision), Because(HOLD)
    )

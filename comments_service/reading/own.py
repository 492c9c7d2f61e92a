"""Comments as their own author sees them, whatever their status."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from ..models import PENDING, PUBLISHED, REJECTED, SPAM, Comment, Decision, Revision
from ..models.decision import REVERSE

MOST_OWN = 100
Own: TypeAlias = Row[Comment, str, int, datetime, str | None, datetime | None]

# What a refused author is told; the moderator's note stays with the moderators.
REASONS = {
    "abuse": "abuse",
    "spam": "advertising",
    "off_topic": "off topic",
    "illegal": "illegal content",
    "personal_data": "personal data",
    "impersonation": "impersonation",
    "misinformation": "misinformation",
    "duplicate": "a duplicate",
    "other": "against the house rules",
}
# Of these checks moderators read more than an author may know, such as the numbers of others' comments.
TOLD = {"near": "It is much like another comment."}


def own(session: Session, comment_id: int) -> dict[str, Any]:
    """The comment as it is now, with the text its author wrote last."""
    return _shown_to_author(session.execute(_one(), {"comment": comment_id}).one())


def unpublished(session: Session, *, thread_id: int, author_id: int) -> list[dict[str, Any]]:
    """The author's comments of a thread that are not published, or whose newest edit is not, oldest first."""
    query = _query().where(
        Comment.thread_id == thread_id,
        Comment.author_id == author_id,
        Comment.status.in_((PENDING, REJECTED, SPAM))
        | Comment.held_revision.is_not(None)
        | has_dropped_edit(),
    )
    rows = session.execute(query.order_by(Comment.id).limit(MOST_OWN))
    return [_shown_to_author(row) | {"reason": _reason(row)} for row in rows]


def told(check: str, message: str) -> str:
    """What an author is told of a check's evidence."""
    return TOLD.get(check, message)


def spelled(moment: datetime) -> str:
    """A time inside a sentence for an author."""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def latest_standing() -> ColumnElement[int | None]:
    """The `seq` of the decision that says how a Comment stands; none of those undone, nor of the undoings.

    Of a published comment without a held edit only a decision on a later version still says anything:
    that it was dropped. The next edit, which makes a later one public, ends that.
    """
    other, reversal = aliased(Decision), aliased(Decision)
    undone = exists().where(reversal.comment_id == other.comment_id, reversal.reverses == other.id)
    stands = (Comment.status != PUBLISHED) | Comment.held_revision.is_not(None)
    return (
        select(func.max(other.seq))
        .where(other.comment_id == Comment.id, other.site_id == Comment.site_id)
        .where(other.action != REVERSE, ~undone, stands | (other.revision > Comment.revision))
        .correlate(Comment)
        .scalar_subquery()
    )


def has_dropped_edit() -> ColumnElement[bool]:
    """Whether the newest version of a published Comment was rejected, and the one before stays."""
    is_calm = (Comment.status == PUBLISHED) & Comment.held_revision.is_(None)
    return is_calm & latest_standing().is_not(None)


@cache
def _one() -> Select[Comment, str, int, datetime, str | None, datetime | None]:
    return _query().where(Comment.id == bindparam("comment"))


def _query() -> Select[Comment, str, int, datetime, str | None, datetime | None]:
    judged = func.coalesce(Comment.held_revision, Comment.revision)
    decided = aliased(Revision)
    return (
        select(
            *(Comment, Revision.html, Revision.revision, Revision.created_at, Decision.reason),
            decided.created_at,
        )
        .join(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == judged))
        .outerjoin(
            Decision,
            and_(
                Decision.comment_id == Comment.id,
                Decision.site_id == Comment.site_id,
                Decision.seq == latest_standing(),
            ),
        )
        .outerjoin(decided, and_(decided.comment_id == Comment.id, decided.revision == Decision.revision))
    )


def _shown_to_author(row: Own) -> dict[str, Any]:
    comment, html, revision, written = row[:4]
    return {
        "id": comment.id,
        "parent": comment.parent_id,
        "name": comment.name,
        "badge": comment.badge,
        "html": html,
        "created_at": comment.created_at,
        "edited_at": written if revision > 1 else None,
        "score": comment.score,
        # A discarded comment looks like a held one.
        "status": PENDING if comment.status == "spam" and not comment.reviewed else comment.judged_status,
        "revision": revision,
    }


def _reason(row: Own) -> str | None:
    comment, code, decided = row[0], row[4], row[5]
    ground = REASONS.get(code or "other", REASONS["other"])
    if comment.status in (REJECTED, SPAM) and comment.reviewed:
        return f"Not published: {ground}"
    elif comment.status == PUBLISHED and comment.held_revision is None:
        of = f" of {spelled(decided)}" if decided else ""
        return f"Your change{of} was not accepted: {ground}. The version before stays."
    else:
        return comment.reason

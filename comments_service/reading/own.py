"""Comments as their own author sees them, whatever their status."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from ..models import PENDING, PUBLISHED, Comment, Decision, Revision

MOST_OWN = 100
Own: TypeAlias = Row[Comment, str, int, datetime, str | None]

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


def own(session: Session, comment_id: int) -> dict[str, Any]:
    """The comment as it is now, with the text its author wrote last."""
    return _shown_to_author(session.execute(_query().where(Comment.id == comment_id)).one())


def unpublished(session: Session, *, thread_id: int, author_id: int) -> list[dict[str, Any]]:
    """The author's comments of a thread that are not published (or have a held edit), oldest first."""
    query = _query().where(
        Comment.thread_id == thread_id,
        Comment.author_id == author_id,
        Comment.status.in_((PENDING, "rejected", "spam")) | Comment.held_revision.is_not(None),
    )
    rows = session.execute(query.order_by(Comment.id).limit(MOST_OWN))
    return [_shown_to_author(row) | {"reason": _reason(row)} for row in rows]


def _query() -> Select[Comment, str, int, datetime, str | None]:
    judged = func.coalesce(Comment.held_revision, Comment.revision)
    latest = (
        select(func.max(Decision.seq))
        .where(Decision.comment_id == Comment.id, Decision.site_id == Comment.site_id)
        .correlate(Comment)
        .scalar_subquery()
    )
    return (
        select(Comment, Revision.html, Revision.revision, Revision.created_at, Decision.reason)
        .join(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == judged))
        .outerjoin(
            Decision,
            and_(
                Decision.comment_id == Comment.id,
                Decision.site_id == Comment.site_id,
                Decision.seq == latest,
            ),
        )
    )


def _shown_to_author(row: Own) -> dict[str, Any]:
    comment, html, revision, written, _ = row
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
    comment, reason = row[0], row[4]
    if comment.status in ("rejected", "spam") and comment.reviewed:
        return f"Not published: {REASONS.get(reason or 'other', REASONS['other'])}"
    return comment.reason if comment.status != PUBLISHED or comment.held_revision else None

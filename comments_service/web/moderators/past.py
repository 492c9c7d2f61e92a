"""What of an author was rejected before, as the card tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ...models import SPAM, Comment, Revision
from ...publishing import REFUSED
from ...reading import cards, decisions
from . import phrases

SHOWN = 3
EXCERPT = 120


@dataclass(frozen=True)
class Rejection:
    """One of the author's comments that was turned down: why, its beginning, and when it was decided."""

    id: int
    label: str
    line: str
    decided_at: datetime


@dataclass(frozen=True)
class Past:
    """How many there are, and the latest of them."""

    count: int
    latest: Sequence[Rejection]

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.latest)


def of(session: Session, author_id: int, comment_id: int) -> Past:
    """The author's rejected comments and spam, the latest first, but for the comment that is judged."""
    theirs = (
        Comment.author_id == author_id,
        Comment.status.in_(REFUSED),
        Comment.id != comment_id,
    )
    count = session.scalar(select(func.count()).select_from(Comment).where(*theirs)) or 0
    if not count:
        return Past(0, [])
    rows = session.execute(
        select(Comment.id, Comment.status, Comment.created_at, Revision.body)
        .outerjoin(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == Comment.revision))
        .where(*theirs)
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(SHOWN)
    ).all()
    decided = decisions.last(session, [row.id for row in rows])
    return Past(
        count,
        [
            Rejection(
                row.id,
                _label(row.status, decided.get(row.id)),
                cards.excerpt(" ".join((row.body or "").split()), EXCERPT),
                decided[row.id].created_at if row.id in decided else row.created_at,
            )
            for row in rows
        ],
    )


def _label(status: str, decision: decisions.Decided | None) -> str:
    if status == SPAM or decision is None or not decision.reason:
        return phrases.STATUSES[status]
    return phrases.REASONS.get(decision.reason, decision.reason)

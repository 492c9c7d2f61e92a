"""The author's own exact duplicate: the same words in the same thread."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..errors import Conflict
from ..models import WITHDRAWN, Comment
from .draft import PUBLISH, Draft, Verdict, refuse

REMEMBERED = timedelta(days=1)


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses what the author wrote in this thread within a day, unless they took it back."""
    if draft.thread is None or draft.author is None:
        return PUBLISH
    query = select(Comment.id).where(
        Comment.thread_id == draft.thread.id,
        Comment.author_id == draft.author.id,
        Comment.fingerprint == draft.fingerprint,
        Comment.status != WITHDRAWN,
        Comment.created_at > clock.now() - REMEMBERED,
    )
    if draft.comment_id is not None:
        query = query.where(Comment.id != draft.comment_id)
    if session.scalar(query.limit(1)) is None:
        return PUBLISH
    return refuse(Conflict("You have posted this already.", code="duplicate"))

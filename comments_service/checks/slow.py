"""Slow mode: an author waits between two comments in one thread."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..errors import TooFast
from ..models import Comment
from .draft import PUBLISH, Draft, Verdict, refuse


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses an author's next comment until the thread's pause is over; edits are no new comments."""
    thread, author = draft.thread, draft.author
    if thread is None or author is None or not thread.slow_seconds or draft.is_edit:
        return PUBLISH
    since = clock.now() - timedelta(seconds=thread.slow_seconds)
    latest = session.scalar(
        select(func.max(Comment.created_at)).where(
            Comment.author_id == author.id, Comment.thread_id == thread.id
        )
    )
    if latest is None or latest <= since:
        return PUBLISH
    seconds = ceil((latest - since).total_seconds())
    return refuse(
        TooFast("This conversation is in slow mode. Please wait a moment.", retry_after=seconds, code="slow")
    )

"""Slow mode: an author waits between two comments in one thread; without an author key, the address does."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from .. import clock
from ..errors import TooFast
from ..models import Comment
from .draft import PUBLISH, Draft, Verdict, refuse


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses an author's next comment until the thread's pause is over; edits are no new comments."""
    thread = draft.thread
    if thread is None or not thread.slow_seconds or draft.is_edit:
        return PUBLISH
    writer = _writer(draft)
    if writer is None:
        return PUBLISH
    now, pause = clock.now(), timedelta(seconds=thread.slow_seconds)
    since = now - pause
    # What is dated further ahead was written before a clock was put right: nobody waits for that.
    is_dated_right = Comment.created_at <= now + pause
    latest = session.scalar(
        select(func.max(Comment.created_at)).where(Comment.thread_id == thread.id, writer, is_dated_right)
    )
    if latest is None or latest <= since:
        return PUBLISH
    seconds = ceil((latest - since).total_seconds())
    return refuse(
        TooFast("This conversation is in slow mode. Please wait a moment.", retry_after=seconds, code="slow")
    )


def _writer(draft: Draft) -> ColumnElement[bool] | None:
    if draft.author is not None:
        return Comment.author_id == draft.author.id
    # Before the transaction that stores it, who is new is not known: their address says nothing of them.
    if draft.bucket is None:
        return None
    # A pause is a day at most: whoever wrote before midnight has yesterday's hash.
    hashes = {**draft.buckets, draft.bucket.day: draft.bucket.hash}
    return or_(*(and_(Comment.bucket_day == day, Comment.bucket == hash) for day, hash in hashes.items()))

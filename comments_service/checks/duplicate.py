"""The author's own exact duplicate: the same words in the same thread."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, bindparam, exists
from sqlalchemy.orm import Session

from ..errors import Conflict
from ..models import WITHDRAWN, Comment
from .draft import PUBLISH, Draft, Verdict, refuse

REMEMBERED = timedelta(days=1)


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses what the author wrote in this thread within a day, unless they took it back."""
    if draft.seen.is_repeated:
        return refuse(Conflict("You have posted this already.", code="duplicate"))
    return PUBLISH


def is_repeated() -> ColumnElement[bool]:
    """Whether the `author` wrote the `fingerprint` in the `thread` `since` then, save as `edited`."""
    return exists().where(
        Comment.thread_id == bindparam("thread"),
        Comment.author_id == bindparam("author"),
        Comment.fingerprint == bindparam("fingerprint"),
        Comment.status != WITHDRAWN,
        Comment.created_at > bindparam("since"),
        Comment.id != bindparam("edited"),
    )

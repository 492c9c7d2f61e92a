"""A closed thread takes no comments."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..errors import Refused
from .draft import PUBLISH, Draft, Verdict, refuse


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses while the thread, or the whole site, is closed; or takes only registered threads."""
    if draft.mode == "closed":
        return refuse(Refused("Comments on this article are closed.", code="closed"))
    if draft.thread is None and draft.policy.threads == "registered":
        return refuse(Refused("This article does not take comments.", code="not_registered"))
    return PUBLISH

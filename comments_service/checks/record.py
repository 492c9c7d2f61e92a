"""An author whose recent comments were mostly turned down."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from ..models import PUBLISHED, REJECTED, SPAM, Comment
from .draft import PUBLISH, Draft, Found, Verdict, hold

RECENT = 10
# Among so many of the author's latest comments: what is longer ago says nothing of them now.
LOOKED_AT = 100
FEWEST_REFUSED = 4

REASON = "Several of your recent comments were not published, so a moderator looks at this one first."


def check(session: Session, draft: Draft) -> Verdict:
    """Holds if of the last ten comments that a moderator decided on, among the author's last hundred, half or
    more, and four at least, were refused. A moderator's trust counts for more."""
    author = draft.author
    if author is None or author.rejected < FEWEST_REFUSED or author.trusted_at:
        return PUBLISH
    statuses = list(session.connection().execute(_decided(), {"author": author.id}).scalars())
    refused = sum(status != PUBLISHED for status in statuses)
    if refused < FEWEST_REFUSED or 2 * refused < len(statuses):
        return PUBLISH
    message = f"Of the author's last {len(statuses)} comments decided on, {refused} were refused."
    return hold(REASON, Found("record", "mostly refused", message, score=refused / len(statuses)))


@cache
def _decided() -> Select[str]:
    """The statuses of the `author`'s newest comments that a person decided on."""
    latest = (
        select(Comment.id, Comment.created_at, Comment.status, Comment.reviewed)
        .where(Comment.author_id == bindparam("author"))
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    return (
        select(latest.c.status)
        .where(latest.c.reviewed, latest.c.status.in_((PUBLISHED, REJECTED, SPAM)))
        .order_by(latest.c.created_at.desc(), latest.c.id.desc())
        .limit(RECENT)
    )

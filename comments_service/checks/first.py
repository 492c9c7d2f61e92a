"""Mode `first`: an author's first comments are read before they appear."""

from __future__ import annotations

from sqlalchemy.orm import Session

from .draft import PUBLISH, Draft, Found, Verdict, hold

ENOUGH_PUBLISHED = 1


def check(session: Session, draft: Draft) -> Verdict:
    """Holds until one comment of the author was published, or a moderator trusts them."""
    if draft.mode != "first":
        return PUBLISH
    author = draft.author
    if author is not None and (author.trusted_at or author.published >= ENOUGH_PUBLISHED):
        return PUBLISH
    found = Found("first", "first", "The author's first comment on this site.")
    return hold("First comments are read by a moderator before they appear.", found)

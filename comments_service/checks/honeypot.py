"""The honeypot: a field that people cannot see and programs fill in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from .draft import PUBLISH, Draft, Found, Verdict, hold


def check(session: Session, draft: Draft) -> Verdict:
    """Holds when the hidden field was filled; never discards, since an odd browser may fill it too."""
    if not draft.subject:
        return PUBLISH
    found = Found("honeypot", "subject", "The hidden field was filled in, as programs do.")
    return hold("A moderator looks at your comment first.", found)

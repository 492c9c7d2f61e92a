"""Mode `premoderated`: a moderator reads every comment before it appears."""

from __future__ import annotations

from sqlalchemy.orm import Session

from .draft import PUBLISH, Draft, Found, Verdict, hold


def check(session: Session, draft: Draft) -> Verdict:
    """Holds everything in a premoderated thread."""
    if draft.mode != "premoderated":
        return PUBLISH
    found = Found("mode", "premoderated", "Every comment in this thread is read first.")
    return hold("A moderator reads comments here before they appear.", found)

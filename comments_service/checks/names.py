"""Names that the site keeps for its staff: only a badge proves who somebody is."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy.orm import Session

from ..text import names
from .draft import PUBLISH, Draft, Found, Verdict, hold


def check(session: Session, draft: Draft) -> Verdict:
    """Holds a comment under a reserved name, however it is spelt."""
    wanted = names.fold(draft.name)
    for reserved in draft.policy.name_reserved:
        if _folded(reserved) == wanted:
            found = Found("names", reserved, f"The name is reserved: {reserved}.")
            return hold("This name is kept for the staff of the site, so a moderator looks first.", found)
    return PUBLISH


@lru_cache(maxsize=4096)
def _folded(reserved: str) -> str:
    return names.fold(reserved)

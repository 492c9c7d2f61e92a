"""Leaves: the JSON of what seldom changes in a comment, made once when it is published."""

from __future__ import annotations

import json
from datetime import datetime

from .. import clock


def leaf(
    *,
    name: str,
    badge: str | None,
    html: str,
    created_at: datetime,
    edited_at: datetime | None,
    revision: int,
) -> bytes:
    """The members of a published comment's JSON that its row does not hold as columns, without braces."""
    members = {
        "name": name,
        "badge": badge,
        "html": html,
        "created_at": clock.rfc3339(created_at),
        "edited_at": clock.rfc3339(edited_at) if edited_at else None,
        "status": "published",
        "revision": revision,
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()

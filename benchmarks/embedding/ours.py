"""Our side: the comments of a seeded thread, and how the widget is embedded."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COMMENTS = """\
SELECT comment.id, root_id, comment.created_at, revision.body, name, ups, downs
FROM comment
JOIN thread ON thread.id = comment.thread_id
JOIN revision ON revision.comment_id = comment.id AND revision.revision = comment.revision
WHERE thread.slug = ? ORDER BY comment.id
"""


def comments(database: Path, slug: str) -> Sequence[Any]:
    """The comments of a thread, oldest first."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(COMMENTS, (slug,)).fetchall()
    connection.close()
    return rows

"""The one look at the database before a judgement: all that must be exact, in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from .. import clock
from ..models import PUBLISHED, Comment, IdempotencyKey
from ..models.comment import BANDS
from ..prepared import Prepared
from ..text.near import NO_BANDS, Bands
from .banned import is_banned
from .draft import AuthorFacts, Seen, ThreadFacts
from .duplicate import REMEMBERED, is_repeated
from .near import LEAST, newest_near

# How many of the values are not `near`.
EXACT = len(Seen._fields) - 1


def look(
    session: Session,
    *,
    site_id: int,
    thread: ThreadFacts | None,
    author: AuthorFacts | None,
    buckets: Mapping[str, bytes],
    fingerprint: bytes,
    edited: int | None = None,
    parent: int | None = None,
    key: str | None = None,
    bands: Bands = NO_BANDS,
) -> Seen:
    """What the database says now of words with this fingerprint in the thread, and of their writer.

    With `bands` it looks for near duplicates on the site as well.
    """
    now = clock.now()
    values: dict[str, Any] = {
        "site": site_id,
        # No row has the id 0: nobody and nowhere.
        "thread": thread.id if thread else 0,
        "author": author.id if author else 0,
        "fingerprint": fingerprint,
        "edited": edited or 0,
        "parent": parent or 0,
        "key": key or "",
        "now": now,
        "since": now - REMEMBERED,
    }
    for number, (day, address) in enumerate(buckets.items()):
        values[f"day{number}"], values[f"address{number}"] = day, address
    has_bands = bands != NO_BANDS
    if has_bands:
        values |= zip(LEAST, bands, strict=True)
    row = _statement(len(buckets), has_bands).one(session.connection(), values)
    near = frozenset(found for found in row[EXACT:] if found is not None)
    return Seen(*row[:EXACT])._replace(near=near)


@cache
def _statement(addresses: int, has_bands: bool) -> Prepared:
    root = select(func.coalesce(Comment.root_id, Comment.id)).where(
        Comment.id == bindparam("parent"),
        Comment.thread_id == bindparam("thread"),
        Comment.status == PUBLISHED,
    )
    statement = select(
        is_banned(addresses),
        is_repeated(),
        root.scalar_subquery(),
        *(_first(column) for column in ("comment_id", "http_status", "payload_hash")),
        *(newest_near(band, least) for band in BANDS for least in LEAST if has_bands),
    )
    return Prepared(statement)


def _first(column: str) -> ColumnElement[Any]:
    of_key = IdempotencyKey.author_id == bindparam("author"), IdempotencyKey.key == bindparam("key")
    return select(getattr(IdempotencyKey, column)).where(*of_key).scalar_subquery()

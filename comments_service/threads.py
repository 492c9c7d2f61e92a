"""Threads: what an editor decides about one, and what happens when its article moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from . import clock, db, publishing, searching
from .errors import Conflict, FieldError, Invalid, NotFound
from .models import Comment, ThreadAlias
from .models import Thread as ThreadRow
from .models.policy import MODES
from .text import slugs

SLOWEST_SECONDS = 86_400
LONGEST_TITLE = 500
LONGEST_URL = 2_000


@dataclass(frozen=True)
class Thread:
    """A thread as moderators see it; `mode` None means the site's."""

    id: int
    slug: str
    aliases: tuple[str, ...]
    title: str | None
    url: str | None
    mode: str | None
    closes_at: datetime | None
    slow_seconds: int
    count: int
    opened_at: datetime | None


def find(session: Session, *, site_id: int, slug: str) -> Thread:
    """The thread of this slug or alias. Raises NotFound, and Invalid for what no slug can be."""
    return _view(session, _row(session, site_id, slugs.normalise(slug)))


def patch(session: Session, *, site_id: int, slug: str, changes: Mapping[str, Any]) -> Thread:
    """Change `mode`, `closes_at`, `slow_seconds`, `title` or `url`; a slug that is new is registered.

    Raises Invalid naming each field that cannot be so; then nothing changes.
    """
    _check(changes)
    row = _registered(session, site_id, slugs.normalise(slug))
    for name, value in changes.items():
        setattr(row, name, value)
    row.opened_at = row.opened_at or clock.now()
    return _touched(session, row)


def move(session: Session, *, site_id: int, slug: str, to: str) -> Thread:
    """Give a thread another slug, or merge it into the thread that has that slug; the old one is an alias.

    Merged comments go to the end of the other thread, in their order. Raises NotFound when there is no
    thread to move, Conflict when it is there already.
    """
    old, new = slugs.normalise(slug), slugs.normalise(to)
    target_id = _id(session, site_id, new)
    source_id = _id(session, site_id, old)
    if source_id is None:
        raise _not_found()
    # Always in the order of their ids, so that two moves never wait for each other.
    rows = {id: _locked(session, id) for id in sorted({source_id, target_id or source_id})}
    source = rows[source_id]
    if source.slug == new:
        raise Conflict("The thread has this slug already.", code="same_slug")
    if target_id is None or target_id == source_id:
        return _rename(session, source, new)
    return _merge(session, source, rows[target_id])


def drop_alias(session: Session, *, site_id: int, slug: str) -> None:
    """Let an old slug lead nowhere again; raises NotFound when it is not an alias of this site."""
    dropped = session.execute(
        delete(ThreadAlias)
        .where(ThreadAlias.site_id == site_id, ThreadAlias.slug == slugs.normalise(slug))
        .returning(ThreadAlias.thread_id)
        .execution_options(synchronize_session=False)
    ).first()
    if dropped is None:
        raise NotFound("There is no such alias.", code="alias_not_found")
    publishing.touch(session, dropped.thread_id)


def _check(changes: Mapping[str, Any]) -> None:
    errors = [
        FieldError(name, "unknown" if name not in CHECKS else "invalid", message)
        for name, value in changes.items()
        if (message := CHECKS.get(name, _unknown)(value)) is not None
    ]
    if errors:
        raise Invalid(*errors)


def _unknown(value: Any) -> str | None:
    return "A thread has no such field."


def _mode(value: Any) -> str | None:
    return None if value is None or value in MODES else f"A mode is one of: {', '.join(MODES)}."


def _closes_at(value: Any) -> str | None:
    aware = isinstance(value, datetime) and value.tzinfo is not None
    return None if value is None or aware else "Give a time with its zone."


def _slow_seconds(value: Any) -> str | None:
    fits = type(value) is int and 0 <= value <= SLOWEST_SECONDS
    return None if fits else f"Give 0 to {SLOWEST_SECONDS} seconds."


def _title(value: Any) -> str | None:
    fits = isinstance(value, str) and len(value) <= LONGEST_TITLE and value.isprintable()
    return None if value is None or fits else f"A title has at most {LONGEST_TITLE} printable characters."


def _url(value: Any) -> str | None:
    return None if value is None or _is_web_address(value) else "Give an http or https address."


def _is_web_address(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_URL or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None


CHECKS = {
    "mode": _mode,
    "closes_at": _closes_at,
    "slow_seconds": _slow_seconds,
    "title": _title,
    "url": _url,
}


def _id(session: Session, site_id: int, slug: str) -> int | None:
    own = select(ThreadRow.id).where(ThreadRow.site_id == site_id, ThreadRow.slug == slug)
    alias = select(ThreadAlias.thread_id).where(ThreadAlias.site_id == site_id, ThreadAlias.slug == slug)
    return session.scalar(own) or session.scalar(alias)


def _row(session: Session, site_id: int, slug: str) -> ThreadRow:
    thread_id = _id(session, site_id, slug)
    row = session.get(ThreadRow, thread_id) if thread_id is not None else None
    if row is None:
        raise _not_found()
    return row


def _locked(session: Session, thread_id: int) -> ThreadRow:
    query = select(ThreadRow).where(ThreadRow.id == thread_id).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:  # merged away while we waited for it
        raise _not_found()
    return row


def _registered(session: Session, site_id: int, slug: str) -> ThreadRow:
    thread_id = _id(session, site_id, slug)
    if thread_id is None:
        fresh = db.insert(session, ThreadRow).values(site_id=site_id, slug=slug, created_at=clock.now())
        session.execute(fresh.on_conflict_do_nothing())
        thread_id = _id(session, site_id, slug)
    assert thread_id is not None
    return _locked(session, thread_id)


def _rename(session: Session, row: ThreadRow, new: str) -> Thread:
    # `new` may be an alias of this very thread: it was renamed before and goes back.
    session.execute(
        delete(ThreadAlias)
        .where(ThreadAlias.thread_id == row.id, ThreadAlias.slug == new)
        .execution_options(synchronize_session=False)
    )
    _add_alias(session, row.site_id, row.slug, row.id)
    row.slug = new
    return _touched(session, row)


def _merge(session: Session, source: ThreadRow, target: ThreadRow) -> Thread:
    # Places keep their distances behind the target's last, so parents still come before replies.
    session.execute(
        update(Comment)
        .where(Comment.thread_id == source.id)
        .values(thread_id=target.id, n=Comment.n + target.last_n)
        .execution_options(synchronize_session=False)
    )
    target.last_n += source.last_n
    target.count += source.count
    target.opened_at = target.opened_at or source.opened_at
    session.execute(
        update(ThreadAlias)
        .where(ThreadAlias.thread_id == source.id)
        .values(thread_id=target.id)
        .execution_options(synchronize_session=False)
    )
    _add_alias(session, source.site_id, source.slug, target.id)
    session.delete(source)
    return _touched(session, target)


def _add_alias(session: Session, site_id: int, slug: str, thread_id: int) -> None:
    session.add(ThreadAlias(site_id=site_id, slug=slug, thread_id=thread_id, created_at=clock.now()))


def _touched(session: Session, row: ThreadRow) -> Thread:
    session.flush()
    searching.keep_threads(session, [row.id])
    publishing.touch(session, row.id)
    session.refresh(row)
    return _view(session, row)


def _view(session: Session, row: ThreadRow) -> Thread:
    aliases = session.scalars(
        select(ThreadAlias.slug).where(ThreadAlias.thread_id == row.id).order_by(ThreadAlias.id)
    )
    return Thread(
        id=row.id,
        slug=row.slug,
        aliases=tuple(aliases),
        title=row.title,
        url=row.url,
        mode=row.mode,
        closes_at=row.closes_at,
        slow_seconds=row.slow_seconds,
        count=row.count,
        opened_at=row.opened_at,
    )


def _not_found() -> NotFound:
    return NotFound("There is no such thread.", code="thread_not_found")

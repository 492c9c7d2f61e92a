"""Finding sites and authors by key, and threads by slug or alias."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Select, Text, bindparam, cast, select
from sqlalchemy.orm import Session

from ..models import Author, Site, Thread, ThreadAlias
from ..prepared import Prepared


def site(session: Session, key: str) -> Site | None:
    """The site with this key, to be read alone: it belongs to no session, and others may hold it too."""
    row = _SITE.first(session.connection(), {"key": key})
    return _site(*row) if row is not None else None


def thread(session: Session, site_id: int, slug: str) -> Thread | None:
    """The thread of a slug, or the one that an alias leads to. The slug is normalised already."""
    found = session.scalars(select(Thread).where(Thread.site_id == site_id, Thread.slug == slug)).first()
    return found if found is not None else session.scalars(_by_alias(site_id, slug)).first()


def author_id(session: Session, site_id: int, key_hash: bytes) -> int | None:
    """The id of the author with this key, if they ever wrote here."""
    return session.scalar(_AUTHOR_ID, {"site": site_id, "key_hash": key_hash})


def _by_alias(site_id: int, slug: str) -> Select[Thread]:
    alias = select(ThreadAlias.thread_id).where(ThreadAlias.site_id == site_id, ThreadAlias.slug == slug)
    return select(Thread).where(Thread.id == alias.scalar_subquery())


@lru_cache(maxsize=64)
def _site(id: int, key: str, name: str, version: int, created_at: datetime, policy: str) -> Site:
    # Every request asks for its site, whose policy may hold ten thousand words.
    return Site(id=id, key=key, name=name, version=version, created_at=created_at, policy=json.loads(policy))


# Built once: building a statement costs as much as running it.
_SITE = Prepared(
    select(*(Site.id, Site.key, Site.name, Site.version, Site.created_at), cast(Site.policy, Text)).where(
        Site.key == bindparam("key")
    )
)
_AUTHOR_ID = select(Author.id).where(
    Author.site_id == bindparam("site"), Author.key_hash == bindparam("key_hash")
)

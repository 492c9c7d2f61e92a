"""The moderators' queues: which comments stand in one, in which order, and what is looked for among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal, select, text, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from .. import clock, searching
from ..db import UtcTime
from ..errors import Invalid, NotFound
from ..models import Comment, Thread, ThreadAlias
from ..models.comment import AWAITS_DECISION, IS_NEW, IS_REPORTED, in_cluster
from ..text import terms
from ..text.terms import Term
from . import cards, cursors
from .cards import QueueRow

QUEUES = ("pending", "reported", "new", "published", "rejected", "spam")
# The literal conditions of the partial indexes, which serve only queries that repeat them.
WHERE = {
    "pending": AWAITS_DECISION,
    "reported": IS_REPORTED,
    "new": IS_NEW,
    "published": "status = 'published'",
    "rejected": "status = 'rejected'",
    "spam": "status = 'spam'",
}
MOST_COUNTED = 1_000
MOST_ROWS = 100
LONGEST_SEARCH = 200
# One index walk for each site, so many in one query: SQLite joins at most 500 selects.
SITES_AT_ONCE = 100
# How much of a queue is looked through for what is wanted before an index of what is wanted is asked.
LOOKED_THROUGH = 500


@dataclass(frozen=True)
class QueuePage:
    """A part of a queue, and the cursor of the next part (None at the end)."""

    rows: tuple[QueueRow, ...]
    next: str | None


class _Place(NamedTuple):
    id: int
    created_at: datetime
    open_reports: int


PLACE = (Comment.id, Comment.created_at, Comment.open_reports)
# All that says whether a comment stands in a queue, and where.
STANDING = (*PLACE, Comment.site_id, Comment.status, Comment.held_revision, Comment.reviewed)


def counts(session: Session, site_ids: Sequence[int]) -> dict[str, int]:
    """How many comments stand in each queue of these sites; 1000 means that many or more."""
    columns = [
        select(func.count())
        .select_from(
            select(literal(1))
            .where(Comment.site_id.in_(site_ids), *_standing_in(queue))
            .limit(MOST_COUNTED)
            .subquery()
        )
        .scalar_subquery()
        .label(queue)
        for queue in QUEUES
    ]
    return dict(session.execute(select(*columns)).one()._mapping)


def page(
    session: Session,
    site_ids: Sequence[int],
    queue: str,
    *,
    slug: str | None = None,
    author: int | None = None,
    cluster: int | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 25,
) -> QueuePage:
    """A part of a queue: the oldest pending first, the most reported first, else the newest first.

    `q` (see `text.terms.asked`) is looked for in the name and text of comments and in the slug and title of
    articles; a search without a word finds nothing. Raises NotFound for no such queue, and Invalid for a
    search too long or a cursor that is not ours.
    """
    if queue not in QUEUES:
        raise NotFound("There is no such queue.", code="queue_not_found")
    if q is not None and len(q) > LONGEST_SEARCH:
        raise Invalid.field("q", "too_long", f"Search for at most {LONGEST_SEARCH} characters.")
    limit = max(1, min(limit, MOST_ROWS))
    part = _Part(session, site_ids, queue, cursor)
    wanted = _Wanted(slug, author, cluster, terms.asked(q) if q and not q.isspace() else None)
    places = part.wanted(wanted, limit + 1) if wanted.is_narrow else part.first(limit + 1)
    more = len(places) > limit
    rows = cards.rows(session, [place.id for place in places[:limit]])
    return QueuePage(tuple(rows), _cursor(queue, places[limit - 1]) if more else None)


class _Wanted(NamedTuple):
    """What a queue is narrowed to; `asked` is None without a search."""

    slug: str | None
    author: int | None
    cluster: int | None
    asked: Sequence[Term] | None

    @property
    def is_narrow(self) -> bool:
        return any(value is not None for value in self)

    def conditions(self, site_ids: Sequence[int]) -> Iterator[ColumnElement[bool]]:
        """All but the search."""
        if self.slug is not None:
            yield Comment.thread_id.in_(_thread_ids(site_ids, self.slug))
        if self.author is not None:
            yield Comment.author_id == self.author
        if self.cluster is not None:
            yield Comment.site_id.in_(site_ids)
            yield in_cluster(self.cluster)


@dataclass(frozen=True)
class _Part:
    """The comments of a queue behind a cursor."""

    session: Session
    site_ids: Sequence[int]
    queue: str
    cursor: str | None

    def first(self, limit: int) -> list[_Place]:
        """The first places, by a walk along each site's index."""
        query = (
            select(*PLACE)
            .where(*_standing_in(self.queue), *_beyond(self.queue, self.cursor))
            .order_by(*_order(self.queue))
            .limit(limit)
        )
        places: list[_Place] = []
        for start in range(0, len(self.site_ids), SITES_AT_ONCE):
            some = self.site_ids[start : start + SITES_AT_ONCE]
            parts = [select(query.where(Comment.site_id == site_id).subquery()) for site_id in some]
            rows = self.session.execute(union_all(*parts) if len(parts) > 1 else parts[0])
            places += (_Place(*row) for row in rows)
        return sorted(places, key=_key(self.queue), reverse=self.queue != "pending")[:limit]

    def wanted(self, wanted: _Wanted, limit: int) -> list[_Place]:
        """The first places of what is wanted.

        What is frequent stands near the beginning of the queue; what is rare is quickly looked up. Neither
        way alone is quick for both.
        """
        if wanted.asked == ():
            return []
        size = max(limit, LOOKED_THROUGH // max(1, len(self.site_ids)))
        begun = self.first(size)
        fitting = self._fitting(wanted, [place.id for place in begun])
        places = [place for place in begun if place.id in fitting]
        if len(places) < limit and len(begun) == size:
            return self._looked_up(wanted, limit)
        return places[:limit]

    def _fitting(self, wanted: _Wanted, ids: Sequence[int]) -> set[int]:
        query = select(Comment.id).where(Comment.id.in_(ids), *wanted.conditions(self.site_ids))
        if wanted.asked is not None:
            query = searching.with_words(query).where(searching.hold(self.session, wanted.asked))
        return set(self.session.scalars(query))

    def _looked_up(self, wanted: _Wanted, limit: int) -> list[_Place]:
        conditions = [*wanted.conditions(self.site_ids)]
        if wanted.asked is not None:
            conditions.append(searching.holders(self.session, wanted.asked))
        # Materialized, the planner cannot walk the queue after all.
        found = select(*STANDING).where(*conditions).cte("found").prefix_with("MATERIALIZED")
        of = aliased(Comment, found)
        query = (
            select(of.id, of.created_at, of.open_reports)
            .where(of.site_id.in_(self.site_ids), *_standing_in(self.queue, of))
            .where(*_beyond(self.queue, self.cursor, of))
            .order_by(*_order(self.queue, of))
            .limit(limit)
        )
        return [_Place(*row) for row in self.session.execute(query)]


def _standing_in(queue: str, of: type[Comment] = Comment) -> list[ColumnElement[bool]]:
    conditions: list[Any] = [text(f"({WHERE[queue]})")]
    if queue == "new":
        conditions.append(of.held_revision.is_(None))  # these stand in `pending`
    return conditions


def _thread_ids(site_ids: Sequence[int], slug: str) -> Any:
    return union_all(
        select(Thread.id).where(Thread.site_id.in_(site_ids), Thread.slug == slug),
        select(ThreadAlias.thread_id).where(ThreadAlias.site_id.in_(site_ids), ThreadAlias.slug == slug),
    )


def _order(queue: str, of: type[Comment] = Comment) -> tuple[ColumnElement[Any], ...]:
    if queue == "pending":
        return (of.created_at.asc(), of.id.asc())
    elif queue == "reported":
        return (of.open_reports.desc(), of.created_at.desc(), of.id.desc())
    else:
        return (of.created_at.desc(), of.id.desc())


def _key(queue: str) -> Any:
    if queue == "reported":
        return lambda place: (place.open_reports, place.created_at, place.id)
    return lambda place: (place.created_at, place.id)


def _cursor(queue: str, last: _Place) -> str:
    created = clock.microseconds(last.created_at)
    if queue == "reported":
        return cursors.make(queue, last.open_reports, created, last.id)
    return cursors.make(queue, created, last.id)


def _beyond(queue: str, cursor: str | None, of: type[Comment] = Comment) -> Iterator[ColumnElement[bool]]:
    if not cursor:
        return
    *reports, created, comment_id = cursors.places(cursor, queue, 3 if queue == "reported" else 2)
    moment = literal(cursors.moment(created), UtcTime)
    if queue == "pending":
        yield tuple_(of.created_at, of.id) > tuple_(moment, comment_id)
    elif reports:
        yield tuple_(of.open_reports, of.created_at, of.id) < tuple_(reports[0], moment, comment_id)
    else:
        yield tuple_(of.created_at, of.id) < tuple_(moment, comment_id)

"""The moderators' read side: queues with all that a decision needs, and the whole of one comment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    exists,
    func,
    literal,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from .. import clock, searching
from ..db import UtcTime
from ..errors import Invalid, NotFound
from ..models import (
    Author,
    Comment,
    Decision,
    DecisionNote,
    Evidence,
    Moderator,
    Report,
    Revision,
    Site,
    Thread,
    ThreadAlias,
)
from ..models.comment import AWAITS_DECISION, IS_NEW, IS_REPORTED, in_cluster
from ..text import terms
from ..text.terms import Term
from . import cursors

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
RECENT_STATES = 14
EXCERPT = 200
# One index walk for each site, so many in one query: SQLite joins at most 500 selects.
SITES_AT_ONCE = 100
# How much of a queue is looked through for what is wanted before an index of what is wanted is asked.
LOOKED_THROUGH = 500


@dataclass(frozen=True)
class Parent:
    """What a reply answers, with the beginning of its text."""

    id: int
    name: str
    status: str
    body: str
    created_at: datetime


@dataclass(frozen=True)
class Record:
    """What is known of an author; `recent` are the states of the latest comments, oldest first."""

    id: int
    published: int
    rejected: int
    first_seen: datetime
    recent: tuple[str, ...]
    trusted: bool


@dataclass(frozen=True)
class Finding:
    """What a check found in the judged revision; `start` and `end` count characters of the body."""

    check: str
    rule: str
    start: int | None
    end: int | None
    score: float | None
    message: str


@dataclass(frozen=True)
class Complaint:
    """A reader's report; `closed_at` is set once a decision answered it."""

    id: int
    revision: int
    reason: str
    text: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class Decided:
    """A row of the log about this comment; `by` is a name or "software"."""

    id: int
    seq: int
    revision: int
    action: str
    reason: str | None
    note: str
    by: str
    reverses: int | None
    before_status: str
    after_status: str
    trusts: bool
    created_at: datetime
    hash: str


@dataclass(frozen=True)
class Version:
    """One revision of a comment's text."""

    revision: int
    body: str
    html: str
    created_at: datetime


@dataclass(frozen=True)
class QueueRow:
    """A comment with all that a decision needs; `status`, `revision` and `body` are those to be judged.

    `cluster` is the number of its cluster of near duplicates, of which it may be the only one.
    """

    id: int
    site_key: str
    site_name: str
    slug: str
    title: str | None
    url: str | None
    parent: Parent | None
    name: str
    badge: str | None
    author: Record | None
    body: str
    html: str
    status: str
    revision: int
    public_revision: int | None
    created_at: datetime
    edited_at: datetime | None
    score: int
    evidence: tuple[Finding, ...]
    reports: tuple[Complaint, ...]
    last_decision: Decided | None
    reason: str | None
    cluster: int


@dataclass(frozen=True)
class QueuePage:
    """A part of a queue, and the cursor of the next part (None at the end)."""

    rows: tuple[QueueRow, ...]
    next: str | None


@dataclass(frozen=True)
class Card(QueueRow):
    """A row with everything else about its comment: `reports` are the open ones, `all_reports` all."""

    revisions: tuple[Version, ...]
    all_reports: tuple[Complaint, ...]
    decisions: tuple[Decided, ...]


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
    rows = _rows(session, [place.id for place in places[:limit]])
    return QueuePage(tuple(rows), _cursor(queue, places[limit - 1]) if more else None)


def card(session: Session, site_ids: Sequence[int], comment_id: int) -> Card | None:
    """Everything about one comment; None when these sites have no such comment."""
    known = exists().where(Comment.id == comment_id, Comment.site_id.in_(site_ids))
    rows = _rows(session, [comment_id]) if session.scalar(select(known)) else []
    if not rows:
        return None
    reports = session.execute(_reports().where(Report.comment_id == comment_id))
    decisions = session.execute(_decisions().where(Decision.comment_id == comment_id).order_by(Decision.seq))
    return Card(
        **vars(rows[0]),
        revisions=versions(session, comment_id),
        all_reports=tuple(_complaint(row) for row in reports),
        decisions=tuple(_decided(row) for row in decisions),
    )


def versions(session: Session, comment_id: int) -> tuple[Version, ...]:
    """All revisions of a comment, the first first."""
    rows = session.execute(
        select(Revision.revision, Revision.body, Revision.html, Revision.created_at)
        .where(Revision.comment_id == comment_id)
        .order_by(Revision.revision)
    )
    return tuple(Version(*row) for row in rows)


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


def _judged() -> ColumnElement[int]:
    return func.coalesce(Comment.held_revision, Comment.revision)


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
    try:
        moment = literal(clock.from_microseconds(created), UtcTime)
    except OverflowError as error:
        raise Invalid.field("cursor", "invalid", "This cursor is not one of ours.") from error
    if queue == "pending":
        yield tuple_(of.created_at, of.id) > tuple_(moment, comment_id)
    elif reports:
        yield tuple_(of.open_reports, of.created_at, of.id) < tuple_(reports[0], moment, comment_id)
    else:
        yield tuple_(of.created_at, of.id) < tuple_(moment, comment_id)


def _rows(session: Session, ids: Sequence[int]) -> list[QueueRow]:
    """The rows of these comments, in this order, by as many queries however many they are."""
    found = {row.Comment.id: row for row in session.execute(_whole_rows().where(Comment.id.in_(ids)))}
    evidence = _evidence(session, ids)
    reports = _open_reports(session, ids)
    decisions = _last_decisions(session, ids)
    recent = _recent_states(session, {row.Comment.author_id for row in found.values()} - {None})
    return [
        _queue_row(
            found[id],
            evidence=tuple(evidence[id]),
            reports=tuple(reports[id]),
            last_decision=decisions.get(id),
            recent=tuple(recent[found[id].Comment.author_id]),
        )
        for id in ids
        if id in found
    ]


@cache
def _whole_rows() -> Select[*tuple[Any, ...]]:
    parent, parent_text = aliased(Comment), aliased(Revision)
    return (
        select(
            Comment,
            Revision.body,
            Revision.html,
            Revision.created_at.label("written_at"),
            Site.key.label("site_key"),
            Site.name.label("site_name"),
            Thread.slug,
            Thread.title,
            Thread.url,
            Author,
            parent.name.label("parent_name"),
            parent.status.label("parent_status"),
            parent.created_at.label("parent_created_at"),
            func.substr(parent_text.body, 1, EXCERPT + 1).label("parent_body"),
        )
        .join(Site, Site.id == Comment.site_id)
        .join(Thread, Thread.id == Comment.thread_id)
        # A withdrawn comment loses its text after a while, and its card goes on without.
        .outerjoin(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == _judged()))
        .outerjoin(Author, Author.id == Comment.author_id)
        .outerjoin(parent, parent.id == Comment.parent_id)
        .outerjoin(
            parent_text,
            and_(parent_text.comment_id == parent.id, parent_text.revision == parent.revision),
        )
    )


def _queue_row(
    row: Row[*tuple[Any, ...]],
    *,
    evidence: tuple[Finding, ...],
    reports: tuple[Complaint, ...],
    last_decision: Decided | None,
    recent: tuple[str, ...],
) -> QueueRow:
    comment: Comment = row.Comment
    return QueueRow(
        id=comment.id,
        site_key=row.site_key,
        site_name=row.site_name,
        slug=row.slug,
        title=row.title,
        url=row.url,
        parent=_parent(comment, row),
        name=comment.name,
        badge=comment.badge,
        author=_record(row.Author, recent),
        body=row.body or "",
        html=row.html or "",
        status=comment.judged_status,
        revision=comment.judged_revision,
        public_revision=comment.revision if comment.status == "published" else None,
        created_at=comment.created_at,
        edited_at=row.written_at if comment.judged_revision > 1 else None,
        score=comment.score,
        evidence=evidence,
        reports=reports,
        last_decision=last_decision,
        reason=comment.reason,
        cluster=comment.cluster,
    )


def _parent(comment: Comment, row: Row[*tuple[Any, ...]]) -> Parent | None:
    if comment.parent_id is None:
        return None
    body = _excerpt(row.parent_body or "")
    return Parent(comment.parent_id, row.parent_name, row.parent_status, body, row.parent_created_at)


def _excerpt(text: str) -> str:
    if len(text) <= EXCERPT:
        return text
    words = text[:EXCERPT].rsplit(maxsplit=1)  # the last one may be a part of a longer one
    return (words[0] if len(words) > 1 else text[: EXCERPT - 1]) + "…"


def _record(author: Author | None, recent: tuple[str, ...]) -> Record | None:
    if author is None:
        return None
    trusted = author.trusted_at is not None
    return Record(author.id, author.published, author.rejected, author.created_at, recent, trusted)


def _evidence(session: Session, ids: Sequence[int]) -> Mapping[int, list[Finding]]:
    columns = (Evidence.check, Evidence.rule, Evidence.start, Evidence.end, Evidence.score, Evidence.message)
    found: dict[int, list[Finding]] = defaultdict(list)
    query = (
        select(Evidence.comment_id, *columns)
        .join(Comment, and_(Comment.id == Evidence.comment_id, Evidence.revision == _judged()))
        .where(Evidence.comment_id.in_(ids))
        .order_by(Evidence.id)
    )
    for row in session.execute(query):
        found[row[0]].append(Finding(*row[1:]))
    return found


def _open_reports(session: Session, ids: Sequence[int]) -> Mapping[int, list[Complaint]]:
    found: dict[int, list[Complaint]] = defaultdict(list)
    for row in session.execute(_reports().where(Report.comment_id.in_(ids), Report.closed_at.is_(None))):
        found[row.comment_id].append(_complaint(row))
    return found


def _reports() -> Select[*tuple[Any, ...]]:
    return select(
        Report.comment_id,
        Report.id,
        Report.revision,
        Report.reason,
        Report.text,
        Report.created_at,
        Report.closed_at,
    ).order_by(Report.id)


def _complaint(row: Row[*tuple[Any, ...]]) -> Complaint:
    return Complaint(*row[1:])


def _last_decisions(session: Session, ids: Sequence[int]) -> Mapping[int, Decided]:
    # The log has one chain per site, and a comment belongs to one site: the highest seq is the latest.
    latest = (
        select(Decision.comment_id, func.max(Decision.seq).label("seq"))
        .where(Decision.comment_id.in_(ids))
        .group_by(Decision.comment_id)
        .subquery()
    )
    query = _decisions().join(
        latest, and_(latest.c.comment_id == Decision.comment_id, latest.c.seq == Decision.seq)
    )
    return {row.Decision.comment_id: _decided(row) for row in session.execute(query)}


def _decisions() -> Select[*tuple[Any, ...]]:
    return (
        select(Decision, DecisionNote.note, Moderator.name)
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .outerjoin(Moderator, Moderator.id == Decision.moderator_id)
    )


def _decided(row: Row[*tuple[Any, ...]]) -> Decided:
    decision: Decision = row.Decision
    return Decided(
        id=decision.id,
        seq=decision.seq,
        revision=decision.revision,
        action=decision.action,
        reason=decision.reason,
        note=row.note or "",
        by=row.name or "software",
        reverses=decision.reverses,
        before_status=decision.before_status,
        after_status=decision.after_status,
        trusts=decision.trusts,
        created_at=decision.created_at,
        hash=decision.hash.hex(),
    )


def _recent_states(session: Session, author_ids: Iterable[int]) -> Mapping[int | None, list[str]]:
    """The states of each author's latest comments, oldest first, however many they wrote."""
    latest = (
        select(Comment.status)
        .where(Comment.author_id == Author.id)
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(RECENT_STATES)
        .correlate(Author)
        .subquery()
    )
    # Both databases join what a sorted subquery gives in its order.
    states = select(func.aggregate_strings(latest.c.status, " ")).scalar_subquery()
    query = select(Author.id, states).where(Author.id.in_(list(author_ids)))
    found: dict[int | None, list[str]] = defaultdict(list)
    for author_id, joined in session.execute(query):
        found[author_id] = (joined or "").split()[::-1]
    return found

"""A cluster of near duplicates that waits, shown once and decided together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import Row, and_, case, func, select, text
from sqlalchemy.orm import Session

from ...models import PENDING, PUBLISHED, WITHDRAWN, Comment, Revision, Thread
from ...models.comment import AWAITS_DECISION, in_cluster
from . import phrases
from .variants import Piece, pieces

MOST_MEMBERS = 100  # as many as one form may decide
SLOT = Markup('<span class="varies">{}<b title="versions"><span class="unseen">, one of </span>{}</b></span>')
NAMED = 5  # versions that are spelled out
BARS = 18
LINE_CHARACTERS = 160


@dataclass(frozen=True)
class Member:
    """One of the copies."""

    id: int
    item: str
    name: str
    line: str
    article: str
    created_at: datetime


@dataclass(frozen=True)
class Slot:
    """A place where the copies differ: what the first one has there, other versions, how many more."""

    versions: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class Group:
    """What a moderator needs to decide on all copies at once; `bars` count them over their time."""

    members: list[Member]
    paragraphs: list[Markup]
    slots: list[Slot]
    names: int
    networks: int
    articles: int
    public: int
    bars: list[int]
    tallest: int

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self.members)

    @property
    def first(self) -> datetime:
        """When the first came."""
        return self.members[0].created_at

    @property
    def last(self) -> datetime:
        """When the last came."""
        return self.members[-1].created_at

    @property
    def ids(self) -> set[int]:
        """The comments in it."""
        return {member.id for member in self.members}


def of(session: Session, site_key: str, comment_id: int) -> Group | None:
    """The comment's cluster, the oldest first; None unless at least two of it wait."""
    comment = session.get_one(Comment, comment_id)
    ours = (Comment.site_id == comment.site_id, in_cluster(comment.cluster))
    rows = session.execute(_waiting().where(*ours)).all()
    if len(rows) < 2 or comment_id not in {row.id for row in rows}:
        return None
    found = pieces([row.body for row in rows])
    bars = _bars([row.created_at for row in rows])
    return Group(
        members=[_member(row, site_key) for row in rows],
        paragraphs=_paragraphs(found),
        slots=[_slot(piece) for piece in found if piece.versions],
        names=len({row.name for row in rows}),
        networks=len({(row.bucket_day, row.bucket) for row in rows if row.bucket}),
        articles=len({row.slug for row in rows}),
        public=session.scalar(select(func.count()).where(*ours, Comment.status == PUBLISHED)) or 0,
        bars=bars,
        tallest=max(bars),
    )


def others(session: Session, site_id: int, cluster: int, comment_id: int) -> dict[str, int]:
    """How many of the cluster stand in which queue, but for the comment itself."""
    ours = (Comment.site_id == site_id, in_cluster(cluster), Comment.id != comment_id)
    judged = case((text(f"({AWAITS_DECISION})"), PENDING), else_=Comment.status)
    query = select(judged, func.count()).where(*ours, judged != WITHDRAWN).group_by(judged).order_by(judged)
    return {row[0]: row[1] for row in session.execute(query)}


def _waiting() -> Any:
    judged = func.coalesce(Comment.held_revision, Comment.revision)
    return (
        select(
            *(Comment.id, Comment.name, Comment.created_at, Comment.bucket_day, Comment.bucket),
            *(judged.label("revision"), Revision.body, Thread.slug, Thread.title),
        )
        .join(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == judged))
        .join(Thread, Thread.id == Comment.thread_id)
        .where(text(f"({AWAITS_DECISION})"))
        .order_by(Comment.created_at, Comment.id)
        .limit(MOST_MEMBERS)
    )


def _member(row: Row[*tuple[Any, ...]], site_key: str) -> Member:
    line = " ".join(row.body[: 2 * LINE_CHARACTERS].split())[:LINE_CHARACTERS]
    item = f"{site_key}/{row.id}/{row.revision}/{PENDING}"
    return Member(row.id, item, row.name, line, row.title or row.slug, row.created_at)


def _paragraphs(found: Sequence[Piece]) -> list[Markup]:
    """The text with each place that varies marked and numbered."""
    texts = [Markup("")]
    for piece in found:
        if piece.versions:
            texts[-1] += SLOT.format(piece.text, len(piece.versions))
            continue
        first, *rest = piece.text.split("\n\n")
        texts[-1] += escape(first)
        texts += [escape(one) for one in rest]
    return [one for one in texts if one.strip()]


def _slot(piece: Piece) -> Slot:
    return Slot(piece.versions[:NAMED], max(0, len(piece.versions) - NAMED))


def _bars(moments: Sequence[datetime]) -> list[int]:
    """How many came in each of equal stretches of their time."""
    span = (moments[-1] - moments[0]).total_seconds() or 1.0
    counts = [0] * BARS
    for moment in moments:
        counts[min(BARS - 1, int(BARS * (moment - moments[0]).total_seconds() / span))] += 1
    return counts


def strip(group: Group) -> tuple[str, Markup]:
    """What the strip above the card says."""
    return (
        f"{group.count} comments, nearly one text:",
        Markup("the first came {}, the last {}.").format(
            phrases.when_at(group.first), phrases.when_at(group.last)
        ),
    )

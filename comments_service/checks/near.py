"""Near duplicates: a text that was nearly said before, by anybody, under any article of the site."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from .. import clock
from ..models import PUBLISHED, SPAM, Comment, Decision, Revision
from ..models.comment import BANDS
from ..prepared import Prepared
from ..text import near
from .draft import PUBLISH, Draft, Found, Verdict

CONDEMNED = timedelta(days=1)
# How the bands that are looked for are bound, and the comments that are found by them.
LEAST = ("least_1", "least_2", "least_3")
_IDS = tuple(f"near_{number}" for number in range(len(BANDS) * len(LEAST)))

REASON = "It is much like another comment, so a moderator looks at it first."


def check(session: Session, draft: Draft) -> Verdict:
    """Holds a near duplicate; discards it when a moderator condemned its cluster as spam within a day."""
    likest = _likest(session, draft)
    if likest is None:
        return PUBLISH
    likeness, comment, cluster = likest
    message = f"It is nearly the same text as comment {comment} ({likeness:.0%} alike)."
    found = Found("near", f"cluster {cluster}", message, score=likeness)
    if _is_condemned(session, draft.site_id, cluster):
        why = "A moderator condemned texts like this one as spam within the last day."
        condemned = Found("near", "condemned", why)
        return Verdict("discard", REASON, (found, condemned), cluster=cluster)
    return Verdict("hold", REASON, (found,), cluster=cluster)


def newest_near(band: str, least: str) -> ColumnElement[int | None]:
    """The newest comment of the `site` with the value `least` in that column, save as `edited`."""
    column = getattr(Comment, band)
    return (
        select(func.max(Comment.id))
        .where(Comment.site_id == bindparam("site"), column == bindparam(least))
        .where(Comment.id != bindparam("edited"))
        .scalar_subquery()
    )


def _likest(session: Session, draft: Draft) -> tuple[float, int, int] | None:
    """The likeness, number and cluster of the comment that the text resembles most; None if none enough."""
    if not draft.seen.near:
        return None
    ours = near.pairs(draft.body)
    # No comment has the id 0.
    ids = dict.fromkeys(_IDS, 0) | dict(zip(_IDS, draft.seen.near, strict=False))
    rows = _bodies().rows(session.connection(), {"site": draft.site_id, **ids})
    alike = [(near.likeness(ours, near.pairs(body)), id, cluster) for id, cluster, body in rows]
    return max((one for one in alike if one[0] >= near.ALIKE), default=None)


@cache
def _bodies() -> Prepared:
    newest = func.coalesce(Comment.held_revision, Comment.revision)
    statement = (
        select(Comment.id, func.coalesce(Comment.cluster_id, Comment.id), Revision.body)
        .join(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == newest))
        .where(Comment.site_id == bindparam("site"), Comment.id.in_([bindparam(id) for id in _IDS]))
    )
    return Prepared(statement)


def _is_condemned(session: Session, site_id: int, cluster: int) -> bool:
    values = {"site": site_id, "cluster": cluster, "since": clock.now() - CONDEMNED}
    return bool(session.connection().execute(_condemned(), values).scalar())


@cache
def _condemned() -> Select[Any]:
    """Whether a person decided spam on one of the cluster `since` then, and nobody approved another."""
    members = and_(
        Comment.site_id == bindparam("site"),
        or_(Comment.id == bindparam("cluster"), Comment.cluster_id == bindparam("cluster")),
        Comment.reviewed,
    )
    by_person = exists().where(
        Decision.comment_id == Comment.id,
        Decision.site_id == bindparam("site"),
        Decision.action == SPAM,
        Decision.moderator_id.is_not(None),
        Decision.created_at > bindparam("since"),
    )
    return select(
        and_(
            exists().where(members, Comment.status == SPAM, by_person),
            ~exists().where(members, Comment.status == PUBLISHED),
        )
    )

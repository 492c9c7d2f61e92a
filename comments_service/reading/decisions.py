"""Decisions as people read them: a site's log, and what was decided on a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from ..models import Decision, DecisionNote, Moderator
from . import cursors


@dataclass(frozen=True)
class Decided:
    """A row of the decision log as people read it; `by` is a name or "software"."""

    id: int
    seq: int
    comment: int
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


def logged(
    session: Session, *, site_id: int, cursor: str | None = None, limit: int = 50
) -> tuple[list[Decided], str | None]:
    """A page of the site's decision log, newest first, and the cursor of the next page.

    Raises Invalid for a cursor that is not ours.
    """
    query = _rows().where(Decision.site_id == site_id).order_by(Decision.seq.desc()).limit(limit + 1)
    if cursor:
        query = query.where(Decision.seq < cursors.places(cursor, "log", 1)[0])
    rows = [_decided(row) for row in session.execute(query)]
    more = len(rows) > limit
    return rows[:limit], cursors.make("log", rows[limit - 1].seq) if more else None


def on(session: Session, comment_id: int) -> tuple[Decided, ...]:
    """All decisions on a comment, the first first."""
    query = _rows().where(Decision.comment_id == comment_id).order_by(Decision.seq)
    return tuple(_decided(row) for row in session.execute(query))


def last(session: Session, comment_ids: Sequence[int]) -> Mapping[int, Decided]:
    """The latest decision on each of these comments that has one."""
    # The log has one chain per site, and a comment belongs to one site: the highest seq is the latest.
    latest = (
        select(Decision.comment_id, func.max(Decision.seq).label("seq"))
        .where(Decision.comment_id.in_(comment_ids))
        .group_by(Decision.comment_id)
        .subquery()
    )
    query = _rows().join(
        latest, and_(latest.c.comment_id == Decision.comment_id, latest.c.seq == Decision.seq)
    )
    return {row.Decision.comment_id: _decided(row) for row in session.execute(query)}


def _rows() -> Select[*tuple[Any, ...]]:
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
        comment=decision.comment_id,
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

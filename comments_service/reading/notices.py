"""Notices of illegal content, as moderators read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..models import Notice, Report


@dataclass(frozen=True)
class Noticed:
    """One notice; `name`, `email` and `text` are empty once they were erased.

    `report` is the report it raised. `decision` answered both, at `closed_at`.
    """

    id: int
    comment: int
    report: int
    revision: int
    text: str
    name: str
    email: str
    created_at: datetime
    closed_at: datetime | None
    decision: int | None


def on(session: Session, comment_ids: Collection[int]) -> Mapping[int, list[Noticed]]:
    """The notices on each of these comments, oldest first; an empty list for those without."""
    query = (
        select(
            *(Notice.id, Report.comment_id, Report.id, Notice.revision, Notice.text, Notice.name),
            *(Notice.email, Notice.created_at, Report.closed_at, Report.decision_id),
        )
        .join(Report, Report.id == Notice.report_id)
        .where(Report.comment_id.in_(comment_ids))
        .order_by(Notice.id)
    )
    found: dict[int, list[Noticed]] = defaultdict(list)
    for row in session.execute(query):
        notice = Noticed(*tuple(row))
        found[notice.comment].append(notice)
    return found

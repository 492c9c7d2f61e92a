"""Figures of a period: how much was decided, why, by whom or what, and how long it waited."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Float, Select, case, extract, func, select, text
from sqlalchemy.orm import Session, aliased

from ..errors import Invalid
from ..models import Comment, Decision, Notice, Report, Site
from ..models.comment import AWAITS_DECISION, IS_REPORTED
from ..models.decision import ACTIONS, DISCARD, HOLD

LONGEST_PERIOD = timedelta(days=400)
SECONDS_A_DAY = 86_400
# So many waits tell the median of millions to a hundredth.
SAMPLE = 20_000


@dataclass(frozen=True)
class Figures:
    """What was decided from `since` until before `until`, and how much waits now.

    `actions` and `reasons` map words to counts, the most frequent first; a reversed decision counts, and so
    does its reversal. `median_seconds` and `p90_seconds` say how long what people decided had waited, since
    software held it or somebody reported it first; None when nothing had. Of more than 20,000 decisions an
    even sample is looked at. `notices` came in that time.
    """

    since: datetime
    until: datetime
    by_people: int
    by_software: int
    actions: dict[str, int]
    reasons: dict[str, int]
    median_seconds: float | None
    p90_seconds: float | None
    notices: int
    pending: int
    reported: int


def of(session: Session, site_id: int, since: datetime, until: datetime) -> Figures:
    """The figures of one site. Raises Invalid for a period that is empty or longer than 400 days."""
    if not since < until:
        raise Invalid.field("to", "past", "The period ends before it begins.")
    if until - since > LONGEST_PERIOD:
        raise Invalid.field("to", "too_long", f"A period has at most {LONGEST_PERIOD.days} days.")
    in_period = (Decision.site_id == site_id, Decision.created_at >= since, Decision.created_at < until)
    actions: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    makers: Counter[bool] = Counter()
    by_software = Decision.moderator_id.is_(None)
    columns = (Decision.action, Decision.reason, by_software)
    for action, reason, software, count in session.execute(
        select(*columns, func.count()).where(*in_period).group_by(*columns)
    ):
        actions[action] += count
        makers[bool(software)] += count
        if reason is not None:
            reasons[reason] += count
    median, ninetieth = _waits(session, in_period, makers[False])
    return Figures(
        since=since,
        until=until,
        by_people=makers[False],
        by_software=makers[True],
        actions=dict(actions.most_common()),
        reasons=dict(reasons.most_common()),
        median_seconds=median,
        p90_seconds=ninetieth,
        notices=_notices(session, site_id, since, until),
        pending=_standing(session, site_id, AWAITS_DECISION),
        reported=_standing(session, site_id, IS_REPORTED),
    )


class Waiting(NamedTuple):
    """How many comments of a site wait for a moderator, and since when the oldest of them."""

    site: str
    comments: int
    oldest: datetime | None


def waiting(session: Session) -> list[Waiting]:
    """What waits on every site now, by its key."""
    query = (
        select(Site.key, func.count(Comment.id), func.min(Comment.created_at))
        .select_from(Site)
        .outerjoin(Comment, (Comment.site_id == Site.id) & text(f"({AWAITS_DECISION})"))
        .group_by(Site.key)
        .order_by(Site.key)
    )
    return [Waiting(*row) for row in session.execute(query)]


def _waits(
    session: Session, in_period: tuple[ColumnElement[bool], ...], count: int
) -> tuple[float | None, float | None]:
    """The median and the ninetieth percentile of about `count` waits, by nearest rank, in seconds."""
    if count > SAMPLE:
        # Hashes are as good as dice, and fall the same way each time.
        in_period = (*in_period, Decision.hash < (SAMPLE * 2**32 // count).to_bytes(4, "big"))
    waits = _began(in_period).subquery()
    wait = _seconds(session, waits.c.decided, waits.c.began)
    ranked = (
        select(
            wait.label("wait"),
            func.row_number().over(order_by=wait).label("rank"),
            func.count().over().label("count"),
        )
        .where(waits.c.began.is_not(None))
        .subquery()
    )
    median, ninetieth = (ranked.c.count + 1) // 2, (ranked.c.count * 9 + 9) // 10
    query = select(ranked.c.wait).where(ranked.c.rank.in_((median, ninetieth))).order_by(ranked.c.rank)
    found = session.scalars(query).all()
    return (found[0], found[-1]) if found else (None, None)


def _began(in_period: tuple[ColumnElement[bool], ...]) -> Select[datetime, datetime | None]:
    """When each decision of a person was made, and when its comment began to wait for it."""
    before = aliased(Decision)
    held = (
        select(case((before.action.in_((HOLD, DISCARD)), before.created_at)))
        .where(before.comment_id == Decision.comment_id, before.seq < Decision.seq)
        .order_by(before.seq.desc())
        .limit(1)
        .correlate(Decision)
        .scalar_subquery()
    )
    reported = (
        select(func.min(Report.created_at))
        .where(Report.decision_id == Decision.id)
        .correlate(Decision)
        .scalar_subquery()
    )
    return select(Decision.created_at.label("decided"), func.coalesce(held, reported).label("began")).where(
        *in_period, Decision.moderator_id.is_not(None), Decision.action.in_(ACTIONS)
    )


def _seconds(session: Session, later: Any, earlier: Any) -> ColumnElement[float]:
    if session.get_bind().dialect.name == "postgresql":
        return extract("epoch", later - earlier).cast(Float)
    return (func.julianday(later) - func.julianday(earlier)) * SECONDS_A_DAY


def _notices(session: Session, site_id: int, since: datetime, until: datetime) -> int:
    query = (
        select(func.count(Notice.id))
        .join(Report, Report.id == Notice.report_id)
        .join(Comment, Comment.id == Report.comment_id)
        .where(Comment.site_id == site_id, Notice.created_at >= since, Notice.created_at < until)
    )
    return session.scalar(query) or 0


def _standing(session: Session, site_id: int, condition: str) -> int:
    query = (
        select(func.count()).select_from(Comment).where(Comment.site_id == site_id, text(f"({condition})"))
    )
    return session.scalar(query) or 0

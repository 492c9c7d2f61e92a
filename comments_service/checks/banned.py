"""A banned author, or anybody at a banned address, may not write."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from .. import clock
from ..errors import Refused
from ..models import Ban
from .draft import PUBLISH, Draft, Verdict, refuse


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses while a ban of the author or of the address is active."""
    targets: list[ColumnElement[bool]] = [
        and_(Ban.bucket_day == day, Ban.bucket == hashed) for day, hashed in draft.buckets.items()
    ]
    if draft.author is not None:
        targets.append(Ban.author_id == draft.author.id)
    if targets and session.scalar(select(exists().where(active(draft.site_id), or_(*targets)))):
        return refuse(Refused("You cannot comment on this site at present.", code="banned"))
    return PUBLISH


def active(site_id: int) -> ColumnElement[bool]:
    """The condition of a ban that is in force on the site now."""
    unexpired = or_(Ban.expires_at.is_(None), Ban.expires_at > clock.now())
    return and_(Ban.site_id == site_id, Ban.lifted_at.is_(None), unexpired)

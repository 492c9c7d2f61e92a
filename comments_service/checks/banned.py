"""A banned author, or anybody at a banned address, may not write."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_
from sqlalchemy.orm import Session

from ..errors import Refused
from ..models import Ban
from .draft import PUBLISH, Draft, Verdict, refuse


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses while a ban of the author or of the address is active."""
    if draft.seen.is_banned:
        return refuse(Refused("You cannot comment on this site at present.", code="banned"))
    return PUBLISH


def is_banned(addresses: int) -> ColumnElement[bool]:
    """Whether a ban is in force, of the `author` or of any of so many pairs (`day0`, `address0`), ..."""
    targets: list[ColumnElement[bool]] = [Ban.author_id == bindparam("author")]
    targets += [
        and_(Ban.bucket_day == bindparam(f"day{number}"), Ban.bucket == bindparam(f"address{number}"))
        for number in range(addresses)
    ]
    # A question for each, so that each finds its index.
    return or_(*(exists().where(_is_in_force(), target) for target in targets))


def _is_in_force() -> ColumnElement[bool]:
    unexpired = or_(Ban.expires_at.is_(None), Ban.expires_at > bindparam("now"))
    return and_(Ban.site_id == bindparam("site"), Ban.lifted_at.is_(None), unexpired)

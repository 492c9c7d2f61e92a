"""Keeping an author or an address from writing on a site, for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import Session

from . import clock, models
from .errors import CommentNotFound, Invalid, NotFound
from .identity import DAYS_KEPT
from .models import Author, Comment, Moderator
from .reading import cursors

KINDS = ("author", "address")
LONGEST_REASON = 2_000


@dataclass(frozen=True)
class Ban:
    """A ban as moderators see it: an author, or an address of which nothing is told but that it is one."""

    id: int
    kind: str
    author_id: int | None
    author_name: str | None
    reason: str
    by: str
    created_at: datetime
    expires_at: datetime | None


def ban(
    session: Session,
    *,
    site_id: int,
    moderator_id: int,
    kind: str,
    reason: str,
    comment_id: int | None = None,
    author_id: int | None = None,
    expires_at: datetime | None = None,
) -> Ban:
    """Ban a comment's author or address, or an author by id.

    An address ban keeps the hash stored with the comment, so it ends when the key of that day is
    forgotten, 30 days after the comment. Raises Invalid, and NotFound for a comment or author that this
    site does not have.
    """
    reason = _checked_reason(reason)
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid.field("expires_at", "past", "The ban would be over already; choose a later time.")
    comment = _comment(session, site_id, comment_id) if comment_id is not None else None
    if kind == "author":
        row = models.Ban(author_id=_author_id(session, site_id, comment, author_id), expires_at=expires_at)
    elif kind == "address":
        row = _address_ban(comment, expires_at)
    else:
        raise Invalid.field("kind", "invalid", f"A ban is of an: {', '.join(KINDS)}.")
    row.site_id, row.moderator_id, row.reason, row.created_at = site_id, moderator_id, reason, clock.now()
    session.add(row)
    session.flush()  # its id is part of the answer
    return _one(session, row.id)


def lift(session: Session, *, site_id: int, ban_id: int) -> None:
    """End a ban that is in force; raises NotFound when the site has none with this id."""
    lifted = session.execute(
        update(models.Ban)
        .where(models.Ban.id == ban_id, models.Ban.site_id == site_id, _in_force())
        .values(lifted_at=clock.now())
        .returning(models.Ban.id)
        .execution_options(synchronize_session=False)
    ).first()
    if lifted is None:
        raise NotFound("There is no such ban.", code="ban_not_found")


def listed(
    session: Session, site_id: int, cursor: str | None = None, limit: int = 50
) -> tuple[list[Ban], str | None]:
    """The bans in force on a site, newest first, and the cursor of the next page.

    Raises Invalid for a cursor that is not ours.
    """
    query = _bans().where(models.Ban.site_id == site_id, _in_force())
    if cursor:
        query = query.where(models.Ban.id < cursors.places(cursor, "bans", 1)[0])
    rows = session.execute(query.order_by(models.Ban.id.desc()).limit(limit + 1)).all()
    bans = [_as_ban(*row) for row in rows]
    more = len(bans) > limit
    return bans[:limit], cursors.make("bans", bans[limit - 1].id) if more else None


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid.field("reason", "length", f"Say why, in 1 to {LONGEST_REASON} characters.")
    return reason


def _comment(session: Session, site_id: int, comment_id: int) -> Comment:
    query = select(Comment).where(Comment.id == comment_id, Comment.site_id == site_id)
    found = session.scalars(query).first()
    if found is None:
        raise CommentNotFound
    return found


def _author_id(session: Session, site_id: int, comment: Comment | None, author_id: int | None) -> int:
    if (comment is None) == (author_id is None):
        raise Invalid.field("author", "invalid", "Name either a comment or an author.")
    if comment is not None:
        if comment.author_id is None:
            raise Invalid.field("kind", "unknown", "This comment came without author key; ban its address.")
        return comment.author_id
    found = session.scalar(select(Author.id).where(Author.id == author_id, Author.site_id == site_id))
    if found is None:
        raise NotFound("There is no such author.", code="author_not_found")
    return found


def _address_ban(comment: Comment | None, expires_at: datetime | None) -> models.Ban:
    if comment is None:
        raise Invalid.field("comment", "required", "Name the comment whose address shall be banned.")
    if comment.bucket is None or comment.bucket_day is None:
        raise Invalid.field("kind", "unknown", "The address of this comment is not known any more.")
    if expires_at is not None and expires_at > clock.now() + timedelta(days=DAYS_KEPT):
        message = f"An address can be banned for {DAYS_KEPT} days at most."
        raise Invalid.field("expires_at", "too_long", message)
    forgotten = datetime.fromisoformat(comment.bucket_day).replace(tzinfo=UTC) + timedelta(days=DAYS_KEPT)
    return models.Ban(
        bucket=comment.bucket,
        bucket_day=comment.bucket_day,
        expires_at=min(expires_at or forgotten, forgotten),
    )


def _in_force() -> ColumnElement[bool]:
    until = models.Ban.expires_at
    return models.Ban.lifted_at.is_(None) & or_(until.is_(None), until > clock.now())


def _bans() -> Select[models.Ban, str | None, str | None]:
    return (
        select(models.Ban, Author.name, Moderator.name)
        .outerjoin(Author, Author.id == models.Ban.author_id)
        .outerjoin(Moderator, Moderator.id == models.Ban.moderator_id)
    )


def _one(session: Session, ban_id: int) -> Ban:
    return _as_ban(*session.execute(_bans().where(models.Ban.id == ban_id)).one())


def _as_ban(row: models.Ban, author_name: str | None, moderator: str | None) -> Ban:
    return Ban(
        id=row.id,
        kind="address" if row.author_id is None else "author",
        author_id=row.author_id,
        author_name=author_name,
        reason=row.reason,
        by=moderator or "software",
        created_at=row.created_at,
        expires_at=row.expires_at,
    )

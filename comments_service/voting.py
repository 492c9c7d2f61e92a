"""Voting: one vote per author and comment, few per address."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from . import clock, db, identity, publishing
from .errors import CommentNotFound, Conflict, Refused
from .identity import Reader, Signer
from .models import PUBLISHED, Author, Comment, DayKey, Site, Vote
from .models.policy import Policy
from .models.rank import rank

MOST_PER_BUCKET = 3


@dataclass(frozen=True)
class Voted:
    """A comment's score after the vote, and the author's own vote."""

    comment: int
    score: int
    value: int


def vote(
    session: Session, *, signer: Signer, site: Site, reader: Reader, comment_id: int, value: int
) -> Voted:
    """Set the author's vote to 1, -1 or 0 (none). `reader` must have an author key.

    Raises NotFound, Refused (votes are off, or one's own comment), Conflict (too many from one address).
    """
    _check_policy(Policy.of(site), value)
    comment = publishing.lock(session, site.id, comment_id)
    if comment is None or comment.status != PUBLISHED:
        raise CommentNotFound
    assert reader.author_key is not None
    author_id = _author(session, site.id, signer.author(site.id, reader.author_key))
    if author_id == comment.author_id:
        raise Refused("You cannot vote on your own comment.", code="own_comment")
    before = session.get(Vote, (comment_id, author_id))
    old = before.value if before else 0
    if value != old:
        _replace(session, signer, reader, comment, author_id, old, value)
        _count(session, comment, old, value)
        publishing.touch(session, comment.thread_id)
    session.flush()
    return Voted(comment_id, comment.score, value)


def _check_policy(policy: Policy, value: int) -> None:
    if policy.votes == "none":
        raise Refused("This site has no votes.", code="no_votes")
    if policy.votes == "up" and value < 0:
        raise Refused("This site has only votes in favour.", code="only_up_votes")


def _author(session: Session, site_id: int, key_hash: bytes) -> int:
    statement = db.insert(session, Author).values(site_id=site_id, key_hash=key_hash, created_at=clock.now())
    statement = statement.on_conflict_do_update(
        index_elements=["site_id", "key_hash"], set_={"key_hash": key_hash}
    )
    return session.execute(statement.returning(Author.id)).scalar_one()


def _replace(
    session: Session, signer: Signer, reader: Reader, comment: Comment, author_id: int, old: int, value: int
) -> None:
    if old == 0:
        _check_bucket(session, signer, reader, comment.id)
    session.execute(delete(Vote).where(Vote.comment_id == comment.id, Vote.author_id == author_id))
    if value:
        bucket = identity.hashed(session, signer, reader.bucket)
        session.execute(
            db.insert(session, Vote).values(
                comment_id=comment.id,
                author_id=author_id,
                value=value,
                bucket=bucket.hash,
                bucket_day=bucket.day,
                created_at=clock.now(),
            )
        )


def _check_bucket(session: Session, signer: Signer, reader: Reader, comment_id: int) -> None:
    # Counted by the database: everybody's next write waits for this, also below a comment of many votes.
    ours = identity.hashed_on(session, signer, reader.bucket, session.scalars(select(DayKey.day)))
    from_here = select(func.count()).where(Vote.comment_id == comment_id, Vote.bucket.in_(ours.values()))
    if session.scalars(from_here).one() >= MOST_PER_BUCKET:
        raise Conflict("There were several votes from your network already.", code="too_many_votes")


def _count(session: Session, comment: Comment, old: int, value: int) -> None:
    ups = comment.ups + (value == 1) - (old == 1)
    downs = comment.downs + (value == -1) - (old == -1)
    session.execute(
        update(Comment)
        .where(Comment.id == comment.id)
        .values(ups=ups, downs=downs, score=ups - downs, rank=rank(ups, downs))
    )

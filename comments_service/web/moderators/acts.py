"""What was decided lately, as the toast, the undo button and the history need it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from ...models import Author, Ban, Comment, Decision, Moderator
from ...models.decision import REVERSE
from . import phrases

# How far back in the log the undo button looks for a person's own decision.
LOOKED_BACK = 2_000


@dataclass(frozen=True)
class Said:
    """The toast: one sentence or two, and the decisions that its Undo would reverse."""

    text: str
    undo: tuple[int, ...] = ()


def latest(session: Session, site_ids: Collection[int], moderator_id: int) -> tuple[int, ...]:
    """The person's latest decision that still stands, or nothing."""
    reversal = aliased(Decision)
    newest = select(func.max(Decision.id)).scalar_subquery()
    found = session.scalar(
        select(Decision.id)
        .where(
            Decision.id > newest - LOOKED_BACK,
            Decision.moderator_id == moderator_id,
            Decision.site_id.in_(site_ids),
            Decision.action != REVERSE,
            ~exists().where(reversal.comment_id == Decision.comment_id, reversal.reverses == Decision.id),
        )
        .order_by(Decision.id.desc())
        .limit(1)
    )
    return () if found is None else (found,)


def decided_since(session: Session, site_ids: Collection[int], moderator_id: int, since: datetime) -> int:
    """How many decisions the person made since then, as far back as the undo button looks."""
    newest = select(func.max(Decision.id)).scalar_subquery()
    return (
        session.scalar(
            select(func.count()).where(
                Decision.id > newest - LOOKED_BACK,
                Decision.moderator_id == moderator_id,
                Decision.site_id.in_(site_ids),
                Decision.action != REVERSE,
                Decision.created_at >= since,
            )
        )
        or 0
    )


def told(
    session: Session,
    site_ids: Collection[int],
    *,
    done: Collection[int] = (),
    late: Collection[int] = (),
    gone: int = 0,
) -> Said | None:
    """What to say after deciding: `done` are decisions, `late` comments that somebody had changed before."""
    sentences = []
    rows = _decisions(session, site_ids, done)
    if rows:
        sentences.append(_done(rows))
    if late:
        sentences += _late(session, site_ids, late, alone=not rows and len(late) == 1)
    if gone:
        sentences.append(f"{gone} cannot be found any more.")
    undo = tuple(row.id for row in rows if row.action != REVERSE)
    return Said(" ".join(sentences), undo) if sentences else None


def banned(session: Session, site_ids: Collection[int], ban_id: int) -> Said | None:
    """What to say after banning; a ban is lifted on a page of its own."""
    query = select(Author.name, Ban.expires_at).select_from(Ban).outerjoin(Author, Author.id == Ban.author_id)
    row = session.execute(query.where(Ban.id == ban_id, Ban.site_id.in_(site_ids))).first()
    if row is None:
        return None
    until = f"until {phrases.until(row.expires_at)}" if row.expires_at else "until somebody lifts the ban"
    return Said(f"{row.name or 'The address'} is banned {until}. That leaves the comment as it is.")


@dataclass(frozen=True)
class _Decided:
    id: int
    comment_id: int
    action: str
    reason: str | None
    author: str
    status: str


def _decisions(session: Session, site_ids: Collection[int], ids: Collection[int]) -> list[_Decided]:
    if not ids:
        return []
    query = (
        select(
            Decision.id,
            Decision.comment_id,
            Decision.action,
            Decision.reason,
            Comment.name,
            Decision.after_status,
        )
        .join(Comment, Comment.id == Decision.comment_id)
        .where(Decision.id.in_(ids), Decision.site_id.in_(site_ids))
        .order_by(Decision.id)
    )
    return [_Decided(*row) for row in session.execute(query)]


def _done(rows: Sequence[_Decided]) -> str:
    if len(rows) == 1:
        return _one(rows[0])
    counted = Counter(row.action for row in rows)
    parts = [f"{count} {phrases.DONE.get(action, 'undone')}" for action, count in counted.items()]
    return ", ".join(parts) + "."


def _one(row: _Decided) -> str:
    if row.action == REVERSE:
        return f"Undone: {row.author}’s comment is {row.status} again."
    if row.action == "spam":
        return f"Marked {row.author}’s comment as spam"
    grounds = f" {phrases.grounds(row.reason)}" if row.action == "reject" else ""
    return f"{phrases.PAST[row.action]} {row.author}’s comment{grounds}"


def _late(
    session: Session, site_ids: Collection[int], comment_ids: Collection[int], *, alone: bool
) -> Iterable[str]:
    """Who was first. A comment that nobody decided on was edited or withdrawn meanwhile."""
    first = _who_was_first(session, site_ids, comment_ids)
    for (name, action), count in Counter(first.values()).items():
        what = "it" if alone else str(count)
        yield f"{name} had already {_already(action, what)}; that stands."
    changed = len(set(comment_ids) - set(first))
    if changed:
        yield (
            "It has changed meanwhile; please look again."
            if alone
            else (f"{changed} changed meanwhile; please look again.")
        )


def _already(action: str, what: str) -> str:
    return f"marked {what} as spam" if action == "spam" else f"{phrases.DONE.get(action, action)} {what}"


def _who_was_first(
    session: Session, site_ids: Collection[int], comment_ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    reversal = aliased(Decision)
    rows = session.execute(
        select(Decision.comment_id, Moderator.name, Decision.action)
        .join(Moderator, Moderator.id == Decision.moderator_id)
        .where(
            Decision.comment_id.in_(comment_ids),
            Decision.site_id.in_(site_ids),
            Decision.action != REVERSE,
            ~exists().where(reversal.comment_id == Decision.comment_id, reversal.reverses == Decision.id),
        )
        .order_by(Decision.seq)
    )
    return {row.comment_id: (row.name, row.action) for row in rows}

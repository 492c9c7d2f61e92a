"""Deciding on comments: approve, reject, spam, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import exists, func, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from . import clock, log, publishing
from .errors import Conflict, FieldError, Invalid, NotFound
from .log import Chain
from .models import (
    PENDING,
    PUBLISHED,
    REJECTED,
    SPAM,
    WITHDRAWN,
    Author,
    Comment,
    Decision,
    Evidence,
    Report,
    Revision,
    Thread,
)
from .models.decision import ACTIONS, REASONS, REASONS_WITH_NOTE, REVERSE
from .publishing import Because, State
from .reading import own

MOST_DECISIONS = 100
LONGEST_NOTE = 2_000
LONGEST_REASON = 500
TARGET = {"approve": PUBLISHED, "reject": REJECTED, "spam": SPAM}
WAITS = "A moderator looks at it before it is published."

Outcome = Literal["done", "unchanged", "stale", "not_found"]


@dataclass(frozen=True)
class Item:
    """What a moderator asks for one comment, and what they saw: its revision and status.

    `trust` says of an approval that the author's first comments need no look any more; it says nothing of
    a comment that came without author key.
    """

    comment: int
    revision: int
    from_status: str
    action: str
    reason: str | None = None
    note: str = ""
    trust: bool = False


@dataclass(frozen=True)
class Result:
    """What became of an Item; `decision` is the log's row when it was done."""

    comment: int
    result: Outcome
    decision: int | None = None


def decide(session: Session, *, site_id: int, moderator_id: int, items: Sequence[Item]) -> list[Result]:
    """Carry out up to 100 decisions and answer each, in the order they were asked.

    `stale`: the revision or status is no longer what the moderator saw, or the author took the comment
    back. `unchanged`: somebody decided just that already. A decision on a withdrawn comment answers its
    open reports and changes no status. Raises Invalid naming `decisions.<index>.<field>`.
    """
    _check(items)
    threads = _threads(session, site_id, {item.comment for item in items})
    _lock(session, threads.values())
    # Held, so that each need not be asked for by itself.
    comments = {
        comment.id: comment for comment in publishing.lock_all(session, set(threads.values()), threads.keys())
    }
    texts = _texts(session, items)
    in_thread_order = sorted(
        range(len(items)), key=lambda i: (threads.get(items[i].comment, 0), items[i].comment, i)
    )
    with log.growing(session, site_id) as chain:
        results = {
            i: _decide_one(session, chain, site_id, moderator_id, items[i], comments.get(items[i].comment))
            for i in in_thread_order
        }
    del texts
    return [results[i] for i in range(len(items))]


def reverse(session: Session, *, site_id: int, moderator_id: int, decision_id: int) -> int:
    """Undo a comment's latest decision, restoring exactly the state before; returns the reversal's id.

    Raises NotFound for no such decision on this site, and Conflict when it is not the comment's latest,
    was undone already, was software's own, or when the comment changed since.
    """
    comment_id = session.scalar(
        select(Decision.comment_id).where(Decision.id == decision_id, Decision.site_id == site_id)
    )
    comment = publishing.lock(session, site_id, comment_id) if comment_id is not None else None
    if comment is None:
        raise NotFound("There is no such decision.", code="decision_not_found")
    decision = _latest(session, comment.id)
    if decision is None or decision.id != decision_id:
        raise Conflict("Only the latest decision on a comment can be undone.", code="not_latest")
    if decision.moderator_id is None:
        raise Conflict("Software held this comment; decide on it instead.", code="not_a_persons")
    if State.of(comment) != _state_after(decision):
        raise Conflict("The comment has changed since that decision.", code="changed_since")
    return _undo(session, comment, decision, moderator_id)


def _check(items: Sequence[Item]) -> None:
    if not 1 <= len(items) <= MOST_DECISIONS:
        raise Invalid.field("decisions", "length", f"Send 1 to {MOST_DECISIONS} decisions at a time.")
    errors = [
        FieldError(f"decisions.{index}.{field}", code, message)
        for index, item in enumerate(items)
        for field, code, message in _faults(item)
    ]
    if errors:
        raise Invalid(*errors)


def _faults(item: Item) -> Iterable[tuple[str, str, str]]:
    if item.action not in ACTIONS:
        yield "action", "invalid", f"An action is one of: {', '.join(ACTIONS)}."
    if item.reason is None and item.action in ("reject", "spam"):
        yield "reason", "required", f"Say why: {', '.join(REASONS)}."
    if item.reason is not None and item.reason not in REASONS:
        yield "reason", "invalid", f"A reason is one of: {', '.join(REASONS)}."
    if item.reason in REASONS_WITH_NOTE and not item.note.strip():
        yield "note", "required", "This reason needs a note that explains it to the author."
    if len(item.note) > LONGEST_NOTE:
        yield "note", "too_long", f"A note has at most {LONGEST_NOTE} characters."
    if item.trust and item.action != "approve":
        yield "trust", "invalid", "Only who is approved can be trusted."


def _threads(session: Session, site_id: int, comment_ids: Iterable[int]) -> dict[int, int]:
    rows = session.execute(
        select(Comment.id, Comment.thread_id).where(Comment.site_id == site_id, Comment.id.in_(comment_ids))
    )
    return {row.id: row.thread_id for row in rows}


def _lock(session: Session, thread_ids: Iterable[int]) -> None:
    # All threads before the first change: that takes the log's lock, and whoever holds the log
    # must not wait for a thread whose holder waits for the log.
    wanted = select(Thread.id).where(Thread.id.in_(set(thread_ids))).order_by(Thread.id)
    session.execute(wanted.with_for_update()).all()


def _texts(session: Session, items: Iterable[Item]) -> Sequence[Revision]:
    judged = [(item.comment, item.revision) for item in items]
    query = select(Revision).where(tuple_(Revision.comment_id, Revision.revision).in_(judged))
    return session.scalars(query).all()


def _decide_one(
    session: Session, chain: Chain, site_id: int, moderator_id: int, item: Item, comment: Comment | None
) -> Result:
    """Decide on a comment of this site, locked before if it was where it was looked for."""
    if comment is None:  # its thread was merged into another while we waited, or there is none
        comment = publishing.lock(session, site_id, item.comment)
    if comment is None:
        return Result(item.comment, "not_found")
    # What the author took back may have been reported, and whoever did that has a right to an answer.
    nothing_left = comment.status == WITHDRAWN and comment.open_reports == 0
    if nothing_left or comment.judged_revision != item.revision:
        return Result(item.comment, "stale")
    if _is_settled(session, comment, item):
        return Result(item.comment, "unchanged")
    if comment.judged_status != item.from_status:
        return Result(item.comment, "stale")
    return Result(item.comment, "done", _done(session, chain, comment, item, moderator_id))


def _is_settled(session: Session, comment: Comment, item: Item) -> bool:
    """Whether a moderator already decided just this, and nothing was reported since."""
    stands = comment.reviewed and comment.judged_status == TARGET[item.action] and comment.open_reports == 0
    return stands and not (item.trust and _is_stranger(session, comment))


def _is_stranger(session: Session, comment: Comment) -> bool:
    """Whether the author is known by a key, and nobody trusts them yet."""
    query = select(Author.id).where(Author.id == comment.author_id, Author.trusted_at.is_(None))
    return session.scalar(query) is not None


def _done(session: Session, chain: Chain, comment: Comment, item: Item, moderator_id: int) -> int:
    drops_an_edit = _drops_an_edit(comment, item.action)
    trusts = item.trust and comment.author_id is not None
    because = Because(item.action, item.reason, moderator_id, item.note.strip(), trusts=trusts)
    decision_id = publishing.change(session, comment, _asked(comment, item.action), because, chain)
    assert decision_id is not None
    if trusts:
        _trust(session, comment, decision_id)
    # A dropped edit says nothing about the published text that readers complained of.
    if comment.open_reports and not drops_an_edit:
        _close_reports(session, comment, decision_id)
    return decision_id


def _drops_an_edit(comment: Comment, action: str) -> bool:
    return action != "approve" and comment.status == PUBLISHED and comment.held_revision is not None


def _asked(comment: Comment, action: str) -> State:
    if comment.status == WITHDRAWN:
        return State.of(comment)  # what its author took back is never public again
    elif action == "approve":
        return State(PUBLISHED, comment.judged_revision)
    elif _drops_an_edit(comment, action):
        return State(PUBLISHED, comment.revision)
    else:
        return State(TARGET[action], comment.revision)


def _trust(session: Session, comment: Comment, decision_id: int) -> None:
    """Trust the author since this very decision, unless somebody did before."""
    since = select(Decision.created_at).where(Decision.id == decision_id).scalar_subquery()
    session.execute(
        update(Author)
        .where(Author.id == comment.author_id, Author.trusted_at.is_(None))
        .values(trusted_at=since)
        .execution_options(synchronize_session=False)
    )


def _trust_as_before(session: Session, comment: Comment, decision: Decision) -> None:
    """Take back the trust that began with a decision, which is reversed: the next that stands keeps it."""
    reversal = aliased(Decision)
    undone = exists().where(reversal.comment_id == Decision.comment_id, reversal.reverses == Decision.id)
    others = (
        select(func.min(Decision.created_at))
        .join(Comment, Comment.id == Decision.comment_id)
        .where(Comment.author_id == comment.author_id, Decision.trusts, ~undone)
    )
    session.execute(
        update(Author)
        .where(Author.id == comment.author_id, Author.trusted_at == decision.created_at)
        .values(trusted_at=session.scalar(others))
        .execution_options(synchronize_session=False)
    )


def _close_reports(session: Session, comment: Comment, decision_id: int) -> None:
    session.execute(
        update(Report)
        .where(Report.comment_id == comment.id, Report.closed_at.is_(None))
        .values(closed_at=clock.now(), decision_id=decision_id)
        .execution_options(synchronize_session=False)
    )
    comment.open_reports = 0


def _latest(session: Session, comment_id: int) -> Decision | None:
    """The comment's latest decision that still stands: no reversal, and not reversed."""
    reversal = aliased(Decision)
    undone = exists().where(reversal.comment_id == comment_id, reversal.reverses == Decision.id)
    return session.scalars(
        select(Decision)
        .where(Decision.comment_id == comment_id, Decision.action != REVERSE, ~undone)
        .order_by(Decision.seq.desc())
        .limit(1)
    ).first()


def _state_after(decision: Decision) -> State:
    revision = decision.revision if decision.action == "approve" else decision.before_revision
    return State(decision.after_status, revision)


def _undo(session: Session, comment: Comment, decision: Decision, moderator_id: int) -> int:
    before = State(decision.before_status, decision.before_revision, decision.before_held_revision)
    because = Because(REVERSE, moderator_id=moderator_id, reverses=decision.id, revision=decision.revision)
    reversal_id = publishing.change(session, comment, before, because)
    assert reversal_id is not None
    comment.reviewed = _was_reviewed(session, comment.id)
    comment.reason = _why_it_waits(session, comment)
    if decision.trusts:
        _trust_as_before(session, comment, decision)
    _open_reports_again(session, comment, decision.id)
    return reversal_id


def _was_reviewed(session: Session, comment_id: int) -> bool:
    standing = _latest(session, comment_id)
    return standing is not None and standing.moderator_id is not None


def _why_it_waits(session: Session, comment: Comment) -> str | None:
    """The sentence for the author, which the decision had cleared."""
    if comment.judged_status != PENDING:
        return None
    found = session.execute(
        select(Evidence.check, Evidence.message)
        .where(Evidence.comment_id == comment.id, Evidence.revision == comment.judged_revision)
        .order_by(Evidence.id)
    ).first()
    return own.told(*found)[:LONGEST_REASON] if found else WAITS


def _open_reports_again(session: Session, comment: Comment, decision_id: int) -> None:
    session.execute(
        update(Report)
        .where(Report.decision_id == decision_id)
        .values(closed_at=None, decision_id=None)
        .execution_options(synchronize_session=False)
    )
    is_open = (Report.comment_id == comment.id) & Report.closed_at.is_(None)
    comment.open_reports = session.scalar(select(func.count()).where(is_open)) or 0

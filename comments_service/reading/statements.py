"""Statements of reasons: what an author is told of each decision that keeps a comment from being shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from ..models import PUBLISHED, Comment, Decision, DecisionNote, Evidence, Notice, Report, Revision
from ..models.decision import DISCARD, HOLD, REASONS_WITH_NOTE
from ..models.policy import Policy
from .own import REASONS, latest_standing, spelled, told

MOST_FACTS = 5
BY_LAW = "illegal"
REDRESS = "You may also turn to a court, and where the law provides for one to an out-of-court body."

Action = Literal["hold", "reject", "spam"]
Finder = Literal["notice", "report", "software", "moderator"]


@dataclass(frozen=True)
class Statement:
    """Why a comment, or an edit of one, is not shown, and how to object; `text` says it in sentences.

    Of a published comment it speaks of an edit: the version before stays.

    `reason` is the code of the rule (None for a hold), `facts` are sentences on what was found, `found_by`
    is what led to the decision, never who. `note` is the moderator's, where the reason needs one.
    """

    decision: int
    action: Action
    revision: int
    decided_at: datetime
    decided_by: Literal["software", "moderator"]
    found_by: Finder
    ground: Literal["rules", "law"]
    reason: str | None
    note: str | None
    facts: tuple[str, ...]
    rules_url: str | None
    contact: str | None
    text: str


def of(session: Session, policy: Policy, comment_ids: Collection[int]) -> Mapping[int, Statement]:
    """The statements on those of these comments of one site that a decision keeps from being shown.

    So it does with an edit that was dropped, until the author edits again.
    """
    rows = session.execute(_standing(comment_ids)).all()
    prompted = _prompted(session, {row.Decision.id for row in rows}, {row.Comment.id for row in rows})
    evidence = _evidence(session, comment_ids)
    return {
        row.Comment.id: _statement(
            row, policy, prompted, evidence[row.Comment.id, row.Decision.revision][:MOST_FACTS]
        )
        for row in rows
        if row.Decision.action != "approve"
    }


def _standing(comment_ids: Collection[int]) -> Select[*tuple[Any, ...]]:
    """Each comment with the latest decision on it that was not reversed, and what stood before that."""
    before = aliased(Decision)
    earlier = (
        select(before.action)
        .where(before.comment_id == Comment.id, before.seq < Decision.seq)
        .order_by(before.seq.desc())
        .limit(1)
        .correlate(Comment, Decision)
        .scalar_subquery()
    )
    return (
        select(
            *(Comment, Decision, DecisionNote.note, earlier.label("earlier")),
            Revision.created_at.label("written_at"),
        )
        .select_from(Comment)
        .join(Decision, (Decision.comment_id == Comment.id) & (Decision.seq == latest_standing()))
        .outerjoin(Revision, (Revision.comment_id == Comment.id) & (Revision.revision == Decision.revision))
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .where(Comment.id.in_(comment_ids), Decision.site_id == Comment.site_id)
    )


def _prompted(
    session: Session, decisions: Collection[int], comments: Collection[int]
) -> Mapping[tuple[str, int], Finder]:
    """What led to decisions, and to holds that still wait: a report, or a notice."""
    found: dict[tuple[str, int], Finder] = {}
    kinds: tuple[tuple[str, Any, Any], ...] = (
        ("decision", Report.decision_id, Report.decision_id.in_(decisions)),
        ("comment", Report.comment_id, Report.comment_id.in_(comments) & Report.closed_at.is_(None)),
    )
    for what, column, condition in kinds:
        query = select(column, func.count(Notice.id)).outerjoin(Notice, Notice.report_id == Report.id)
        for number, notices in session.execute(query.where(condition).group_by(column)):
            found[what, number] = "notice" if notices else "report"
    return found


def _evidence(session: Session, comment_ids: Collection[int]) -> Mapping[tuple[int, int], list[str]]:
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    columns = (Evidence.comment_id, Evidence.revision, Evidence.check, Evidence.message)
    query = select(*columns).where(Evidence.comment_id.in_(comment_ids)).order_by(Evidence.id)
    for comment_id, revision, check, said in session.execute(query):
        message = told(check, said)
        if message not in found[comment_id, revision]:
            found[comment_id, revision].append(message)
    return found


def _statement(
    row: Row[*tuple[Any, ...]],
    policy: Policy,
    prompted: Mapping[tuple[str, int], Finder],
    evidence: list[str],
) -> Statement:
    comment, decision = row.Comment, row.Decision
    # A discarded comment looks like a held one: whoever sends spam learns nothing.
    is_hold = decision.action in (HOLD, DISCARD)
    found_by: Finder
    if is_hold:
        reported = prompted.get(("comment", comment.id)) if comment.status != PUBLISHED else None
        found_by = reported or "software"
        facts = [comment.reason] if comment.reason else []
    else:
        by_software = row.earlier in (HOLD, DISCARD)
        found_by = prompted.get(("decision", decision.id), "software" if by_software else "moderator")
        # Nor does it learn from a moderator's decision what gave it away.
        facts = [] if decision.action == "spam" else evidence
    fields: dict[str, Any] = {
        "decision": decision.id,
        "action": HOLD if is_hold else decision.action,
        "revision": decision.revision,
        "decided_at": decision.created_at,
        "decided_by": "software" if is_hold else "moderator",
        "found_by": found_by,
        "ground": "law" if decision.reason == BY_LAW else "rules",
        "reason": decision.reason,
        "note": row.note if decision.reason in REASONS_WITH_NOTE else None,
        "facts": tuple(facts),
        "rules_url": policy.rules_url or None,
        "contact": policy.contact or None,
    }
    if comment.status == PUBLISHED and comment.held_revision is None:
        what = _dropped(decision.created_at, row.written_at)
    else:
        what = _what(fields, comment.created_at)
    return Statement(**fields, text=_text(what, fields))


def _text(what: str, said: Mapping[str, Any]) -> str:
    """The statement as people read it."""
    sentences = (
        what,
        _ground(said),
        *said["facts"],
        FOUND_BY[said["found_by"], said["decided_by"]],
        _objection(said),
        REDRESS,
    )
    return " ".join(filter(None, sentences))


FOUND_BY = {
    ("software", "software"): "Software decided this; no person has read it yet.",
    ("report", "software"): "Software decided this after readers' reports; no person has read it yet.",
    ("notice", "software"): "Software decided this after a notice and reports; no person has read it yet.",
    ("software", "moderator"): "Software had set it aside; a person decided.",
    ("report", "moderator"): "Somebody had reported it; a person decided.",
    ("notice", "moderator"): "Somebody had sent a notice that it is illegal; a person decided.",
    ("moderator", "moderator"): "A person found it and decided.",
}


def _dropped(decided_at: datetime, written_at: datetime | None) -> str:
    change = "your change" + (f" of {spelled(written_at)}" if written_at else "")
    when = spelled(decided_at)
    return f"On {when} a moderator decided that {change} is not accepted; the version before stays."


def _what(said: Mapping[str, Any], written_at: datetime) -> str:
    comment = f"your comment of {spelled(written_at)}"
    if said["revision"] > 1:
        comment += f" (version {said['revision']})"
    if said["action"] == HOLD:
        since = spelled(said["decided_at"])
        return f"{comment[0].upper()}{comment[1:]} is not shown until a moderator has read it, since {since}."
    return f"On {spelled(said['decided_at'])} a moderator decided that {comment} is not shown to anybody."


def _ground(said: Mapping[str, Any]) -> str:
    rules = "the rules of this site" + (f" ({said['rules_url']})" if said["rules_url"] else "")
    if said["action"] == HOLD:
        return f"The ground is {rules}."
    note = (said["note"] or "").strip().rstrip(".")
    if said["ground"] == "law":
        return f"The ground is the law; the moderator holds it to be illegal{f': {note}' if note else ''}."
    return f"The ground is {rules}: {note or REASONS[said['reason'] or 'other']}."


def _objection(said: Mapping[str, Any]) -> str:
    publisher = said["contact"] or "whoever publishes this site"
    return f"To object, write to {publisher}, and name decision {said['decision']}."

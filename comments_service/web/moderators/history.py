"""The history of one comment: the present text first, then all that happened, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, request, url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from ... import db, log
from ...errors import NotFound
from ...models import PENDING, WITHDRAWN, Comment, Site
from ...models.decision import DISCARD, HOLD, REVERSE
from ...models.policy import Policy
from ...reading import cards, notices, statements
from ...reading.cards import Complaint as Report
from ...reading.cards import QueueRow, Record, Version
from ...reading.decisions import Decided
from ...reading.notices import Noticed
from ...reading.statements import Statement
from ..audience import MODERATOR
from . import access, acts, frame, phrases
from .access import open_to
from .cards import Complaint, paragraphs
from .diffs import diff
from .queue import ids

# A longer chain is checked when somebody asks for it on the log's page.
CHECKED_AT_ONCE = 2_000
HASH_DIGITS = 6


@dataclass
class Event:
    """One thing that happened."""

    at: datetime
    kind: str
    icon: str
    verb: str
    rest: str = ""
    seq: int | None = None
    hash: str = ""
    note: str = ""
    revision: int = 0
    diff: Markup | None = None
    diff_note: str = ""
    reports: list[Complaint] = field(default_factory=list)


@dataclass(frozen=True)
class Day:
    """The events of one day."""

    label: str
    events: list[Event]


@dataclass(frozen=True)
class Chain:
    """What is said about a site's log: how long it is, its last hash, whether it holds."""

    name: str
    count: int
    hash: str
    href: str
    checked: bool = False
    broken: log.Broken | None = None


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/comments/<int:comment_id>", "history", history)


@open_to(MODERATOR)
def history(comment_id: int) -> str:
    """The page of one comment. Raises NotFound for one of another site, as for none."""
    session = db.reading()
    site_ids = [site.id for site in access.sites()]
    whole = cards.card(session, site_ids, comment_id)
    if whole is None:
        raise NotFound("There is no such comment.")
    site = access.site_of(whole.site_key)
    told = statements.of(session, Policy.of(site), [comment_id]).get(comment_id)
    withdrawn_at = session.scalar(select(Comment.withdrawn_at).where(Comment.id == comment_id))
    return frame.rendered(
        "history.html",
        view=frame.view(),
        story=_story(whole, withdrawn_at, told, notices.on(session, [comment_id])[comment_id]),
        chain=chain(session, site),
        said=acts.told(session, site_ids, done=ids(request.args.get("done", ""))),
    )


def chain(session: Session, site: Site, *, check: bool = False) -> Chain:
    """The state of a site's log; the chain is walked when it is short, or when asked."""
    head = log.head(session, site.id)
    digits = head.hash.hex()
    href = url_for("moderators.log", site=site.key, check=1)
    checked = check or head.count <= CHECKED_AT_ONCE
    broken = log.verify(session, site.id) if checked else None
    return Chain(site.name, head.count, f"{digits[:12]}…{digits[-8:]}", href, checked, broken)


def _story(
    whole: cards.Card, withdrawn_at: datetime | None, told: Statement | None, noticed: Sequence[Noticed]
) -> dict[str, Any]:
    standing = _standing(whole.decisions)
    return {
        "id": whole.id,
        "name": whole.name,
        "created_at": whole.created_at,
        "status": whole.status,
        "status_label": phrases.STATUSES[whole.status],
        "article": whole.title or whole.slug,
        "article_url": Policy.of(access.site_of(whole.site_key)).article(whole.url, whole.slug),
        "site_name": whole.site_name,
        "paragraphs": paragraphs(whole.body),
        "days": _days(whole, withdrawn_at),
        "now": _now(whole),
        "reports_now": _reports_now(whole.all_reports),
        "record": _record(whole.author),
        "told": told,
        "notices": noticed,
        "undo": standing.id if standing else None,
        "undo_name": phrases.NAMES[standing.action] if standing else "",
        # What the author took back is decided on only to answer those who complained of it.
        "decidable": whole.status != WITHDRAWN or bool(whole.reports),
        "card_href": url_for("moderators.queue", queue=_queue_of(whole), comment=whole.id),
    }


def _now(row: QueueRow) -> str:
    if row.status == PENDING and row.public_revision is not None:
        return f"Revision {row.revision} waits, revision {row.public_revision} is public"
    return f"{phrases.STATUSES[row.status]}, revision {row.revision}"


def _reports_now(reports: Sequence[Report]) -> str:
    if not reports:
        return "none"
    is_open = sum(report.closed_at is None for report in reports)
    return f"{len(reports)}, {is_open} open" if is_open else f"{len(reports)}, all answered"


def _record(author: Record | None) -> str:
    return f"{author.published} published, {author.rejected} rejected" if author else "no author key"


def _queue_of(row: QueueRow) -> str:
    return "reported" if row.reports else row.status


def _standing(decisions: Sequence[Decided]) -> Decided | None:
    """The decision that an undo would reverse: the latest that stands, if a person made it."""
    undone = {decision.reverses for decision in decisions}
    standing = [d for d in decisions if d.action != REVERSE and d.id not in undone]
    return standing[-1] if standing and standing[-1].action in phrases.NAMES else None


def _days(whole: cards.Card, withdrawn_at: datetime | None) -> list[Day]:
    events = [*_revision_events(whole), *_decision_events(whole)]
    if withdrawn_at is not None:
        events.append(Event(withdrawn_at, "reject", "cross", "Withdrawn", "by the author"))
    ordered = _with_reports(events, whole.all_reports)
    by_day = (list(group) for _, group in groupby(ordered, key=lambda event: event.at.date()))
    return [Day(phrases.day(found[0].at), found) for found in by_day]


def _revision_events(whole: cards.Card) -> Iterable[Event]:
    held = {decision.revision for decision in whole.decisions if decision.action in (HOLD, DISCARD)}
    held |= {whole.revision} if whole.evidence else set()
    before: Version | None = None
    for revision in whole.revisions:
        judged = "by the author" if revision.revision in held else "by the author: no check objected"
        if before is None:
            yield Event(revision.created_at, "", "post", "Written", judged)
        else:
            change = diff(before.body, revision.body)
            yield Event(
                revision.created_at,
                "",
                "edit",
                "Edited",
                judged,
                revision=revision.revision,
                diff=change.html,
                diff_note=f"{phrases.plural(change.removed, 'word')} removed, {change.added} added",
            )
        before = revision


def _decision_events(whole: cards.Card) -> Iterable[Event]:
    by_id = {decision.id: decision for decision in whole.decisions}
    for place, decision in enumerate(whole.decisions):
        kind, icon = LOOKS.get(decision.action, ("", "undo"))
        following = whole.decisions[place + 1] if place + 1 < len(whole.decisions) else None
        yield Event(
            decision.created_at,
            kind,
            icon,
            phrases.PAST[decision.action],
            _sentence(decision, by_id.get(decision.reverses or 0)),
            seq=decision.seq,
            hash=decision.hash[:HASH_DIGITS],
            note=_note(decision, _answered(decision, following, whole.all_reports))
            or _found(whole, decision),
        )


LOOKS = {
    "approve": ("approve", "tick"),
    "reject": ("reject", "cross"),
    "spam": ("reject", "cross"),
    "hold": ("hold", "pause"),
    "discard": ("reject", "cross"),
}


def _sentence(decision: Decided, undone: Decided | None) -> str:
    """What follows the verb: grounds, person, revision."""
    if decision.action == REVERSE:
        what = f"the {phrases.NAMES.get(undone.action, 'decision')} " if undone else ""
        return f"{what}by {decision.by}: {phrases.STATUSES[decision.after_status].lower()} again"
    grounds = f"{phrases.grounds(decision.reason)} " if decision.action == "reject" else ""
    return f"{grounds}by {decision.by}, revision {decision.revision}"


def _answered(decision: Decided, following: Decided | None, reports: Sequence[Report]) -> int:
    """How many reports the decision closed: they carry the time, not the decision."""
    return sum(
        report.closed_at is not None
        and decision.created_at <= report.closed_at
        and (following is None or report.closed_at < following.created_at)
        for report in reports
    )


def _note(decision: Decided, answered: int) -> str:
    said = [f"Note: {decision.note}"] if decision.note else []
    if answered:
        said.append(
            "Answers the report." if answered == 1 else f"Answers the {phrases.number(answered)} reports."
        )
    return " ".join(said)


def _found(whole: cards.Card, decision: Decided) -> str:
    """Why software held it; evidence is read for the present revision alone."""
    if decision.action not in (HOLD, DISCARD) or decision.revision != whole.revision:
        return ""
    return " ".join(dict.fromkeys(found.message for found in whole.evidence))


def _with_reports(events: list[Event], reports: Sequence[Report]) -> list[Event]:
    """Put reports where they came in: below the hold that they caused, or together as one event."""
    ordered = sorted(events, key=lambda event: (event.at, event.seq or 0))
    waiting = sorted(reports, key=lambda report: report.created_at)
    found: list[Event] = []
    for event in ordered:
        early = [report for report in waiting if report.created_at <= event.at]
        waiting = waiting[len(early) :]
        if early and event.kind == HOLD:
            event.reports = _complaints(early)
        elif early:
            found.append(_reported(early))
        found.append(event)
    return [*found, _reported(waiting)] if waiting else found


def _reported(reports: Sequence[Report]) -> Event:
    rest = f"by readers: {phrases.by_reason(report.reason for report in reports)}"
    return Event(reports[-1].created_at, HOLD, "flag", "Reported", rest, reports=_complaints(reports))


def _complaints(reports: Sequence[Report]) -> list[Complaint]:
    return [Complaint(phrases.REASONS.get(r.reason, r.reason), r.text, r.created_at) for r in reports]

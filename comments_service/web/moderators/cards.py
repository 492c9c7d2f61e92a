"""A comment as the moderators' card and rows show it: everything a decision needs, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from markupsafe import Markup, escape

from ...models import WITHDRAWN
from ...models.decision import REASONS, REASONS_WITH_NOTE
from ...models.policy import Policy
from ...reading.cards import Complaint as Report
from ...reading.cards import QueueRow
from ...reading.notices import Noticed
from . import access, groups, phrases
from .diffs import Diff
from .groups import Group
from .past import Past

LINE_CHARACTERS = 200
TINTS = 6
BARS = 14
# What a check's finding suggests as the reason of a rejection; a report's own reason goes first.
SUGGESTED_BY_CHECK = {
    "personal_data": "personal_data",
    "duplicate": "duplicate",
    "near": "spam",
    "honeypot": "spam",
    "links": "spam",
}
BAR_OF_STATUS = {"published": "up", "rejected": "down", "spam": "down", "pending": "wait"}


@dataclass(frozen=True)
class Strip:
    """Why the comment is here: what happened, when, why."""

    icon: str
    strong: str
    rest: str | Markup


@dataclass(frozen=True)
class Choice:
    """One reason in the menu."""

    code: str
    label: str
    note: bool
    reports: str = ""


@dataclass(frozen=True)
class Complaint:
    """One report as it is shown."""

    label: str
    text: str
    created_at: datetime


@dataclass(frozen=True)
class Finding:
    """What one check found, as it is shown."""

    label: str
    messages: list[str]


@dataclass(frozen=True)
class Copies:
    """How many near duplicates of a comment stand in a queue, and where they are shown."""

    count: int
    queue: str
    href: str


@dataclass(frozen=True)
class Span:
    """A stretch of the body that a check matched."""

    start: int
    end: int


def paragraphs(body: str, spans: Sequence[Span] = ()) -> list[Markup]:
    """The source text, escaped, in paragraphs, with the spans wrapped in `<mark>`."""
    cuts = sorted(
        {0, len(body), *(place for span in _joined(spans, len(body)) for place in (span.start, span.end))}
    )
    marked = _joined(spans, len(body))
    found: list[list[Markup]] = [[]]
    for start, end in pairwise(cuts):
        inside = any(span.start <= start and end <= span.end for span in marked)
        for place, piece in enumerate(body[start:end].split("\n\n")):
            if place:
                found.append([])
            if piece:
                found[-1].append(Markup("<mark>{}</mark>").format(piece) if inside else escape(piece))
    texts = (Markup("").join(pieces).strip("\n") for pieces in found)
    return [Markup(text) for text in texts if text.strip()]  # noqa: S704 (every piece was escaped above)


def choices(reports: Sequence[Report] = ()) -> list[Choice]:
    """The reasons to reject, in the order of their keys, with how many reports name them."""
    counted = Counter(report.reason for report in reports)
    return [
        Choice(
            code,
            phrases.REASONS[code],
            code in REASONS_WITH_NOTE,
            phrases.plural(counted[code], "report") if counted[code] else "",
        )
        for code in phrases.OFFERED
    ]


class Card:
    """One row of a queue, ready to be drawn; templates read its attributes and do not compute."""

    def __init__(self, row: QueueRow) -> None:
        self._row = row
        self.id = row.id
        self.site_key = row.site_key
        self.site_name = row.site_name
        self.letter = access.letter(row.site_name)
        self.article = row.title or row.slug
        self.article_url = Policy.of(access.site_of(row.site_key)).article(row.url, row.slug)
        self.parent = row.parent
        self.name = row.name
        self.initials = phrases.initials(row.name)
        self.tint = sum(map(ord, row.name)) % TINTS
        self.badge = row.badge or "Guest"
        self.created_at = row.created_at
        self.edited_at = row.edited_at
        self.author_id = row.author.id if row.author else None
        self.status = row.status
        self.revision = row.revision
        self.public_revision = row.public_revision
        self.parent_id = row.parent.id if row.parent else None
        self.notices: Sequence[Noticed] = ()
        self.change: Diff | None = None
        self.group: Group | None = None
        self.past: Past | None = None
        self.singly_href = ""
        self.copies: list[Copies] = []
        self.cluster = row.cluster
        self.item = f"{row.site_key}/{row.id}/{row.revision}/{row.status}"

    @property
    def group_strip(self) -> tuple[str, Markup]:
        """What the strip says of the group."""
        assert self.group is not None
        return groups.strip(self.group)

    @property
    def gone(self) -> bool:
        """Whether its author took it back: a decision then only answers those who complained."""
        return self.status == WITHDRAWN

    @cached_property
    def record(self) -> str:
        """The author's past in a few words."""
        author = self._row.author
        if author is None:
            return "No author key"
        if not author.published and not author.rejected:
            return "First comment here"
        return f"{author.published} published, {author.rejected} rejected"

    @cached_property
    def first_seen(self) -> str:
        """When the author first wrote here."""
        return phrases.ago(self._row.author.first_seen) if self._row.author else ""

    @cached_property
    def bars(self) -> list[str]:
        """The author's recent comments as small bars, the oldest first; rejections hang."""
        author = self._row.author
        if author is None or not (author.published or author.rejected):
            return []
        recent = author.recent[-BARS:]
        return [BAR_OF_STATUS[status] for status in recent if status in BAR_OF_STATUS]

    @cached_property
    def paragraphs(self) -> list[Markup]:
        """The text with what checks found marked."""
        spans = [
            Span(found.start, found.end)
            for found in self._row.evidence
            if found.start is not None and found.end is not None
        ]
        return paragraphs(self._row.body, spans)

    @cached_property
    def line(self) -> str:
        """The beginning of the text on one line."""
        return " ".join(self._row.body[: 2 * LINE_CHARACTERS].split())[:LINE_CHARACTERS]

    @cached_property
    def reports(self) -> list[Complaint]:
        """The open reports, the newest first."""
        rows = sorted(self._row.reports, key=lambda report: report.created_at, reverse=True)
        return [Complaint(phrases.REASONS.get(r.reason, r.reason), r.text, r.created_at) for r in rows]

    @cached_property
    def evidence(self) -> list[Finding]:
        """What checks found, by check."""
        found: dict[str, list[str]] = {}
        for one in self._row.evidence:
            found.setdefault(one.check, []).append(one.message)
        return [
            Finding(phrases.check(name).capitalize(), list(dict.fromkeys(m))) for name, m in found.items()
        ]

    @cached_property
    def decided(self) -> Decided | None:
        """The latest decision on it, if a person made one."""
        decision = self._row.last_decision
        if decision is None or decision.action not in phrases.DONE:
            return None
        label = phrases.PAST[decision.action]
        if decision.action == "reject":
            label += f" {phrases.grounds(decision.reason)}"
        return Decided(label, decision.by, decision.created_at)

    @cached_property
    def choices(self) -> list[Choice]:
        """The reasons to reject."""
        return choices(self._row.reports)

    @cached_property
    def noted(self) -> int:
        """How many of the reasons need a note."""
        return sum(choice.note for choice in self.choices)

    @cached_property
    def _named(self) -> str | None:
        """The reason that most reports give, or else the evidence."""
        reported = Counter(report.reason for report in self._row.reports).most_common(1)
        found = (SUGGESTED_BY_CHECK.get(found.check) for found in self._row.evidence)
        return reported[0][0] if reported else next(filter(None, found), None)

    @property
    def suggestion(self) -> str | None:
        """The reason to reject for with one key; none when it needs a note, or when it looks like spam."""
        code = self._named
        return code if code in REASONS and code != "spam" and code not in REASONS_WITH_NOTE else None

    @property
    def looks_like_spam(self) -> bool:
        """Whether reports or evidence speak of spam, which has a button of its own."""
        return self._named == "spam"

    @property
    def suggestion_label(self) -> str:
        """The suggested reason inside the button."""
        return phrases.reason(self.suggestion)

    @cached_property
    def short(self) -> str:
        """Why it is in the queue, for its row."""
        reasons = [report.reason for report in self._row.reports]
        if reasons:
            commonest = Counter(reasons).most_common(1)[0][0]
            return f"{phrases.plural(len(reasons), 'report')} · {phrases.reason(commonest)}"
        if self._row.evidence and self.status == "pending":
            return phrases.check(self._row.evidence[0].check)
        return self.article if len(self.article) <= 32 else self.article[:30].rstrip() + "…"

    @cached_property
    def strip(self) -> Strip:
        """What happened, when and why."""
        if any(notice.closed_at is None for notice in self.notices):
            return self._strip_of_notices()
        if self._row.reports:
            return self._strip_of_reports()
        if self.status == "pending":
            return self._strip_of_pending()
        if self.decided:
            rest = Markup("by {} {}.").format(self.decided.who, phrases.when_at(self.decided.created_at))
            return Strip("tick" if self.status == "published" else "cross", self.decided.label, rest)
        if self.status == "published":
            rest = Markup("{} by software: no check objected.").format(phrases.when_at(self.created_at))
            return Strip("clock", "Published", rest)
        return Strip("cross", phrases.STATUSES[self.status], f"by software. {self._messages()}".strip())

    def _strip_of_notices(self) -> Strip:
        waiting = [notice for notice in self.notices if notice.closed_at is None]
        rest = Markup("since {}: {} that it is illegal. Whoever sent it waits for an answer. {}").format(
            phrases.when(waiting[0].created_at), phrases.plural(len(waiting), "notice"), self._messages()
        )
        return Strip("flag", "Notified", rest)

    def _strip_of_reports(self) -> Strip:
        reports = self._row.reports
        since = min(report.created_at for report in reports)
        strong = "Waiting" if self.status == "pending" else "Reported"
        rest = Markup("since {}: {}. {}").format(
            phrases.when(since), phrases.by_reason(report.reason for report in reports), self._messages()
        )
        return Strip("flag", strong, rest)

    def _strip_of_pending(self) -> Strip:
        row = self._row
        if row.public_revision is not None and row.public_revision != row.revision:
            rest = Markup("{}; revision {} stays public until you decide. {}").format(
                phrases.when_at(self.edited_at), row.public_revision, self._messages()
            )
            return Strip("edit", "Edited", rest)
        why = self._messages() or row.reason or "The site looks at comments before they are published."
        return Strip("clock", "Waiting", Markup("since {}: {}").format(phrases.when(self.created_at), why))

    def _messages(self) -> str:
        marked = [found for found in self._row.evidence if found.check == "words" and found.start is not None]
        rest = [found.message for found in self._row.evidence if found not in marked]
        held = (
            [f"The marked {'words are' if len(marked) > 1 else 'word is'} on the held list."]
            if marked
            else []
        )
        return " ".join(dict.fromkeys(held + rest))


@dataclass(frozen=True)
class Decided:
    """A decision in a few words."""

    label: str
    who: str
    created_at: datetime


def _joined(spans: Sequence[Span], length: int) -> list[Span]:
    """Spans inside the text, overlapping ones as one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        start, end = max(0, span.start), min(length, span.end)
        if start >= end:
            continue
        if joined and start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Span(start, end))
    return joined

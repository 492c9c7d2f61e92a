"""The queue: one card that holds all a decision needs, and the rows that come next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from ... import clock, db
from ...errors import NotFound
from ...models import PENDING
from ...reading import cards as reading_cards
from ...reading import notices, queues
from ..audience import MODERATOR
from . import access, acts, frame, groups, past, phrases
from .access import open_to
from .cards import Card, Copies, choices
from .diffs import Diff, diff
from .frame import View

ROWS = 25
MOST_IDS = 100


@dataclass(frozen=True)
class Line:
    """A row under the card."""

    card: Card
    href: str
    before: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.card, name)


@dataclass(frozen=True)
class Empty:
    """What an empty queue says."""

    title: str
    note: str
    href: str | None = None
    link: str = ""
    key: str = ""
    decided: int = 0


TITLES = {
    "reported": "Every report has an answer",
    "pending": "Nothing waits",
    "new": "Nothing new",
    "published": "Nothing is published yet",
    "rejected": "Nothing was rejected",
    "spam": "No spam",
}


WORK = {
    "reported": "Reports that wait for an answer: {}.",
    "pending": "Comments that wait for a decision: {}.",
}


def add_to(blueprint: Blueprint) -> None:
    """The routes of this module."""
    blueprint.add_url_rule("/", "queue", show)
    blueprint.add_url_rule("/cards/<int:comment_id>", "card", card)


@open_to(MODERATOR)
def show() -> str:
    """The queue page: `queue`, `site`, `q`, `cursor`, and `comment`, which is shown first."""
    view = frame.view(queue=frame.chosen_queue())
    cursor = request.args.get("cursor") or None
    queue = frame.chosen_queue()
    page = queues.page(
        db.reading(),
        view.site_ids,
        queue,
        q=view.q or None,
        author=view.author,
        cluster=view.cluster,
        cursor=cursor,
        limit=ROWS,
    )
    cards = [Card(row) for row in page.rows]
    current = _completed(view, _current(view, cards))
    at = cards.index(current) if current in cards else -1
    view.next_href = frame.queue_href(view, cursor=page.next) if page.next else None
    return frame.rendered(
        "queue.html",
        view=view,
        card=current,
        rows=_lines(view, cards, at, cursor),
        position=_position(view, at, cursor),
        skip_href=_skip_href(view, cards, at, cursor),
        reasons=choices(),
        undo=acts.latest(db.reading(), view.site_ids, access.person().id),
        said=_said(view),
        empty=_empty(view) if current is None else None,
    )


@open_to(MODERATOR)
def card(comment_id: int) -> str:
    """The card alone, for the script. Raises NotFound for a comment of another site."""
    view = frame.view(queue=frame.chosen_queue(), counted=False)
    found = _completed(view, _asked(view, comment_id))
    if found is None:
        raise NotFound("There is no such comment.")
    undo = acts.latest(db.reading(), view.site_ids, access.person().id)
    skip_href = frame.queue_href(view)
    template = "group.html" if found.group else "card.html"
    return frame.rendered(template, view=view, card=found, undo=undo, skip_href=skip_href, position="")


def ids(text: str) -> list[int]:
    """The numbers in `1.2.3`; what is not one is left out."""
    parts = text.split(".")[:MOST_IDS]
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 19]


def _current(view: View, cards: Sequence[Card]) -> Card | None:
    asked = ids(request.args.get("comment", ""))[:1]
    for one in cards:
        if asked and one.id == asked[0]:
            return one
    found = _asked(view, asked[0]) if asked else None
    return found or (cards[0] if cards else None)


def _asked(view: View, comment_id: int) -> Card | None:
    """A comment that stands further on, or in another queue; decided ones may be looked at again."""
    row = reading_cards.card(db.reading(), view.site_ids, comment_id)
    return None if row is None else Card(row)


def _completed(view: View, card: Card | None) -> Card | None:
    """What only the card needs: the author's rejections, notices, what an edit changed, and its cluster."""
    if card is not None:
        card.change = _change(card)
        card.past = past.of(db.reading(), card.author_id, card.id) if card.author_id else None
        card.notices = notices.on(db.reading(), [card.id])[card.id]
        _gather(view, card)
    return card


def _gather(view: View, card: Card) -> None:
    """What is nearly the same: shown as one if it waits and is not taken apart, else told with ways to it."""
    if card.status == PENDING and card.cluster != view.singly:
        card.group = groups.of(db.reading(), card.site_key, card.id)
        card.singly_href = frame.queue_href(view, comment=card.id, singly=card.cluster)
    site = access.site_of(card.site_key)
    card.copies = [
        Copies(count, phrases.QUEUES[queue].lower(), _cluster_href(view, card, queue))
        for queue, count in groups.others(db.reading(), site.id, card.cluster, card.id).items()
    ]


def _cluster_href(view: View, card: Card, queue: str) -> str:
    # In the queue of what waits they are one card.
    return frame.queue_href(
        view, queue=queue, site=card.site_key, q=None, author=None, cluster=card.cluster, singly=None
    )


def _change(card: Card) -> Diff | None:
    """What the latest edit changed, of what readers see if that is an earlier revision."""
    if card.revision == 1:
        return None
    bodies = {version.revision: version.body for version in reading_cards.versions(db.reading(), card.id)}
    before = min(card.public_revision or card.revision, card.revision - 1)
    return diff(bodies[before], bodies[card.revision]) if before in bodies else None


def _lines(view: View, cards: Sequence[Card], at: int, cursor: str | None) -> list[Line]:
    group = cards[at].group if at >= 0 else None
    together = group.ids if group else set()
    return [
        Line(one, frame.queue_href(view, comment=one.id, cursor=cursor), place <= at or one.id in together)
        for place, one in enumerate(cards)
    ]


def _position(view: View, at: int, cursor: str | None) -> str:
    if at < 0 or cursor or view.is_narrow:
        return ""
    return f"{at + 1} of {view.count}"


def _skip_href(view: View, cards: Sequence[Card], at: int, cursor: str | None) -> str | None:
    group = cards[at].group if at >= 0 else None
    for one in cards[at + 1 :]:
        # A group that is skipped is skipped as a whole.
        if group is None or one.id not in group.ids:
            return frame.queue_href(view, comment=one.id, cursor=cursor)
    if view.next_href:
        return view.next_href
    return frame.queue_href(view) if len(cards) > 1 else None


def _said(view: View) -> acts.Said | None:
    banned = ids(request.args.get("banned", ""))[:1]
    if banned:
        return acts.banned(db.reading(), view.site_ids, banned[0])
    done, late = ids(request.args.get("done", "")), ids(request.args.get("late", ""))
    gone = ids(request.args.get("gone", ""))[:1]
    all_ids = [site.id for site in access.sites()]
    return acts.told(db.reading(), all_ids, done=done, late=late, gone=gone[0] if gone else 0)


def _empty(view: View) -> Empty:
    title = TITLES[view.queue or frame.DEFAULT_QUEUE]
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    decided = acts.decided_since(db.reading(), view.site_ids, access.person().id, today)
    other = next((name for name in WORK if name != view.queue and view.counts[name]), None)
    if other is None:
        return Empty(
            title,
            "No reader waits for you. What comes in is here when you open the page again.",
            decided=decided,
        )
    count = phrases.capped(view.counts[other])
    return Empty(
        title,
        WORK[other].format(count),
        href=frame.queue_href(view, queue=other, q=None),
        link=f"Go to the {count} {phrases.QUEUES[other].lower()}",
        key=str(list(phrases.QUEUES).index(other) + 1),
        decided=decided,
    )

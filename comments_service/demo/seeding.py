"""Fills the service with the newspaper's conversations, through its public API alone.

Run again after an interruption it goes on where it was: comments carry idempotency keys, and votes, reports
and decisions that were made already change nothing.

A conversation of one second would show nothing of times, so its people write from the article's appearance
until the edition of the demo, in the order in which they would have: the service's clock is set for each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from .. import clock
from .api import Api, Refusal
from .articles import Article
from .conversations import Comment, Conversation

ALREADY_DONE = 409
GONE = ("withdrawn", "rejected")

# The more there is to answer, the more people write: half of a conversation is of its last third.
PACE = 1.5
EDITED_AFTER = timedelta(minutes=3)

Progress = Callable[[int, int], None]


class Written(NamedTuple):
    """A comment, the thread it stands in, and when it was written."""

    at: datetime
    slug: str
    comment: Comment


class Seeder:
    """Posts conversations as their people; `secret` makes each person's author key, the same at every run."""

    def __init__(self, api: Api, secret: bytes) -> None:
        self._api = api
        self._secret = secret
        self._posted: dict[tuple[str, str], dict[str, Any]] = {}

    def seed(
        self,
        articles: Sequence[Article],
        conversations: Sequence[Conversation],
        edition: datetime,
        tell: Progress,
    ) -> None:
        """Register the articles, post all comments, then do what follows.

        Comments are dated between their article and `edition`. All of them come first, since a reply wants a
        parent that is still published. `tell` hears how many of how many comments are done. Raises Refusal
        when the service does not take something.
        """
        own_mode = [article for article in articles if article.mode is not None]
        for article in articles:
            self._set(article, title=article.title)
        for article in own_mode:
            self._set(article, mode="open")
        comments = written(articles, conversations, edition)
        for done, (at, slug, comment) in enumerate(comments, start=1):
            with clock_shows(at):
                self._post(slug, comment)
            tell(done, len(comments))
        for one in comments:
            self._follow_up(one, edition)
        for article in own_mode:  # only now: it would have held or refused what was to be posted
            self._set(article, mode=str(article.mode))

    def _set(self, article: Article, **values: str) -> None:
        self._api.moderate("PATCH", f"/threads?slug={quote(article.slug, safe='')}", values)

    def _post(self, slug: str, comment: Comment) -> None:
        body = {
            "slug": slug,
            "name": comment.name,
            "body": comment.body,
            "author_key": self._author_key(comment.name),
            "key": f"{slug}#{comment.id}",
        }
        if comment.parent is not None:
            body["parent"] = self._posted[slug, comment.parent]["comment"]["id"]
        answer = self._api.post("/comments", body, address=address_of(comment.name))
        self._posted[slug, comment.id] = answer

    def _follow_up(self, one: Written, edition: datetime) -> None:
        at, slug, comment = one
        answer = self._posted[slug, comment.id]
        if answer["comment"]["status"] in GONE:
            return  # the last that happens to a comment; nobody can vote on it any more
        place = f"/comments/{answer['comment']['id']}"
        if comment.edit is not None and answer["comment"]["revision"] == 1:
            revision = {"body": comment.edit, "edit_token": answer["edit_token"]}
            with clock_shows(at + EDITED_AFTER):
                self._api.post(f"{place}/revisions", revision, address=address_of(comment.name))
        for passer_by, value in _votes(comment):
            self._vote(place, passer_by, value)
        for number, complaint in enumerate(comment.reports):
            report = {"reason": complaint.reason, "text": complaint.text}
            with clock_shows(at + (edition - at) * (number + 1) / (len(comment.reports) + 1)):
                self._unless_done(f"{place}/reports", report, address=address_of(f"reporter {number}"))
        if comment.withdrawn:
            withdrawal = {"author_key": self._author_key(comment.name)}
            self._unless_done(f"{place}/withdrawal", withdrawal, address=address_of(comment.name))
        if comment.removal is not None:
            self._reject(answer["comment"], comment.removal.reason, comment.removal.note)

    def _vote(self, place: str, passer_by: str, value: int) -> None:
        vote = {"value": value, "author_key": self._author_key(passer_by)}
        self._api.post(f"{place}/votes", vote, address=address_of(passer_by))

    def _reject(self, comment: dict[str, Any], reason: str, note: str) -> None:
        # If it was rejected before an interruption, the service answers "stale": so it shall stay.
        decision = {
            "comment": comment["id"],
            "revision": comment["revision"],
            "from": "published",
            "action": "reject",
            "reason": reason,
            "note": note,
        }
        self._api.moderate("POST", "/decisions", {"decisions": [decision]})

    def _unless_done(self, path: str, body: dict[str, Any], *, address: str) -> None:
        try:
            self._api.post(path, body, address=address)
        except Refusal as refusal:
            if refusal.status != ALREADY_DONE:
                raise

    def _author_key(self, person: str) -> str:
        digest = hmac.digest(self._secret, f"demo author {person}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def written(
    articles: Sequence[Article], conversations: Sequence[Conversation], edition: datetime
) -> list[Written]:
    """All comments in the order of their times, which is each conversation's own order.

    Ids and the log of decisions then grow with time, as they do where people write.
    """
    appeared = {article.slug: article.published_at for article in articles}
    comments = []
    for talk in conversations:
        span, parts = edition - appeared[talk.article], len(talk.comments) + 1
        for left, comment in zip(range(parts - 1, 0, -1), talk.comments, strict=True):
            comments.append(Written(edition - span * (left / parts) ** PACE, talk.article, comment))
    return sorted(comments, key=lambda one: one.at)


@contextmanager
def clock_shows(moment: datetime) -> Iterator[None]:
    """Sets the clock of this process, in which the service's application answers while it is seeded.

    For all of its threads: the one that commits asks for the time, too. Nothing else runs here meanwhile.
    """
    now = clock.now
    clock.now = lambda: moment
    try:
        yield
    finally:
        clock.now = now


def address_of(person: str) -> str:
    """Where a person writes from: an address reserved for documentation, the same at every run."""
    digest = hashlib.sha256(person.encode()).digest()
    return f"2001:db8:{digest[0]:x}{digest[1]:02x}:{digest[2]:x}{digest[3]:02x}::1"


def _votes(comment: Comment) -> Iterator[tuple[str, int]]:
    values = [1] * comment.up + [-1] * comment.down
    for number, value in enumerate(values):
        yield f"passer-by {number}", value

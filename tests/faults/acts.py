"""A crowd that votes, edits, withdraws, reports, replies and decides on the same few comments at once."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comments_service.identity import Signer
from comments_service.models import WITHDRAWN, Author, Comment, Decision, Revision, Vote
from tests.app import ORIGIN, Live
from tests.databases import SECRET
from tests.faults.writers import ANSWER_SECONDS

ACTORS = 10
ROOTS, REPLIES = 3, 4
SITE = "/api/v1/sites/horizons"
# Who takes a comment back, and after which share of their acts: few, or nothing is left to act on.
WITHDRAW_AFTER = {0: 0.5, 1: 0.75}
# How likely each act is, and what it may be answered: whoever comes too late is told so.
ACTS = {
    "vote": (30, {200, 404}),
    "edit": (15, {201, 202, 404}),
    "decide": (25, {200}),
    "reverse": (10, {200, 201, 404, 409}),
    "report": (10, {201, 404}),
    "reply": (10, {201, 404}),
    "withdraw": (0, {200, 404}),
}


class Crowd:
    """Ten readers and moderators, each with an address of their own, and the comments they are about.

    `seed` says who does what; what they meet is decided by who comes first. The service must trust
    the forwarding headers of 127.0.0.1. What was promised to them is compared by `broken_promises`.
    """

    def __init__(self, live: Live, *, token: str, seed: int) -> None:
        self.live = live
        self.token = token
        self.seed = seed
        self.slug = f"crowd-{seed}"
        self.lock = threading.Lock()
        self.answers: Counter[str] = Counter()
        self.wrong: list[tuple[str, int, Any]] = []
        self.votes: dict[tuple[str, int], int] = {}
        self.edits: dict[int, list[str]] = defaultdict(list)
        self.decided: list[int] = []
        self.reversals = 0
        self.withdrawn: set[int] = set()
        self.owners: dict[int, str] = {}
        self.edit_tokens: dict[int, str] = {}
        writer = Actor(self, ACTORS)
        with closing(writer.connection):
            roots = [writer.post(f"Root {number}", None) for number in range(ROOTS)]
            for number in range(REPLIES):
                writer.post(f"Reply {number}", roots[number % ROOTS])
        self.targets = sorted(self.owners)

    def act(self, count: int) -> None:
        """Everybody acts so many times, all at once."""
        actors = [Actor(self, number) for number in range(ACTORS)]
        with ThreadPoolExecutor(ACTORS) as pool:
            list(pool.map(lambda actor: actor.act(count), actors))

    def told(self) -> str:
        """What they were answered, in a sentence."""
        return ", ".join(f"{count} {answer}" for answer, count in sorted(self.answers.items()))

    def broken_promises(self, session: Session) -> list[str]:
        """What the database does not say as it was answered; empty when all is well."""
        return [*self._votes(session), *self._texts(session), *self._log(session)]

    def _votes(self, session: Session) -> list[str]:
        signer = Signer(SECRET)
        query = select(Author.key_hash, Vote.comment_id, Vote.value).join(Author, Author.id == Vote.author_id)
        rows = session.execute(query.where(Vote.comment_id.in_(self.targets)))
        stored = {(row.key_hash, row.comment_id): row.value for row in rows}
        promised = {(signer.author(1, key), id): value for (key, id), value in self.votes.items() if value}
        return [] if stored == promised else [f"votes: {stored} is not {promised}"]

    def _texts(self, session: Session) -> list[str]:
        bad = []
        for id in self.owners:
            query = select(Revision.body).where(Revision.comment_id == id).order_by(Revision.revision)
            bodies = session.scalars(query).all()
            # The hourly purge, which begins a minute after the service, erases what was taken back.
            is_erased = id in self.withdrawn and not any(bodies)
            as_sent = sorted(bodies[1:]) == sorted(self.edits[id]) and len(set(bodies)) == len(bodies)
            if not as_sent and not is_erased:
                bad.append(f"comment {id}: {bodies} is not what was sent: {self.edits[id]}")
            status = session.scalar(select(Comment.status).where(Comment.id == id))
            if (status == WITHDRAWN) != (id in self.withdrawn):
                bad.append(f"comment {id} is {status}, taken back: {id in self.withdrawn}")
        return bad

    def _log(self, session: Session) -> list[str]:
        mine = (Decision.comment_id.in_(self.owners), Decision.moderator_id.is_not(None))
        logged = session.scalar(select(func.count()).where(*mine))
        done = len(self.decided) + self.reversals
        return [] if logged == done else [f"{logged} decisions in the log, {done} answered"]


class Actor:
    """One of the crowd: a reader who is also a moderator."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd = crowd
        self.number = number
        self.chance = random.Random(crowd.seed * 1_000 + number)
        self.author_key = f"actor-{number:02}-{self.chance.randbytes(16).hex()}"
        self.connection = HTTPConnection("127.0.0.1", crowd.live.port, timeout=ANSWER_SECONDS)
        self.said = 0

    def act(self, count: int) -> None:
        """Do `count` things, one after the other."""
        weights = [weight for weight, _ in ACTS.values()]
        names = self.chance.choices(list(ACTS), weights, k=count)
        if self.number in WITHDRAW_AFTER:
            names[int(count * WITHDRAW_AFTER[self.number])] = "withdraw"
        with closing(self.connection):
            for name in names:
                act: Callable[[int], tuple[int, Any]] = getattr(self, f"_{name}")
                status, content = act(self.chance.choice(self.crowd.targets))
                with self.crowd.lock:
                    self.crowd.answers[f"{name} {status}"] += 1
                    if status not in ACTS[name][1]:
                        self.crowd.wrong.append((name, status, content))

    def post(self, body: str, parent: int | None) -> int | None:
        """Post a comment of one's own; its id, None when its parent is gone."""
        words = {"slug": self.crowd.slug, "name": "Wren", "body": body, "author_key": self.author_key}
        status, content = self._ask("/comments", words | ({} if parent is None else {"parent": parent}))
        if status != 201:
            return None
        id = int(content["comment"]["id"])
        self.crowd.owners[id], self.crowd.edit_tokens[id] = self.author_key, content["edit_token"]
        return id

    def _reply(self, id: int) -> tuple[int, Any]:
        return (404, None) if self.post(self._words(), id) is None else (201, None)

    def _vote(self, id: int) -> tuple[int, Any]:
        value = self.chance.choice((1, 0, -1))
        status, content = self._ask(f"/comments/{id}/votes", {"value": value, "author_key": self.author_key})
        if status == 200:
            self.crowd.votes[self.author_key, id] = value
        return status, content

    def _edit(self, id: int) -> tuple[int, Any]:
        body = self._words()
        edit = {"body": body, "edit_token": self.crowd.edit_tokens[id]}
        status, content = self._ask(f"/comments/{id}/revisions", edit)
        if status in (201, 202):
            self.crowd.edits[id].append(body)
        return status, content

    def _withdraw(self, id: int) -> tuple[int, Any]:
        status, content = self._ask(f"/comments/{id}/withdrawal", {"author_key": self.crowd.owners[id]})
        if status == 200:
            self.crowd.withdrawn.add(id)
        return status, content

    def _report(self, id: int) -> tuple[int, Any]:
        return self._ask(f"/comments/{id}/reports", {"reason": "abuse"})

    def _decide(self, id: int) -> tuple[int, Any]:
        status, seen = self._ask(f"/moderation/comments/{id}")
        if status != 200:
            return status, seen
        seen = seen.get("comment", seen)
        action = self.chance.choice(("approve", "approve", "reject", "spam"))
        reason = {} if action == "approve" else {"reason": "abuse"}
        decision = {"comment": id, "revision": seen["revision"], "from": seen["status"], "action": action}
        status, content = self._ask("/moderation/decisions", {"decisions": [decision | reason]})
        if status == 200 and content["results"][0]["result"] == "done":
            self.crowd.decided.append(content["results"][0]["decision"])
        return status, content

    def _reverse(self, id: int) -> tuple[int, Any]:
        if not (latest := self.crowd.decided[-5:]):
            return 404, None
        status, content = self._ask(f"/moderation/decisions/{self.chance.choice(latest)}/reversal", {})
        if status in (200, 201):
            with self.crowd.lock:
                self.crowd.reversals += 1
        return status, content

    def _words(self) -> str:
        self.said += 1
        return f"Number {self.said} of {self.number}"

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": f"198.51.100.{self.number + 1}"}
        if path.startswith("/moderation"):
            headers["Authorization"] = f"Bearer {self.crowd.token}"
        else:
            headers["Origin"] = ORIGIN
        sent = None if body is None else json.dumps(body)
        self.connection.request("GET" if body is None else "POST", SITE + path, sent, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

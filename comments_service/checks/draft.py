"""What the checks look at, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from ..errors import ServiceError
from ..identity import HashedBucket
from ..models.policy import Policy
from ..text.near import NO_BANDS, Bands

Action = Literal["publish", "hold", "refuse", "discard"]
STRICTNESS: tuple[Action, ...] = ("publish", "hold", "discard", "refuse")


class ThreadFacts(NamedTuple):
    """What checks know of the thread."""

    id: int
    slug: str
    mode: str | None
    closes_at: datetime | None
    slow_seconds: int
    opened_at: datetime | None


class AuthorFacts(NamedTuple):
    """What checks know of the author: their record on the site."""

    id: int
    published: int
    rejected: int
    trusted_at: datetime | None


class Seen(NamedTuple):
    """What the database says just now of a draft and its writer, in one look (see `looking`).

    `root_id` is the root of the conversation that `parent` belongs to, None when there is no such published
    comment in the thread; the next three are of the author's first request with the same key. `near` are the
    comments of the site that the text may be a near duplicate of (see `text.near`).
    """

    is_banned: bool = False
    is_repeated: bool = False
    root_id: int | None = None
    first_id: int | None = None
    first_status: int | None = None
    first_payload: bytes | None = None
    near: frozenset[int] = frozenset()


NOTHING_SEEN = Seen()


@dataclass
class Draft:
    """A comment, or an edit of one, before it is stored.

    `thread` is None while the slug is new, `author` None for somebody unknown; `comment_id` is set
    for an edit. `form_age` is in seconds, None without a valid form token. `buckets` maps days to this
    writer's address hash on that day, as far as somebody wrote then: today, yesterday (at least where the
    thread is slow), and each day on which the site banned addresses. `bucket` is today's hash, known only
    inside the transaction that stores the comment. `seen` is looked up before each judgement.
    """

    site_id: int
    policy: Policy
    thread: ThreadFacts | None
    author: AuthorFacts | None
    name: str
    body: str
    # The text a reader of the rendering sees: marks and entities cannot hide a word there.
    shown: str
    links: tuple[str, ...]
    fingerprint: bytes
    bands: Bands = NO_BANDS
    subject: str = ""
    form_age: float | None = None
    comment_id: int | None = None
    buckets: Mapping[str, bytes] = field(default_factory=dict)
    bucket: HashedBucket | None = None
    seen: Seen = NOTHING_SEEN

    @property
    def mode(self) -> str:
        """The thread's mode now."""
        if self.thread is None:
            return self.policy.mode
        return self.policy.mode_of(self.thread.mode, self.thread.closes_at, self.thread.opened_at)

    @property
    def is_edit(self) -> bool:
        """Whether this is a new revision of a comment that exists."""
        return self.comment_id is not None


@dataclass(frozen=True)
class Found:
    """One piece of evidence: the check's rule, the matched span of the body, a sentence for a moderator."""

    check: str
    rule: str
    message: str
    start: int | None = None
    end: int | None = None
    score: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What one check, or the whole chain, says.

    `reason` is a sentence for the author; `error` is what a refusal raises. `cluster` is the number of the
    cluster of near duplicates that the comment belongs to.
    """

    action: Action = "publish"
    reason: str = ""
    evidence: tuple[Found, ...] = ()
    error: ServiceError | None = None
    cluster: int | None = None

    def joined(self, other: Verdict) -> Verdict:
        """Both verdicts: the stricter action with its reason, all evidence.

        The reason of a hold stays when a discard follows, so that its author cannot tell them apart.
        """
        stricter = self if STRICTNESS.index(self.action) >= STRICTNESS.index(other.action) else other
        reason = self.reason if other.action == "discard" and self.reason else stricter.reason
        return Verdict(
            stricter.action,
            reason,
            self.evidence + other.evidence,
            stricter.error,
            self.cluster or other.cluster,
        )


PUBLISH = Verdict()


def hold(reason: str, *evidence: Found) -> Verdict:
    """A moderator is to look at it first."""
    return Verdict("hold", reason, evidence)


def refuse(error: ServiceError) -> Verdict:
    """It may not go in, and the writer is told why."""
    return Verdict("refuse", error.message, (), error)

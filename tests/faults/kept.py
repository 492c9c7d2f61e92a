"""Whether what writers were promised is what the service holds: nothing lost, doubled or altered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import clock
from comments_service.cli.commands import snapshot
from comments_service.identity import Signer
from comments_service.models import (
    PENDING,
    PUBLISHED,
    Author,
    Comment,
    IdempotencyKey,
    Revision,
    Site,
    Thread,
)
from tests.app import Live
from tests.databases import SECRET, open_database
from tests.faults.sound import assert_sound
from tests.faults.writers import Acknowledged, Ledger

PAGE = 100


@dataclass
class Difference:
    """What the database does not hold as it was promised; each a list of sentences."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.altered or self.disordered)


def assert_kept(ledger: Ledger, url: str) -> str:
    """All that was acknowledged is stored once and as it was sent, and the database is sound.

    Answers with a sentence of figures.
    """
    assert ledger.refused == []
    assert ledger.given_up == []
    found = difference(ledger, url)
    assert found.is_none, found
    assert_sound(url)
    again = sum(ledger.troubles.values())
    return (
        f"{len(ledger.acknowledged):,} posts acknowledged, 0 lost, 0 doubled, 0 altered, "
        "0 out of order, counters right, "
        f"{again:,} tries repeated ({', '.join(f'{n} {why}' for why, n in ledger.troubles.most_common())})"
    )


def assert_served(ledger: Ledger, live: Live) -> None:
    """Readers who walk through all pages of a thread find what was published in it, once and in order."""
    for slug in sorted({one.sent.slug for one in ledger.acknowledged}):
        promised = {one.id for one in ledger.acknowledged if one.sent.slug == slug and one.status == 201}
        site = next(one.sent.site for one in ledger.acknowledged)
        walked = list(_walked(live, site, slug))
        assert not (missing := promised - set(walked)), missing
        assert len(walked) == len(set(walked))
        assert live.api(f"{site}/counts", slug=slug) == {"counts": {slug: len(walked)}}


def difference(ledger: Ledger, url: str, *, until: float = float("inf")) -> Difference:
    """Compare what was acknowledged until a moment (of the monotonic clock) with what is stored."""
    promised = [one for one in ledger.acknowledged if one.ended <= until]
    with open_database(url) as database, snapshot(database) as session:
        return differing(session, promised)


def differing(session: Session, promised: list[Acknowledged]) -> Difference:
    """Compare what was promised with what this session sees."""
    found = Difference()
    stored = {row.id: row for row in _stored(session)}
    signer = Signer(SECRET)
    sites = {key: id for id, key in session.execute(select(Site.id, Site.key))}
    keys = {(row.author_id, row.key): row for row in session.scalars(select(IdempotencyKey))}
    texts = Counter((row.site_id, row.key_hash, row.body) for row in stored.values())
    ids = Counter(one.id for one in promised)
    found.doubled += [f"comment {id} was promised {count} times" for id, count in ids.items() if count > 1]
    found.doubled += [f"stored {count} times: {text[-1]!r}" for text, count in texts.items() if count > 1]
    for one in promised:
        row = stored.get(one.id)
        key_hash = signer.author(sites[one.sent.site], one.sent.author_key)
        if row is None:
            found.lost.append(f"comment {one.id}: {one.sent}")
        elif _wanted(one, key_hash) != (is_ := _found(row)):
            found.altered.append(f"comment {one.id}: wanted {_wanted(one, key_hash)}, found {is_}")
        elif (key := keys.get((row.author_id, one.sent.key))) is None or key.comment_id != one.id:
            found.lost.append(f"the key of comment {one.id}")
    found.disordered += _disordered(promised, stored)
    return found


def _stored(session: Session) -> Iterator[Any]:
    columns = (
        Comment.id,
        Comment.site_id,
        Comment.author_id,
        Comment.parent_id,
        Comment.name,
        Comment.status,
        Comment.created_at,
        Comment.n,
        Author.key_hash,
        Thread.slug,
        Revision.body,
        Revision.html,
    )
    return iter(
        session.execute(
            select(*columns)
            .join(Thread, Thread.id == Comment.thread_id)
            .join(Author, Author.id == Comment.author_id, isouter=True)
            .join(Revision, (Revision.comment_id == Comment.id) & (Revision.revision == 1))
        )
    )


def _wanted(one: Acknowledged, key_hash: bytes) -> tuple[Any, ...]:
    comment = one.answer["comment"]
    status = PUBLISHED if one.status == 201 else PENDING
    assert comment["status"] == status
    sent = one.sent
    return (
        key_hash,
        sent.slug,
        sent.parent,
        sent.name,
        sent.body,
        comment["html"],
        comment["created_at"],
        status,
    )


def _found(row: Any) -> tuple[Any, ...]:
    created_at = clock.rfc3339(row.created_at)
    return row.key_hash, row.slug, row.parent_id, row.name, row.body, row.html, created_at, row.status


def _disordered(promised: list[Acknowledged], stored: dict[int, Any]) -> Iterator[str]:
    """What was first sent after another was acknowledged stands after it."""
    places = {one.id: row.n for one in promised if (row := stored.get(one.id)) is not None and row.n}
    highest: Counter[str] = Counter()
    # At one moment, what ended comes before what began.
    ends = [(one.ended, 0, one) for one in promised]
    begins = [(one.began, 1, one) for one in promised]
    for _, is_begin, one in sorted(ends + begins, key=lambda event: event[:2]):
        place = places.get(one.id)
        if place is None:
            continue
        if not is_begin:
            highest[one.sent.slug] = max(highest[one.sent.slug], place)
        elif place <= highest[one.sent.slug]:
            yield f"comment {one.id} has place {place}, but {highest[one.sent.slug]} was given before"


def _walked(live: Live, site: str, slug: str) -> Iterator[int]:
    cursor: str | None = ""
    while cursor is not None:
        page = live.api(f"{site}/comments", slug=slug, sort="oldest", limit=PAGE, cursor=cursor)
        for root in page["comments"]:
            yield root["id"]
            yield from (reply["id"] for reply in root["replies"])
            yield from _replies(live, site, root)
        cursor = page["next"]


def _replies(live: Live, site: str, root: dict[str, Any]) -> Iterator[int]:
    cursor = root["replies_next"]
    while cursor is not None:
        page = live.api(f"{site}/comments/{root['id']}/replies", cursor=cursor, limit=PAGE)
        yield from (reply["id"] for reply in page["comments"])
        cursor = page["next"]

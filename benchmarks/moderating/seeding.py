"""A site whose moderators have fallen behind: so many comments wait, each with what a post leaves."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from comments_service import log, migrating, people, searching, sites, upkeep
from comments_service.config import Settings
from comments_service.db import Database
from comments_service.identity import Signer
from comments_service.models import (
    Author,
    Comment,
    CommentWords,
    Decision,
    Evidence,
    LogHead,
    Report,
    Revision,
    Thread,
)

SITE = "horizons"
SECRET = b"a secret of the benchmark, 32 bytes and more"
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
THREADS = 200
# One author writes so many; every so manieth comment answers another, was reported, holds the rare word.
EACH, ANSWERED, REPORTED, RARE = 40, 5, 20, 10_000
RARE_WORD, FREQUENT_WORD, ARTICLE = "quagmire", "council", "lighthouse"
BATCH = 5_000
VOCABULARY = 5_000


class Filled(NamedTuple):
    """What a benchmark must know of a database: how many wait, a moderator's token, an author's id."""

    size: int
    token: str
    author: int


def fill(url: str, size: int) -> Filled:
    """Migrate an empty database and fill it; `size` comments wait for a decision."""
    with upkeep.opened(Settings(secret_key=SECRET, database_url=url)) as database:
        migrating.upgrade(database)
        site_id = database.write(lambda session: sites.add(session, key=SITE, name="Horizons", origins=[]))
        threads, authors = database.write(lambda session: _places(session, site_id, size))
        texts = list(_texts())
        head = log.NOTHING_YET
        for start in range(1, size + 1, BATCH):
            numbers = range(start, min(start + BATCH, size + 1))
            rows = _Rows(site_id, threads, authors, texts, numbers, head)
            database.write(rows.store)
            head = rows.head
        token = database.write(lambda session: _finish(session, site_id, size, head))
        _analyse(database)
        return Filled(size, token, authors[0])


class _Rows:
    """The rows of some comments, in the order of their ids."""

    def __init__(
        self,
        site_id: int,
        threads: Sequence[int],
        authors: Sequence[int],
        texts: Sequence[str],
        numbers: range,
        head: bytes,
    ) -> None:
        self.rows: dict[Any, list[dict[str, Any]]] = {
            model: [] for model in (Comment, Revision, CommentWords, Evidence, Decision, Report)
        }
        self.head = head
        for number in numbers:
            body = texts[number * 7919 % len(texts)]
            if number % RARE == 17:
                body += f" A {RARE_WORD}."
            self._add(number, site_id, threads[number % len(threads)], authors[number // EACH], body)

    def _add(self, number: int, site_id: int, thread: int, author: int, body: str) -> None:
        created, name = BEGAN + timedelta(seconds=20 * number), f"Reader {author}"
        reports = number % 3 + 1 if number % REPORTED == 0 else 0
        self.rows[Comment].append(
            {
                "id": number,
                "site_id": site_id,
                "thread_id": thread,
                "author_id": author,
                "name": name,
                "status": "pending",
                "reason": "A moderator looks at it first.",
                "open_reports": reports,
                "created_at": created,
            }
        )
        mine = {"comment_id": number, "revision": 1}
        stored = {"body": body, "html": f"<p>{body}</p>", "policy_version": 1, "salt": bytes(16)}
        self.rows[Revision].append({**mine, **stored, "created_at": created})
        self.rows[CommentWords].append({"comment_id": number, "words": searching.of_comment(name, body)})
        found = {"check": "words", "rule": "words_held", "start": 0, "end": 5, "score": None}
        self.rows[Evidence].append({**mine, **found, "message": "A word that the site holds."})
        self._log(number, site_id, body, created)
        for _ in range(reports):
            self.rows[Report].append({**mine, "reason": "abuse", "text": "", "created_at": created})

    def _log(self, number: int, site_id: int, body: str, created: datetime) -> None:
        values: dict[str, Any] = {
            "site_id": site_id,
            "seq": number,
            "comment_id": number,
            "revision": 1,
            "action": "hold",
            "reason": None,
            "moderator_id": None,
            "reverses": None,
            "before_status": "pending",
            "before_revision": 1,
            "before_held_revision": None,
            "after_status": "pending",
            "trusts": False,
            "text_hash": log.text_hash(bytes(16), body),
            "note_hash": None,
            "created_at": created,
        }
        self.head = log.chained(self.head, Decision(**values))
        self.rows[Decision].append({**values, "hash": self.head})

    def store(self, session: Session) -> None:
        """Insert them all."""
        for model, rows in self.rows.items():
            if rows:
                session.execute(insert(model), rows)


def _places(session: Session, site_id: int, size: int) -> tuple[list[int], list[int]]:
    """The ids of new threads and authors."""
    titles = [
        f"{'The old ' + ARTICLE if number == 7 else 'Council talks'} {number}" for number in range(THREADS)
    ]
    threads = [
        {"site_id": site_id, "slug": f"articles/{number}", "title": title, "created_at": BEGAN}
        for number, title in enumerate(titles)
    ]
    thread_ids = list(session.scalars(insert(Thread).returning(Thread.id), threads))
    searching.keep_threads(session, thread_ids)
    authors = [
        {"site_id": site_id, "key_hash": number.to_bytes(32), "name": f"Reader {number}", "created_at": BEGAN}
        for number in range(size // EACH + 1)
    ]
    return thread_ids, list(session.scalars(insert(Author).returning(Author.id), authors))


def _finish(session: Session, site_id: int, size: int, head: bytes) -> str:
    session.execute(insert(LogHead).values(site_id=site_id, count=size, hash=head))
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT setval(pg_get_serial_sequence('comment', 'id'), max(id)) FROM comment"))
    people.add(session, name="Ada", sites=[SITE], role="moderator")
    return str(people.add_token(session, Signer(SECRET), "Ada"))


def _texts() -> Iterator[str]:
    """Two thousand texts of 60 to 600 characters, in which few words are frequent and most are rare."""
    chance = random.Random(7)
    letters = "aeiounrstlmdkbgpvfh"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 10))) for _ in range(VOCABULARY)]
    words[0] = FREQUENT_WORD
    weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    for _ in range(2_000):
        yield " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(10, 90)))


def _analyse(database: Database) -> None:
    # PostgreSQL does it by itself in time; on SQLite nobody does, and all must be quick without.
    if database.turn is None:
        with database.writer.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("ANALYZE"))
            connection.commit()
            connection.invalidate()

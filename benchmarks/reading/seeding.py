"""Seeded databases, filled in bulk with what publishing would have written, and kept for the next run."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, FromClause, insert, update
from sqlalchemy.orm import Session

from comments_service import clock, migrating, searching, sites, upkeep
from comments_service.config import Settings
from comments_service.db import Base
from comments_service.models import Comment, CommentWords, Revision, Thread
from comments_service.models.leaf import leaf
from comments_service.models.rank import rank
from comments_service.text import terms
from comments_service.text.render import POLICY_VERSION, render

SITE = "horizons"
ORIGIN = "https://news.example"
SECRET = b"a secret of the benchmark, 32 bytes and more"
THREADS = (10, 100, 1_000, 100_000)
MILLION = 1_000_000
# Threads that the writer posts to and that counts are asked of.
OTHERS = 40
# A root and its three replies: the first page of 25 roots is then a page of 100 comments.
FAMILY = 4
NAMES = 97
BATCH = 10_000
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
WORDS = (
    *("the", "council", "river", "morning", "bridge", "quite", "story", "budget", "people", "because"),
    *("never", "reading", "paper", "weather", "city", "article", "question", "answer", "market", "early"),
    *("teacher", "rather", "library", "against", "number"),
)


def slug(size: int) -> str:
    """The slug of the thread with that many comments."""
    return f"articles/{size}-comments"


def other(number: int) -> str:
    """The slug of one of the small threads."""
    return f"others/{number}"


def settings(path: Path) -> Settings:
    """The settings under which the seeded file is written."""
    return Settings(secret_key=SECRET, database_url=f"sqlite:///{path}")


def usual(folder: Path) -> Path:
    """The file with the four threads and the small ones, made when it is not there."""
    return _made(folder / "usual.db", _fill_usual)


def million(folder: Path) -> Path:
    """The same with so many further threads of 100 that it holds a million comments."""
    source = usual(folder)

    def fill(path: Path) -> None:
        shutil.copy(source, path)
        _fill_up(path)

    return _made(folder / "million.db", fill)


def seed(session: Session, site_id: int, place: str, size: int, texts: Texts) -> int:
    """A thread of `size` published comments as publishing leaves it; returns its id."""
    thread_id = session.execute(
        insert(Thread).values(site_id=site_id, slug=place, created_at=BEGAN).returning(Thread.id)
    ).scalar_one()
    searching.keep_threads(session, [thread_id])
    first = (session.query(Comment.id).order_by(Comment.id.desc()).limit(1).scalar() or 0) + 1
    for start in range(0, size, BATCH):
        numbers = range(start, min(start + BATCH, size))
        chosen = [texts.choose() for _ in numbers]
        add(
            session,
            Comment,
            [
                _comment(site_id, thread_id, first, n, size, text)
                for n, text in zip(numbers, chosen, strict=True)
            ],
        )
        add(session, Revision, [_revision(first + n, text) for n, text in zip(numbers, chosen, strict=True)])
        add(
            session,
            CommentWords,
            [_words(first + n, n, text) for n, text in zip(numbers, chosen, strict=True)],
        )
    last = BEGAN + timedelta(seconds=size)
    session.execute(
        update(Thread)
        .where(Thread.id == thread_id)
        .values(version=clock.microseconds(last), count=size, last_n=size, opened_at=BEGAN)
    )
    return thread_id


def add(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert rows that name the same columns; into PostgreSQL by COPY, which takes a quarter of the time."""
    if session.get_bind().dialect.name == "postgresql":
        _copy(session.connection(), model.__table__, rows)
    else:
        session.execute(insert(model), rows)


def _copy(connection: Connection, table: FromClause, rows: list[dict[str, Any]]) -> None:
    columns = [table.c[name] for name in rows[0]]
    to_database = [
        column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns
    ]
    names = ", ".join(column.name for column in columns)
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                [to(value) if to else value for to, value in zip(to_database, row.values(), strict=True)]
            )


class Text(NamedTuple):
    """A body, its rendering, and its words for the search."""

    body: str
    html: str
    words: str


class Texts:
    """Bodies of 60 to 500 characters with renderings and words: a few hundred of them, made once."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        self._made = [self._make() for _ in range(300)]

    def choose(self) -> Text:
        """One of them."""
        return self._random.choice(self._made)

    def _make(self) -> Text:
        body = " ".join(self._random.choices(WORDS, k=self._random.randint(10, 70)))
        if self._random.random() < 0.2:
            body += "\n\n*And* another [thing](https://example.org/thing)."
        return Text(body, render(body).html, terms.words(body))


def _made(path: Path, fill: Any) -> Path:
    """`path`, filled under another name first, so that a broken run leaves nothing half made."""
    if path.exists() and _is_current(path):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    _remove(unfinished)
    fill(unfinished)
    _remove(path)
    unfinished.rename(path)
    return path


def _is_current(path: Path) -> bool:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    return bool(found == (migrating.newest(),))


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".turn"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _fill_usual(path: Path) -> None:
    made = {slug(size): size for size in THREADS} | {
        other(number): 8 + number % 5 for number in range(OTHERS)
    }
    with upkeep.opened(settings(path)) as database:
        migrating.upgrade(database)
        site_id = database.write(
            lambda session: sites.add(
                session, key=SITE, name="Horizons", origins=[ORIGIN], policy={"mode": "open"}
            )
        )
        texts = Texts()
        for name, size in made.items():
            database.write(partial(seed, site_id=site_id, place=name, size=size, texts=texts))
    _settle(path)


def _fill_up(path: Path) -> None:
    with upkeep.opened(settings(path)) as database:
        present = database.write(lambda session: session.query(Comment).count())
        texts = Texts()
        for numbers in _batches(range((MILLION - present) // 100)):
            database.write(partial(_seed_archive, numbers=numbers, texts=texts))
    _settle(path)


def _seed_archive(session: Session, numbers: range, texts: Texts) -> None:
    for number in numbers:
        seed(session, 1, f"archive/{number}", 100, texts)


def _batches(numbers: range) -> Iterator[range]:
    for start in range(0, len(numbers), 500):
        yield numbers[start : start + 500]


def _settle(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _comment(site_id: int, thread_id: int, first: int, n: int, size: int, text: Text) -> dict[str, Any]:
    created_at, root, name = BEGAN + timedelta(seconds=n), n - n % FAMILY, f"Reader {n % NAMES}"
    is_root, ups, downs = n == root, (n * 7919) % 23, (n * 104729) % 5
    return {
        "id": first + n,
        "site_id": site_id,
        "thread_id": thread_id,
        # The second reply answers the first; the others answer the root.
        "parent_id": None if is_root else first + (n - 1 if n % FAMILY == 2 else root),
        "root_id": None if is_root else first + root,
        "name": name,
        "status": "published",
        "n": n + 1,
        "shown": True,
        "leaf": leaf(
            name=name, badge=None, html=text.html, created_at=created_at, edited_at=None, revision=1
        ),
        "ups": ups,
        "downs": downs,
        "score": ups - downs,
        "rank": rank(ups, downs),
        "replies_total": min(FAMILY, size - n) - 1 if is_root else 0,
        "created_at": created_at,
    }


def _words(comment_id: int, n: int, text: Text) -> dict[str, Any]:
    return {"comment_id": comment_id, "words": f"reader {n % NAMES} {text.words}"}


def _revision(comment_id: int, text: Text) -> dict[str, Any]:
    return {
        "comment_id": comment_id,
        "revision": 1,
        "body": text.body,
        "html": text.html,
        "policy_version": POLICY_VERSION,
        "salt": bytes(16),
        "created_at": BEGAN,
    }

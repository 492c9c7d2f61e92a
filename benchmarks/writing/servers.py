"""The servers that are measured, ours and the plain way, on an SQLite file or in a database of PostgreSQL."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks.reading import seeding
from benchmarks.reading.servers import Server, Service
from comments_service import clock, identity, migrating, sites
from comments_service.config import Settings
from comments_service.db import Database
from comments_service.identity import Signer
from comments_service.models import Ban
from tests.servers.ports import free_port

from . import plain
from .lists import HELD, REFUSED, RESERVED

LARGE = 100_000
THREADS = 20
BANS = 20
# The gate lets in eight bodies less than there are threads; each client is one.
THREADS_OF_SERVER = 72
LARGE_SLUG = seeding.slug(LARGE)
SLUGS = tuple(seeding.other(number) for number in range(THREADS))


class Ours(Service):
    """The real service: two workers, all checks on, limits off, since all posts come from one address."""

    name = "ours"
    path = f"/api/v1/sites/{seeding.SITE}/comments"

    def __init__(self, url: str, folder: Path) -> None:
        self.database_url = url
        super().__init__(
            url,
            seeding.SECRET,
            folder / "ours.log",
            threads=THREADS_OF_SERVER,
            COMMENTS_LIMIT_POST="off",
            COMMENTS_LIMIT_THREADS="off",
            COMMENTS_RATE_LIMIT_STORAGE=f"sqlitefile:///{folder / 'limits.db'}",
        )

    def stored(self) -> int:
        """How many comments there are."""
        return _count(self.database_url, "comment")


class Plain(Server):
    """The plain way by the same server, likewise with two workers."""

    name = "plain"
    path = "/comments"

    def __init__(self, url: str, folder: Path) -> None:
        self.database_url = url
        port = free_port()
        words = [sys.executable, "-m", "benchmarks.writing.plain", str(port), url, str(THREADS_OF_SERVER)]
        super().__init__(words, port, {}, folder / "plain.log")

    def probe(self) -> str:
        """Its other view."""
        return "/comments"

    def stored(self) -> int:
        """How many comments there are."""
        return _count(self.database_url, "plain_comment")


def fill_ours(url: str, usual: Path) -> None:
    """The large thread, the small ones, word lists, reserved names and bans, in an empty database."""
    settings = Settings(secret_key=seeding.SECRET, database_url=url)
    if settings.is_sqlite:
        shutil.copy(usual, settings.database_path)
    database = Database(settings)
    if not settings.is_sqlite:
        migrating.upgrade(database)
        database.write(_threads)
    database.write(_strict)
    database.writer.dispose()


def fill_plain(url: str) -> None:
    """The same in the tables of the plain way."""
    texts = seeding.Texts()
    sizes = {LARGE_SLUG: LARGE} | {slug: 8 + number % 5 for number, slug in enumerate(SLUGS)}
    threads: list[dict[str, Any]] = [
        {"id": number, "slug": slug, "count": size, "mode": "open"}
        for number, (slug, size) in enumerate(sizes.items(), start=1)
    ]
    comments = [
        _plain_comment(thread["id"], number, texts) for thread in threads for number in range(thread["count"])
    ]
    plain.fill(url, threads, comments)
    if url.startswith("postgresql"):
        _after_the_ids(url, threads)


def _threads(session: Session) -> None:
    texts = seeding.Texts()
    site_id = sites.add(session, key=seeding.SITE, name="Horizons", origins=[seeding.ORIGIN])
    seeding.seed(session, site_id, LARGE_SLUG, LARGE, texts)
    for number, slug in enumerate(SLUGS):
        seeding.seed(session, site_id, slug, 8 + number % 5, texts)
    session.execute(
        text("SELECT setval(pg_get_serial_sequence('comment', 'id'), (SELECT max(id) FROM comment))")
    )


def _strict(session: Session) -> None:
    lists = {"words_refused": REFUSED, "words_held": HELD, "name_reserved": RESERVED}
    sites.set_policy(session, seeding.SITE, {name: list(words) for name, words in lists.items()})
    site = sites.by_key(session, seeding.SITE)
    signer, now = Signer(seeding.SECRET), clock.now()
    for number in range(BANS):
        banned = identity.hashed(session, signer, f"10.0.0.{number}")
        values = {"site_id": site.id, "bucket": banned.hash, "bucket_day": banned.day, "reason": "spam"}
        session.execute(insert(Ban).values(**values, created_at=now, expires_at=now + timedelta(days=1)))


def _plain_comment(thread_id: int, number: int, texts: seeding.Texts) -> dict[str, Any]:
    body, html, _ = texts.choose()
    return {
        "thread_id": thread_id,
        "name": f"Reader {number % 97}",
        "body": body,
        "html": html,
        "created_at": datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None) + timedelta(seconds=number),
        "score": 0,
        "status": "published",
        "revision": 1,
    }


def _after_the_ids(url: str, threads: list[dict[str, Any]]) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(f"SELECT setval('plain_thread_id_seq', {len(threads)})".encode())
        connection.execute(b"ANALYZE")


def _count(url: str, table: str) -> int:
    statement = f"SELECT count(*) FROM {table}"
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            return int(file.execute(statement).fetchone()[0])
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = connection.execute(statement.encode()).fetchone()
        return int(found[0]) if found else 0

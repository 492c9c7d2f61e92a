"""The doctor: looks at settings and database, and says what is wrong, slow or unsafe."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from . import migrating
from .config import PREFIX, Settings
from .db import Database
from .errors import Unavailable
from .models import Grant, Moderator, Site

Level = Literal["ok", "warn", "fail"]
OK: Level = "ok"
WARN: Level = "warn"
FAIL: Level = "fail"

STATIC = Path(__file__).resolve().parent / "static"
# A commit waits for the disk: beyond this, readers who post will feel it.
SLOW_SECONDS = 0.1
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, and what to do about it."""

    level: Level
    sentence: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; changes nothing, and never raises for what it finds."""
    database = Database(settings)
    try:
        return [
            *public_url(settings),
            *proxies(settings),
            *secret_file(os.environ.get(PREFIX + "SECRET_KEY_FILE")),
            *limits(settings),
            *stored(database),
            *widget(settings, STATIC),
        ]
    finally:
        database.writer.dispose()


def public_url(settings: Settings) -> Iterator[Finding]:
    """Cookies and tokens must not travel in the clear."""
    if settings.public_url.startswith("https:") or _is_loopback(settings.public_url):
        yield Finding(OK, f"The public address is {settings.public_url}.")
    else:
        yield Finding(
            WARN,
            f"The public address {settings.public_url} is not https: anybody on the way can read sign-ins.",
        )


def proxies(settings: Settings) -> Iterator[Finding]:
    """Behind a proxy nobody believes, all readers share one address and one limit."""
    if settings.trusted_proxies:
        named = ", ".join(map(str, settings.trusted_proxies))
        yield Finding(OK, f"Forwarding headers are believed from {named}.")
        if any(network.prefixlen == 0 for network in settings.trusted_proxies):
            yield Finding(
                FAIL, "COMMENTS_TRUSTED_PROXIES believes everybody: readers can choose their address."
            )
    elif _is_loopback(settings.public_url):
        yield Finding(OK, "No proxy is trusted; forwarding headers count for nothing.")
    else:
        yield Finding(
            WARN,
            "COMMENTS_TRUSTED_PROXIES is empty: if a proxy stands in front, all readers share one limit.",
        )


def secret_file(path: str | None) -> Iterator[Finding]:
    """A secret that others may read is none."""
    if path is None:
        yield Finding(OK, "The secret key comes from the environment.")
        return
    mode = stat.S_IMODE(Path(path).stat().st_mode)
    if mode & OTHERS:
        yield Finding(FAIL, f"Others may read the secret key (mode {mode:04o}); run: chmod 600 {path}")
    else:
        yield Finding(OK, f"The secret key is in {path}, for this user only.")


def limits(settings: Settings) -> Iterator[Finding]:
    """A limit that is off is meant for benchmarks."""
    names = ("limit_post", "limit_vote", "limit_report", "limit_preview", "limit_sign_in", "limit_threads")
    off = [PREFIX + name.upper() for name in names if getattr(settings, name) == "off"]
    if off:
        yield Finding(WARN, f"No limit at all: {', '.join(off)}.")
    else:
        yield Finding(OK, "Every kind of write is limited.")


def stored(database: Database) -> Iterator[Finding]:
    """The database: there, migrated, safe, quick, and somebody to use it."""
    if database.settings.is_sqlite and not database.settings.database_path.exists():
        yield Finding(
            FAIL, f"There is no {database.settings.database_path}; run: comments-service db upgrade"
        )
        return
    try:
        started = time.perf_counter()
        database.write(lambda session: session.execute(text("SELECT 1")).scalar())
        elapsed = time.perf_counter() - started
        # Each look is a transaction of its own, so that no writer waits for the whole visit.
        version = database.write(lambda session: migrating.current(session.connection()))
    except (DBAPIError, Unavailable) as error:
        why = str(error.orig).strip() if isinstance(error, DBAPIError) else error.message
        yield Finding(FAIL, f"The database cannot be reached: {why}")
        return
    yield Finding(OK, "The database can be reached.")
    yield _speed(elapsed)
    yield from _synchronous(database)
    if version != migrating.newest():
        yield Finding(
            FAIL,
            f"The database is at {version or 'no migration'}, not {migrating.newest()}; "
            "run: comments-service db upgrade",
        )
    else:
        yield Finding(OK, f"The database is migrated ({version}).")
        yield database.write(_sites)
        yield database.write(_moderators)


def widget(settings: Settings, static: Path) -> Iterator[Finding]:
    """The built widget is here, both parts of it, and is what its notes say."""
    try:
        notes = json.loads((static / "v1.json").read_text(encoding="utf-8"))
        parts = {"v1.js": notes, "v1.writing.js": notes["writing"]}
        altered = [name for name, part in parts.items() if _integrity(static / name) != part["integrity"]]
        address = f"{settings.public_url}/embed/v1.{notes['hash']}.js"
    except (OSError, ValueError, KeyError, TypeError):
        yield Finding(FAIL, f"The built widget is missing or unreadable in {static}.")
        return
    if altered:
        yield Finding(FAIL, f"Not as it was built, in {static}: {', '.join(altered)}.")
    else:
        yield Finding(OK, f'The widget: {address} integrity="{notes["integrity"]}"')


def _integrity(file: Path) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _speed(elapsed: float) -> Finding:
    sentence = f"An empty transaction took {elapsed * 1000:.0f} ms."
    if elapsed > SLOW_SECONDS:
        return Finding(WARN, f"{sentence} The disk or the network is slow, or somebody writes a lot.")
    return Finding(OK, sentence)


def _synchronous(database: Database) -> Iterator[Finding]:
    if database.settings.is_sqlite:
        yield _pragmas(database)
        mode = stat.S_IMODE(database.settings.database_path.stat().st_mode)
        if mode & OTHERS:
            path = database.settings.database_path
            yield Finding(
                WARN, f"Others on this machine may read the database (mode {mode:04o}); run: chmod 600 {path}"
            )
    else:
        yield _commits(database)


def _pragmas(database: Database) -> Finding:
    def read(session: Session) -> tuple[str, int]:
        return (
            str(session.execute(text("PRAGMA journal_mode")).scalar()),
            int(session.execute(text("PRAGMA synchronous")).scalar_one()),
        )

    journal, synchronous = database.write(read)
    if (journal, synchronous) == ("wal", 2):
        return Finding(OK, "SQLite keeps a write-ahead log and waits for the disk (synchronous=FULL).")
    return Finding(
        FAIL, f"SQLite runs with journal_mode={journal}, synchronous={synchronous}, not wal and 2."
    )


def _commits(database: Database) -> Finding:
    setting = database.write(lambda session: session.execute(text("SHOW synchronous_commit")).scalar_one())
    if setting == "off":
        return Finding(
            WARN, "PostgreSQL's synchronous_commit is off: a crash loses comments that were acknowledged."
        )
    return Finding(OK, f"PostgreSQL waits for the disk (synchronous_commit={setting}).")


def _sites(session: Session) -> Finding:
    rows = session.scalars(select(Site).order_by(Site.key)).all()
    without = [row.key for row in rows if not row.policy.get("origins")]
    if not rows:
        return Finding(
            WARN, "There is no site; add one: comments-service site add KEY --origin https://news.example"
        )
    if without:
        return Finding(WARN, f"No page may post to {', '.join(without)}: there is no origin.")
    return Finding(OK, f"Sites: {', '.join(row.key for row in rows)}.")


def _moderators(session: Session) -> Finding:
    query = select(Moderator.name).join(Grant).where(Moderator.removed_at.is_(None)).distinct()
    names = session.scalars(query.order_by(Moderator.name)).all()
    if not names:
        return Finding(
            WARN,
            "Nobody moderates; add somebody: comments-service moderator add NAME --all-sites --role admin",
        )
    return Finding(OK, f"Moderators: {', '.join(names)}.")

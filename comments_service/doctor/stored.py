"""The database: there, migrated, safe, quick, and somebody to use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from .. import clock, migrating, rendering
from ..db import Database
from ..errors import Unavailable
from ..identity import DAYS_KEPT
from ..models import Comment, DayKey, Grant, Moderator, Site
from .addresses import shown
from .finding import FAIL, OK, WARN, Finding, mode_for_others, timed

# A commit waits for the disk: beyond this, readers who post will feel it.
SLOW_SECONDS = 0.1
# A post asks PostgreSQL up to six times.
SLOW_ROUND_TRIP_SECONDS = 0.02
# BEGIN, the question and COMMIT.
ROUND_TRIPS = 3
# Two clocks that agree no better than this let forms and links expire at the wrong moment.
CLOCK = timedelta(seconds=2)
# The hourly purge may have been down for a while before anybody has to be told.
PURGE_LATE = timedelta(days=2)


def looks(database: Database) -> Iterator[Finding]:
    """All that can be seen of the database; where it stops being reachable, the looks end."""
    settings = database.settings
    if settings.is_sqlite and not settings.database_path.exists():
        yield Finding(FAIL, f"There is no {settings.database_path}; run: comments-service db upgrade")
        return
    where = str(settings.database_path) if settings.is_sqlite else shown(settings.database_url)
    try:
        elapsed = _elapsed(database)
        yield Finding(OK, f"The database {where} can be reached.")
        yield timed(
            "An empty transaction",
            elapsed,
            SLOW_SECONDS,
            "The disk or the network is slow, or somebody writes a lot.",
        )
        # Each look is a transaction of its own, so that no writer waits for the whole visit.
        yield from _sqlite(database) if settings.is_sqlite else _postgres(database)
        yield from _content(database)
    except (DBAPIError, Unavailable) as error:
        yield Finding(FAIL, f"The database {where} cannot be reached: {_why(error)}")


def _elapsed(database: Database) -> float:
    """The seconds of an empty transaction, not counting the connecting."""
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        database.write(lambda session: session.execute(text("SELECT 1")).scalar())
        seconds = time.perf_counter() - started
    return seconds


def _why(error: DBAPIError | Unavailable) -> str:
    cause = error.__cause__ if isinstance(error, Unavailable) else error
    original = cause.orig if isinstance(cause, DBAPIError) else error
    return " ".join(str(original).split()) or type(original).__name__


def _sqlite(database: Database) -> Iterator[Finding]:
    journal, synchronous = _ask(database, "PRAGMA journal_mode"), _ask(database, "PRAGMA synchronous")
    if (journal, synchronous) == ("wal", 2):
        yield Finding(OK, "SQLite keeps a write-ahead log and waits for the disk (synchronous=FULL).")
    else:
        yield Finding(
            FAIL, f"SQLite runs with journal_mode={journal}, synchronous={synchronous}, not wal and 2."
        )
    path = database.settings.database_path
    mode = mode_for_others(path)
    if mode is not None:
        yield Finding(
            WARN, f"Others on this machine may read the database (mode {mode}); run: chmod 600 {path}"
        )


def _postgres(database: Database) -> Iterator[Finding]:
    started = time.perf_counter()
    theirs, synchronous, fsync, whole_pages, encoding = database.write(_about_postgres)
    elapsed = time.perf_counter() - started
    yield timed(
        "A round trip to PostgreSQL",
        elapsed / ROUND_TRIPS,
        SLOW_ROUND_TRIP_SECONDS,
        "A post asks several: bring it nearer.",
    )
    yield _clocks(theirs)
    if fsync == "off":
        yield Finding(
            FAIL, "PostgreSQL runs with fsync=off: a power cut can destroy all comments. Set it to on."
        )
    if whole_pages == "off":
        yield Finding(
            WARN,
            "PostgreSQL's full_page_writes is off: on most disks a power cut can leave half-written pages. "
            "Set it to on, unless the file system copies on write.",
        )
    if synchronous == "off":
        yield Finding(
            FAIL,
            "PostgreSQL's synchronous_commit is off: a crash loses comments that were acknowledged. "
            "Set it to on.",
        )
    elif fsync != "off":
        yield Finding(OK, f"PostgreSQL waits for the disk (synchronous_commit={synchronous}).")
    if encoding != "UTF8":
        yield Finding(
            FAIL, f"The database is encoded in {encoding}, not UTF8: make it anew with ENCODING 'UTF8'."
        )


def _about_postgres(session: Session) -> tuple[datetime, str, str, str, str]:
    """Its clock, and the settings on which promises rest."""
    settings = ("synchronous_commit", "fsync", "full_page_writes", "server_encoding")
    columns = ", ".join(f"current_setting('{name}')" for name in settings)
    row = session.execute(text(f"SELECT clock_timestamp(), {columns}")).one()
    return row[0], str(row[1]), str(row[2]), str(row[3]), str(row[4])


def _clocks(theirs: datetime) -> Finding:
    apart = abs(theirs - clock.now())
    if apart > CLOCK:
        return Finding(
            WARN,
            f"This machine's clock and PostgreSQL's are {apart.total_seconds():.0f} s apart: "
            "let both follow NTP.",
        )
    return Finding(OK, "This machine's clock and PostgreSQL's agree.")


def _content(database: Database) -> Iterator[Finding]:
    version = database.write(lambda session: migrating.current(session.connection()))
    if version != migrating.newest():
        yield Finding(
            FAIL,
            f"The database is at {version or 'no migration'}, not {migrating.newest()}; "
            "run: comments-service db upgrade",
        )
        return
    yield Finding(OK, f"The database is migrated ({version}).")
    looks: tuple[Callable[[Session], Finding | None], ...] = (_sites, _moderators, _ahead, _purged)
    yield from filter(None, (database.write(look) for look in looks))
    yield from _rendered(database)


def _sites(session: Session) -> Finding:
    rows = session.scalars(select(Site).order_by(Site.key)).all()
    without = [row.key for row in rows if not row.policy.get("origins")]
    if not rows:
        return Finding(
            WARN, "There is no site; add one: comments-service site add KEY --origin https://news.example"
        )
    if without:
        return Finding(
            WARN,
            f"No page may post to {', '.join(without)}: there is no origin; "
            "run: comments-service site set KEY origins=https://news.example",
        )
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


def _ahead(session: Session) -> Finding | None:
    """A clock that was set back dates new comments before old ones."""
    newest = session.scalar(select(Comment.created_at).order_by(Comment.id.desc()).limit(1))
    if newest is None or newest - clock.now() <= CLOCK:
        return None
    return Finding(
        WARN,
        f"The newest comment is from {newest:%Y-%m-%d %H:%M} UTC, which is still to come: "
        "this machine's clock is wrong. Let it follow NTP.",
    )


def _purged(session: Session) -> Finding | None:
    """Addresses are forgotten by the purge; day keys that should be gone tell that it does not run."""
    oldest = session.scalar(select(DayKey.day).order_by(DayKey.day).limit(1))
    due = clock.now() - timedelta(days=DAYS_KEPT) - PURGE_LATE
    if oldest is None or oldest >= due.date().isoformat():
        return None
    return Finding(
        WARN,
        f"Nothing was purged for days: hashes of {oldest} should be gone. `serve` purges every hour; "
        "run: comments-service purge",
    )


def _rendered(database: Database) -> Iterator[Finding]:
    """After an upgrade that changed the rules, HTML of the old ones is shown until it is made again."""
    waiting = rendering.waiting(database)
    if waiting:
        yield Finding(
            WARN,
            f"The HTML of {waiting:,} texts was made by another version's rules; "
            "run: comments-service render",
        )


def _ask(database: Database, question: str) -> Any:
    return database.write(lambda session: session.execute(text(question)).scalar_one())

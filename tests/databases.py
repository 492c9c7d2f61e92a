"""Databases for tests of what stands below the web: opened, and filled with a row of everything."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from comments_service import log, migrating, searching, upkeep
from comments_service.config import Settings
from comments_service.db import Base, Database
from comments_service.models import (
    Author,
    Ban,
    Comment,
    DayKey,
    DecisionOrigin,
    Evidence,
    Grant,
    IdempotencyKey,
    Moderator,
    Notice,
    Report,
    Revision,
    SignInLink,
    SignInSession,
    Site,
    Source,
    Thread,
    ThreadAlias,
    Token,
    Vote,
)
from comments_service.text.render import POLICY_VERSION

SECRET = b"0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def open_database(url: str) -> AbstractContextManager[Database]:
    """A database as it is, closed at the end."""
    return upkeep.opened(Settings(secret_key=SECRET, database_url=url))


def migrate(url: str) -> None:
    with open_database(url) as database:
        migrating.upgrade(database)


def add_site(session: Session, key: str = "horizons") -> int:
    return _add(session, Site(key=key, name=key, policy={}, version=1, created_at=NOON))


def add_thread(session: Session, site_id: int, slug: str = "tarn") -> int:
    thread_id = _add(session, Thread(site_id=site_id, slug=slug, created_at=NOON))
    searching.keep_threads(session, [thread_id])
    return thread_id


def add_author(session: Session, site_id: int, name: str = "Wren") -> int:
    return _add(session, Author(site_id=site_id, key_hash=name.encode(), name=name, created_at=NOON))


def add_comment(session: Session, thread_id: int, *, body: str = "Lovely.", **columns: Any) -> int:
    """A comment with its one revision."""
    site_id = session.get_one(Thread, thread_id).site_id
    values: dict[str, Any] = {"name": "Wren", "status": "published", "created_at": NOON, **columns}
    comment_id = _add(session, Comment(site_id=site_id, thread_id=thread_id, **values))
    html = f"<p>{body}</p>"
    session.add(
        Revision(
            comment_id=comment_id,
            revision=1,
            body=body,
            html=html,
            policy_version=POLICY_VERSION,
            salt=bytes(16),
            created_at=NOON,
        )
    )
    session.flush()
    searching.keep_comments(session, [comment_id])
    return comment_id


def fill(session: Session) -> None:
    """At least one row in every table, and a tree of comments."""
    site = add_site(session)
    thread = add_thread(session, site)
    session.add(ThreadAlias(site_id=site, slug="old-tarn", thread_id=thread, created_at=NOON))
    author = add_author(session, site)
    root = add_comment(session, thread, author_id=author, n=1, shown=True, leaf=b'"name":"Wren"')
    reply = add_comment(session, thread, body="Ünïcode ✓", parent_id=root, root_id=root, n=2, shown=True)
    add_comment(session, thread, parent_id=reply, root_id=root, status="pending", reason="A link.")
    session.add(Evidence(comment_id=reply, revision=1, check="links", rule="links_max", message="A link."))
    session.add(Vote(comment_id=root, author_id=author, value=1, bucket_day="2026-05-04", created_at=NOON))
    session.add(DayKey(day="2026-05-04", key=bytes(32)))
    person = _add(session, Moderator(name="Ada", created_at=NOON))
    session.add(Grant(moderator_id=person, site_id=None, role="admin"))
    session.add(Token(moderator_id=person, hash=b"token", created_at=NOON))
    session.add(SignInLink(moderator_id=person, hash=b"link", created_at=NOON, expires_at=NOON))
    session.add(
        SignInSession(
            moderator_id=person, hash=b"session", created_at=NOON, last_used_at=NOON, expires_at=NOON
        )
    )
    session.add(Ban(site_id=site, author_id=author, reason="Spam.", moderator_id=person, created_at=NOON))
    decision = add_decision(session, site, root, moderator_id=person)
    session.add(DecisionOrigin(decision_id=decision, site=site, comment=root, moderator=person))
    session.add(
        Source(site_id=site, source="a", is_own=True, site_number=site, distance=0, highest=root, last=root)
    )
    report = _add(
        session,
        Report(comment_id=root, revision=1, reason="spam", text="", created_at=NOON, decision_id=decision),
    )
    session.add(
        Notice(
            report_id=report,
            revision=1,
            text="It names me.",
            name="Mo",
            email="mo@fells.example",
            receipt=b"receipt",
            created_at=NOON,
        )
    )
    session.add(
        IdempotencyKey(
            author_id=author, key="a", payload_hash=b"a", comment_id=root, http_status=201, created_at=NOON
        )
    )


def add_decision(session: Session, site_id: int, comment_id: int, moderator_id: int | None = None) -> int:
    """A decision with a note, properly chained."""
    return log.append(
        session,
        log.Entry(
            site_id=site_id,
            comment_id=comment_id,
            revision=1,
            text_hash=log.text_hash(bytes(16), "Lovely."),
            action="reject",
            reason="other",
            moderator_id=moderator_id,
            before_status="pending",
            before_revision=1,
            before_held_revision=None,
            after_status="rejected",
            note="Not here.",
        ),
    )


def rows(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    return {
        table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
        for table in Base.metadata.sorted_tables
    }


def _add(session: Session, row: Any) -> int:
    session.add(row)
    session.flush()
    return int(row.id)

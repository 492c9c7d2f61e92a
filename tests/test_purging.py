"""Purging: what was withdrawn and what is over is gone from the file, and nothing else is."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from comments_service import clock, log, purging
from comments_service.db import Database
from comments_service.models import (
    Author,
    Ban,
    Comment,
    DayKey,
    Evidence,
    IdempotencyKey,
    Moderator,
    Report,
    Revision,
    SignInLink,
    SignInSession,
    Vote,
)
from comments_service.purging import Purged
from tests.app import Service, new_author_key
from tests.databases import (
    NOON,
    add_author,
    add_comment,
    add_decision,
    add_site,
    add_thread,
    fill,
    rows,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GONE: dict[str, Any] = {"status": "withdrawn", "withdrawn_at": NOON}


@pytest.fixture
def thread(database: Database) -> int:
    return database.write(lambda session: add_thread(session, add_site(session)))


def comment(database: Database, thread: int, **columns: Any) -> int:
    return database.write(lambda session: add_comment(session, thread, **columns))


def found(database: Database, comment_id: int) -> Comment | None:
    with Session(database.writer) as session:
        return session.get(Comment, comment_id)


def bodies(database: Database) -> list[str]:
    with Session(database.writer) as session:
        query = select(Revision.body).where(Revision.body != "").order_by(Revision.comment_id)
        return list(session.scalars(query))


def purge(database: Database, now: datetime = NOON + HOUR) -> Purged:
    return purging.purge(database, now)


def test_what_is_in_use_stays_as_it_is(database: Database) -> None:
    database.write(fill)
    database.write(lambda session: session.execute(delete(SignInLink)))
    database.write(lambda session: session.execute(delete(SignInSession)))
    with database.writer.connect() as connection:
        before = rows(connection)
    assert purge(database) == Purged()
    with database.writer.connect() as connection:
        assert rows(connection) == before


def test_a_withdrawn_comment_with_shown_replies_becomes_an_empty_row(database: Database, thread: int) -> None:
    root = comment(database, thread, body="Regretted.", leaf=b"x", fingerprint=b"f", n=1, shown=True, **GONE)
    comment(database, thread, body="I disagree.", parent_id=root, root_id=root, n=2, shown=True)
    database.write(
        lambda session: session.execute(
            insert(Evidence).values(comment_id=root, revision=1, check="links", rule="a", message="b")
        )
    )
    done = purge(database)
    assert (done.comments, done.rows) == (1, 0)
    row = found(database, root)
    assert row is not None
    assert (row.status, row.shown, row.n, row.parent_id) == ("withdrawn", True, 1, None)
    assert (row.name, row.leaf, row.fingerprint, row.bucket) == ("", None, None, None)
    with Session(database.writer) as session:
        left = session.get_one(Revision, (root, 1))
    assert (left.body, left.html, left.salt) == ("", "", b"")
    assert bodies(database) == ["I disagree."]
    with Session(database.writer) as session:
        assert session.scalars(select(Evidence)).all() == []
    assert purge(database) == Purged(), "a second time there is nothing to do"


def test_a_withdrawn_comment_that_nothing_hangs_on_goes_altogether(database: Database, thread: int) -> None:
    alone = comment(database, thread, **GONE)
    kept = comment(database, thread, body="Stays.")
    done = purge(database)
    assert (done.comments, done.rows) == (1, 1)
    assert found(database, alone) is None
    assert found(database, kept) is not None


def test_all_revisions_of_a_withdrawn_comment_are_erased(database: Database, thread: int) -> None:
    root = comment(database, thread, body="First.", revision=2, held_revision=3, **GONE)
    comment(database, thread, parent_id=root, root_id=root)
    later = [
        {
            "comment_id": root,
            "revision": number,
            "body": "Later.",
            "html": "<p>Later.</p>",
            "policy_version": 1,
            "salt": b"s",
            "created_at": NOON,
        }
        for number in (2, 3)
    ]
    database.write(lambda session: session.execute(insert(Revision), later))
    purge(database)
    with Session(database.writer) as session:
        kept = session.execute(
            select(Revision.revision, Revision.html).where(Revision.comment_id == root)
        ).all()
    assert [tuple(row) for row in kept] == [(2, "")]
    row = found(database, root)
    assert row is not None
    assert row.held_revision is None


def test_a_pending_reply_keeps_the_withdrawn_row_above_it(database: Database, thread: int) -> None:
    root = comment(database, thread, **GONE)
    reply = comment(database, thread, body="Waiting.", parent_id=root, root_id=root, status="pending")
    purge(database)
    assert found(database, root) is not None
    assert found(database, reply) is not None
    assert bodies(database) == ["Waiting."]


def test_a_withdrawn_conversation_goes_from_its_end_in_one_purge(database: Database, thread: int) -> None:
    root = comment(database, thread, **GONE)
    comment(database, thread, parent_id=root, root_id=root, **GONE)
    done = purge(database)
    assert done.comments == 2
    assert purge(database).rows + done.rows == 2
    assert found(database, root) is None


def test_open_reports_keep_a_withdrawn_comment_for_seven_days_at_most(
    database: Database, thread: int
) -> None:
    reported = comment(database, thread, body="Threats.", open_reports=1, **GONE)
    database.write(
        lambda session: session.execute(
            insert(Report).values(comment_id=reported, revision=1, reason="abuse", text="", created_at=NOON)
        )
    )
    assert purge(database, NOON + 7 * DAY - HOUR).comments == 0
    assert bodies(database) == ["Threats."]
    assert purge(database, NOON + 7 * DAY).comments == 1
    assert bodies(database) == []
    row = found(database, reported)
    assert row is not None
    assert row.open_reports == 0
    with Session(database.writer) as session:
        assert session.scalars(select(Report.closed_at)).one() == NOON + 7 * DAY


def test_decided_reports_let_a_withdrawn_comment_go_at_once(database: Database, thread: int) -> None:
    comment(database, thread, open_reports=0, **GONE)
    assert purge(database).comments == 1


def test_the_log_stays_whole_when_its_text_is_erased(database: Database, thread: int) -> None:
    root = comment(database, thread, **GONE)
    site = found(database, root)
    assert site is not None
    database.write(lambda session: add_decision(session, site.site_id, root))
    purge(database)
    assert found(database, root) is None
    assert database.write(lambda session: log.verify(session, site.site_id)) is None
    assert database.write(lambda session: log.head(session, site.site_id).count) == 1


def test_an_authors_name_goes_with_their_last_comment(database: Database, thread: int) -> None:
    def two_authors(session: Session) -> tuple[int, int]:
        wren, reed = add_author(session, 1, "Wren"), add_author(session, 1, "Reed")
        add_comment(session, thread, author_id=wren, **GONE)
        add_comment(session, thread, author_id=reed, **GONE)
        add_comment(session, thread, author_id=reed)
        return wren, reed

    wren, reed = database.write(two_authors)
    purge(database)
    with Session(database.writer) as session:
        assert session.get_one(Author, wren).name == ""
        assert session.get_one(Author, reed).name == "Reed"


def test_a_retrys_key_keeps_the_row_it_leads_to(database: Database, thread: int) -> None:
    def store(session: Session) -> int:
        author = add_author(session, 1)
        gone = add_comment(session, thread, author_id=author, **GONE)
        session.execute(
            insert(IdempotencyKey).values(
                author_id=author,
                key="k",
                payload_hash=b"",
                comment_id=gone,
                http_status=201,
                created_at=NOON,
            )
        )
        return gone

    gone = database.write(store)
    assert purge(database, NOON + 47 * HOUR).idempotency_keys == 0
    assert found(database, gone) is not None
    assert purge(database, NOON + 48 * HOUR).idempotency_keys == 1
    assert purge(database, NOON + 49 * HOUR).rows == 1


def test_address_hashes_and_day_keys_last_thirty_days(database: Database, thread: int) -> None:
    def store(session: Session) -> None:
        author = add_author(session, 1)
        for day in ("2026-04-04", "2026-04-05"):
            session.execute(insert(DayKey).values(day=day, key=b"k"))
            aged: dict[str, Any] = {"bucket": b"b", "bucket_day": day}
            one = add_comment(session, thread, **aged)
            session.execute(
                insert(Report).values(
                    comment_id=one, revision=1, reason="spam", text="", created_at=NOON, **aged
                )
            )
            session.execute(
                insert(Vote).values(comment_id=one, author_id=author, value=1, created_at=NOON, **aged)
            )
            session.execute(insert(Ban).values(site_id=1, reason="Spam.", created_at=NOON, **aged))

    database.write(store)
    done = purge(database, NOON)  # 4 May: 30 days after 4 April
    assert (done.buckets, done.day_keys) == (4, 1)
    with Session(database.writer) as session:
        assert session.scalars(select(DayKey.day)).all() == ["2026-04-05"]
        for model in (Comment, Report, Vote):
            pairs = {tuple(row) for row in session.execute(select(model.bucket, model.bucket_day))}
            assert pairs == {(None, None), (b"b", "2026-04-05")}
        bans = session.execute(select(Ban.bucket, Ban.bucket_day, Ban.expires_at).order_by(Ban.id)).all()
        assert [tuple(row) for row in bans] == [(b"", None, NOON), (b"b", "2026-04-05", None)]


def test_used_and_expired_links_and_sessions_go(database: Database) -> None:
    now = NOON + HOUR

    def store(session: Session) -> None:
        session.execute(insert(Moderator).values(id=1, name="Ada", created_at=NOON))
        common = {"moderator_id": 1, "created_at": NOON}
        for number, (used, expires) in enumerate([(NOON, now + HOUR), (None, now), (None, now + HOUR)]):
            hash_ = bytes([number])
            session.execute(insert(SignInLink).values(hash=hash_, used_at=used, expires_at=expires, **common))
            session.execute(
                insert(SignInSession).values(
                    hash=hash_, revoked_at=used, expires_at=expires, last_used_at=NOON, **common
                )
            )

    database.write(store)
    done = purge(database, now)
    assert (done.links, done.sessions) == (2, 2)
    with Session(database.writer) as session:
        assert session.scalars(select(SignInLink.hash)).all() == [b"\x02"]
        assert session.scalars(select(SignInSession.hash)).all() == [b"\x02"]


def test_more_than_one_batch_is_worked_off(
    database: Database, thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "STRIDE", 3)
    monkeypatch.setattr(purging, "BATCH", 2)
    for _ in range(5):
        comment(database, thread, **GONE)
        comment(database, thread, body="Stays.", bucket=b"b", bucket_day="2026-01-01")
    done = purge(database)
    assert (done.comments, done.rows, done.buckets) == (5, 5, 5)
    assert bodies(database) == ["Stays."] * 5


def test_progress_is_told_in_sentences(database: Database) -> None:
    told: list[str] = []
    purging.purge(database, NOON, told.append)
    assert told[0] == "Erasing what was withdrawn"
    assert len(told) == 4


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_erased_words_are_nowhere_in_the_files(database: Database, thread: int) -> None:
    file = database.settings.database_path
    comment(database, thread, body="unforgettable-words", **GONE)
    assert any(b"unforgettable-words" in path.read_bytes() for path in file.parent.iterdir())
    assert purge(database).emptied
    assert not any(b"unforgettable-words" in path.read_bytes() for path in file.parent.iterdir())
    assert file.with_name(file.name + "-wal").stat().st_size == 0


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_busy_reader_puts_the_emptying_off(
    database: Database, thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "TURN_MILLISECONDS", 50)
    comment(database, thread)
    reader = sqlite3.connect(database.settings.database_path, isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM comment").fetchone()
        comment(database, thread, **GONE)
        assert not purge(database).emptied
    finally:
        reader.close()
    assert purge(database).emptied


def test_a_retry_and_the_threads_page_go_on_after_a_purge(service: Service) -> None:
    service.add_site()
    key = new_author_key()
    root = service.posted("Regretted.", author_key=key, key="one")
    service.posted("I disagree.", parent=root["id"])
    withdrawal = service.post_json(f"horizons/comments/{root['id']}/withdrawal", {"author_key": key})
    assert withdrawal.status_code == 200
    before = service.page()
    assert before["comments"][0]["removed"] == "author"

    assert purging.purge(service.database, clock.now()).comments == 1

    assert service.page() == before
    retried = service.post("Regretted.", author_key=key, key="one")
    assert retried.status_code == 201
    assert retried.get_json()["comment"]["status"] == "withdrawn"
    assert retried.get_json()["comment"]["html"] == ""
    assert service.get(f"horizons/comments/{root['id']}").status_code == 404

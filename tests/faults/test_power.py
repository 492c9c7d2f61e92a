"""A power cut at any moment loses no comment that was acknowledged: SQLite with synchronous=FULL.

The service runs in this process on a real file. What it sends to the disk is recorded (`recorder`), and from
the recording disks are made as power cuts at random moments may have left them (`power`).
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, NullPool, create_engine, event
from sqlalchemy.orm import Session

from comments_service.config import Settings
from comments_service.posting import ACCEPTED, CREATED
from tests.app import UNLIMITED, Service
from tests.databases import SECRET
from tests.faults.figures import Figures
from tests.faults.kept import Difference, differing
from tests.faults.power import Disk, store
from tests.faults.recorder import Event, Told, recording
from tests.faults.sound import unsound
from tests.faults.writers import Acknowledged, Sent

SEED = 20261
WRITERS = 4
SLUGS = ("tarn", "choir")
# Pages of SQLite's log before it copies them into the database: few, so that cuts fall into the copying.
SHORT_LOG = 60
HELD_WORD = "casino"
# Every so many cuts, the service itself goes on from what was left.
GOING_ON = 12


@dataclass(frozen=True)
class Form:
    """How often the service is recorded, what it stores meanwhile, and how often the power is cut then."""

    recordings: int
    posts: int
    cuts: int


SHORT, LONG = Form(recordings=1, posts=48, cuts=36), Form(recordings=3, posts=240, cuts=120)


@dataclass(frozen=True)
class Cut:
    """What a power cut left, what was promised before it, and what was being sent just then."""

    file: Path
    promised: list[Acknowledged]
    in_flight: list[Acknowledged]
    changes_pending: int


def test_a_power_cut_loses_nothing_that_was_acknowledged(
    site_file: Path, engine: Engine, tmp_path: Path, is_long: bool, figures: Figures
) -> None:
    form = LONG if is_long else SHORT
    seen: list[Cut] = []
    for seed in range(SEED, SEED + form.recordings):
        events = record(site_file, tmp_path / f"{seed}", seed, form.posts)
        for cut in cuts(site_file, events, Path(engine.url.database or ""), seed, form.cuts):
            found = looked_at(engine, cut.promised)
            assert found.is_none, (seed, len(seen), found)
            if len(seen) % GOING_ON == 0:
                assert_goes_on(cut, engine)
            seen.append(cut)
    assert len(seen) == form.recordings * form.cuts
    at_stake = [cut for cut in seen if cut.promised and cut.changes_pending]
    assert len(at_stake) > len(seen) / 2
    figures(
        f"{len(seen)} cuts after {sum(len(cut.promised) for cut in seen) // len(seen)} posts on average, "
        f"{len(at_stake)} with changes on their way to the disk: 0 acknowledged comments lost or altered, "
        "integrity_check and foreign_key_check ok, counters right after each"
    )


def test_without_waiting_for_the_disk_the_same_cuts_lose_comments(
    site_file: Path, engine: Engine, tmp_path: Path, is_long: bool, figures: Figures
) -> None:
    form = LONG if is_long else SHORT
    events = record(site_file, tmp_path / "normal", SEED, form.posts, "synchronous = NORMAL")
    lost: list[int] = []
    # A third to a half of them lose something; by chance a dozen may not.
    for seed in range(SEED, SEED + 6):
        made = cuts(site_file, events, Path(engine.url.database or ""), seed, form.cuts // 3)
        lost += [len(looked_at(engine, cut.promised).lost) for cut in made]
        if any(lost):
            break
    figures(
        f"with synchronous=NORMAL {sum(map(bool, lost))} of {len(lost)} cuts lost acknowledged comments, "
        f"up to {max(lost)} at once"
    )
    assert any(lost)


@pytest.fixture
def site_file(migrated_file: Path, tmp_path: Path) -> Path:
    """A database with a site and nothing else, closed."""
    file = tmp_path / "comments.db"
    shutil.copy(migrated_file, file)
    service = serve(file)
    service.add_site(words_held=[HELD_WORD])
    service.close()
    assert not file.with_name("comments.db-wal").exists()
    return file


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Reads the file that a power cut left; one for all, as it keeps the statements that it has made."""
    return create_engine(f"sqlite:///{tmp_path / 'left' / 'comments.db'}", poolclass=NullPool)


def record(site_file: Path, folder: Path, seed: int, posts: int, *pragmas: str) -> list[Event]:
    """What the disk is told while several writers post, with the moments at which they were answered.

    Half-way the service is stopped and started again. `pragmas` are set behind its back; without any, SQLite
    waits for the disk when, and only when, the service itself asks it to.
    """
    folder.mkdir()
    file = folder / "comments.db"
    shutil.copy(site_file, file)
    with recording(file) as events:
        for life, log_pages in enumerate((1000, SHORT_LOG)):
            service = serve(file)
            set_pragmas(service, *pragmas, f"wal_autocheckpoint = {log_pages}")
            with ThreadPoolExecutor(WRITERS) as pool:
                share = posts // 2 // WRITERS
                work = [
                    pool.submit(write, service, f"{seed}-{life}-{writer}", share, events)
                    for writer in range(WRITERS)
                ]
            assert [one.result() for one in work]
            service.close()
    shutil.rmtree(folder)
    assert sum(isinstance(event, Told) for event in events) == posts
    return events


def write(service: Service, name: str, posts: int, events: list[Event]) -> None:
    """One reader's posts; some reply to what they were told, some are held for a moderator."""
    chance = random.Random(name)
    client = service.app.test_client()
    told: list[Acknowledged] = []
    for number in range(posts):
        slug = chance.choice(SLUGS)
        parents = [one.id for one in told if one.sent.slug == slug and one.status == CREATED]
        sent = Sent(
            site="horizons",
            author_key=f"reader-{name}-0123456789abcdef",
            key=f"post {number}",
            slug=slug,
            name=f"Wren {name}",
            body=f"Number {number} of {name}" + chance.choice(("", f" {HELD_WORD}", " and more" * 300)),
            parent=chance.choice(parents) if parents and chance.random() < 0.4 else None,
        )
        told.append(post(client, sent))
        events.append(Told(told[-1]))


def post(client: FlaskClient, sent: Sent) -> Acknowledged:
    """Post through the public API; the answer must be a promise."""
    began = time.monotonic()
    answer = client.post(f"/api/v1/sites/{sent.site}/comments", json=sent.words())
    assert answer.status_code in (CREATED, ACCEPTED), answer.get_data(as_text=True)
    return Acknowledged(sent, answer.status_code, answer.get_json(), began, time.monotonic(), 1)


def cuts(site_file: Path, events: list[Event], file: Path, seed: int, wanted: int) -> Iterator[Cut]:
    """So many power cuts at random moments of the recording, each with what it left at `file`."""
    chance = random.Random(seed)
    moments = set(chance.sample(range(len(events)), wanted))
    disk = Disk({site_file.name: site_file.read_bytes()})
    promised: list[Acknowledged] = []
    for moment, happened in enumerate(events):
        disk.happen(happened)
        if isinstance(happened, Told):
            promised.append(happened.what)
        if moment in moments:
            store(disk.cut(chance), file.parent)
            later = [event.what for event in events[moment + 1 :] if isinstance(event, Told)]
            yield Cut(file, list(promised), later[:WRITERS], disk.pending)
            shutil.rmtree(file.parent)


def looked_at(engine: Engine, promised: list[Acknowledged]) -> Difference:
    """What is not as it was promised; everything else about the database must be as it should."""
    with Session(engine) as session:
        connection = session.connection()
        assert connection.exec_driver_sql("PRAGMA integrity_check").all() == [("ok",)]
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert unsound(session) == []
        return differing(session, promised)


def assert_goes_on(cut: Cut, engine: Engine) -> None:
    """Readers who heard nothing send their posts again; those who did may too; nothing is stored twice."""
    known = {one.id for one in cut.promised}
    told = cut.promised[-WRITERS:]
    untold = [one for one in cut.in_flight if one.sent.parent is None or one.sent.parent in known]
    service = serve(cut.file)
    assert [post(service.client, one.sent).id for one in told] == [one.id for one in told]
    # Some of them may have been stored before the cut, so they count as sent when they were sent first.
    answers = [replace(post(service.client, one.sent), began=one.began) for one in untold]
    service.close()
    found = looked_at(engine, cut.promised + answers)
    assert found.is_none, found


def serve(file: Path) -> Service:
    """The application on this file, without limits."""
    return Service(Settings(secret_key=SECRET, database_url=f"sqlite:///{file}", **UNLIMITED))  # type: ignore[arg-type]


def set_pragmas(service: Service, *pragmas: str) -> None:
    """Have SQLite do something else than the service asks for."""

    def connected(connection: sqlite3.Connection, record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(service.database.writer, "connect", connected)

"""A full disk: writers are told at once to try again, readers read on, and room heals it by itself."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import func, select

from comments_service import sites
from comments_service.cli.commands import snapshot
from comments_service.models import Comment
from tests.app import ORIGIN, Live, new_author_key
from tests.databases import open_database
from tests.faults.asking import Answer, ask
from tests.faults.figures import spread
from tests.faults.kept import assert_kept
from tests.faults.processes import kill_oldest_worker
from tests.faults.small_disk import SmallDisk
from tests.faults.writers import WRITERS, Ledger, Writers
from tests.server.running import wait_for

SEED = 20262
MEGABYTE = 1024 * 1024
DISK = 16 * MEGABYTE
# What the writers find when they begin: room for some dozen posts.
ROOM = MEGABYTE
# Asked one after the other while the disk is full and all writers keep trying.
QUESTIONS = 12
SECONDS_TO_REFUSE = 1.0
SECONDS_TO_HEAL = 2.0
PATIENCE_SECONDS = 300.0
SITE = "/api/v1/sites/horizons"
ARTICLE = f"article-{SEED}-0"
# How a writer notices that the worker it was talking to has died.
DEATHS = {"RemoteDisconnected", "ConnectionResetError", "ConnectionRefusedError", "BrokenPipeError"}


@dataclass
class Seen:
    """What was answered while the disk was full, and how long healing took."""

    refusals: list[Answer] = field(default_factory=list)
    reads: list[Answer] = field(default_factory=list)
    healing: list[float] = field(default_factory=list)


def test_a_full_disk_refuses_writers_at_once_and_heals_when_there_is_room(
    on_small_disk: tuple[Live, SmallDisk], tmp_path: Path, is_long: bool, figures: Callable[[str], None]
) -> None:
    live, disk = on_small_disk
    seen, ledger = Seen(), Ledger()
    with Writers(live.port, seed=SEED, ledger=ledger, patience=PATIENCE_SECONDS):
        ledger.wait_for(20)
        for round in range(5 if is_long else 3):
            fill(disk, ledger)
            for number in range(QUESTIONS):
                seen.refusals.append(post(live, f"Number {number} of round {round}"))
                seen.reads.extend(read(live, QUESTIONS * round + number))
                if number == QUESTIONS // 2:
                    kill_oldest_worker(live)  # its successor finds no room to begin with
            freed = time.monotonic()
            disk.clear()
            ledger.wait_for(1)
            seen.healing.append(time.monotonic() - freed)
            ledger.wait_for(20)

    url = disk.rescue(tmp_path / "rescued")
    kept = assert_kept(ledger, url)
    with open_database(url) as database, snapshot(database) as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == len(ledger.acknowledged)
    assert Counter(one.status for one in seen.refusals) == {503: len(seen.refusals)}
    assert all(int(one.headers["Retry-After"]) >= 1 for one in seen.refusals)
    assert Counter(one.status for one in seen.reads) == {200: len(seen.reads)}
    assert ledger.troubles.keys() <= {"503", *DEATHS}
    assert median(one.seconds for one in seen.refusals) < SECONDS_TO_REFUSE
    assert median(seen.healing) < SECONDS_TO_HEAL
    figures(
        f"{kept}, all stored and nothing else; "
        f"{len(seen.refusals)} refusals within {spread([one.seconds for one in seen.refusals])}, "
        f"{len(seen.reads)} reads all 200 within {spread([one.seconds for one in seen.reads])}, "
        f"first success after there is room {spread(seen.healing)}"
    )


@pytest.fixture
def on_small_disk(migrated_file: Path, tmp_path: Path) -> Iterator[tuple[Live, SmallDisk]]:
    """The real service with its database, its limits' counts and its log on one small disk, ready."""
    prepared = tmp_path / "prepared.db"
    shutil.copy(migrated_file, prepared)
    with open_database(f"sqlite:///{prepared}") as database:
        database.write(lambda s: sites.add(s, key="horizons", name="Horizons", origins=[ORIGIN], policy={}))
    disk = SmallDisk(tmp_path / "disk", DISK, prepared)
    # Limits so wide that nobody meets them, but counted.
    live = Live(tmp_path, disk.url, COMMENTS_LIMIT_POST="1000000 per minute")
    live.start(within=disk.within)
    disk.belongs_to(live)
    yield live, disk
    live.stop()


def fill(disk: SmallDisk, ledger: Ledger) -> None:
    """Leave the writers some room; returns when they have used it up and each was refused since."""
    disk.fill(leave=ROOM)
    stored = -1
    while stored != len(ledger.acknowledged):
        stored = len(ledger.acknowledged)
        wait_for_refusals(ledger)
        disk.fill()


def wait_for_refusals(ledger: Ledger) -> None:
    """Returns when as many posts were refused as there are writers."""
    wanted = ledger.troubles["503"] + WRITERS
    wait_for(lambda: ledger.troubles["503"] >= wanted)


def post(live: Live, body: str) -> Answer:
    """The answer to a reader who posts once and gives up."""
    words = {"slug": ARTICLE, "name": "Wren", "body": body, "author_key": new_author_key(), "key": "once"}
    return ask(live.port, f"{SITE}/comments", words, headers={"Origin": ORIGIN})


def read(live: Live, number: int) -> list[Answer]:
    """The answers to readers; some ask what nobody asked before, so that no cache knows it."""
    paths = (
        f"{SITE}/comments?slug={ARTICLE}",
        f"{SITE}/comments?slug={ARTICLE}&limit={number % 100 + 1}",
        f"{SITE}/counts?slug={ARTICLE}&slug=nothing-{number}",
        f"/sites/horizons/thread?slug={ARTICLE}",
        "/readyz",
    )
    return [ask(live.port, path) for path in paths]

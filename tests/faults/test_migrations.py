"""The schema goes down and up while readers write: they wait or are told to try again; nothing is lost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from sqlalchemy import String, cast, select, text, update
from sqlalchemy.orm import Session

from benchmarks.reading import seeding
from comments_service import migrating
from comments_service.cli.commands import snapshot
from comments_service.models import Comment, Revision, Site, Thread
from comments_service.models.rank import rank
from tests.app import Live
from tests.databases import migrate, open_database
from tests.faults.figures import Figures
from tests.faults.kept import assert_kept
from tests.faults.writers import WRITERS, Ledger, Writers

SEED = 20263
SLUG = "many"
FIRST = "0001"


@pytest.fixture(params=["sqlite", "postgres"])
def crowded(
    request: pytest.FixtureRequest,
    sqlite_copy: Callable[[], str],
    start_live: Callable[..., Live],
    is_long: bool,
) -> Iterator[Live]:
    """The real service on a database of its own with many comments in one thread."""
    if request.param == "sqlite":
        url = sqlite_copy()
    else:
        server = request.getfixturevalue("postgres")
        url = server.database(server.template("migrated", migrate))
    live = start_live(url)
    with open_database(url) as database:
        database.write(lambda session: fill(session, 100_000 if is_long else 2_000))
    yield live
    live.stop()


def test_the_schema_goes_down_and_up_while_readers_write(
    crowded: Live, is_long: bool, figures: Figures
) -> None:
    url = crowded.environ["COMMENTS_DATABASE_URL"]
    with open_database(url) as database:
        with snapshot(database) as session:
            before = digest(session)
        seconds: dict[str, list[float]] = {"down": [], "up": []}
        posted = 0
        with Writers(crowded.port, seed=SEED) as ledger:
            ledger.wait_for(WRITERS)
            for _ in range(3 if is_long else 1):
                began = len(ledger.acknowledged)
                seconds["down"].append(timed(lambda: migrating.downgrade(database, FIRST)))
                seconds["up"].append(timed(lambda: migrating.upgrade(database)))
                posted += len(ledger.acknowledged) - began
                ledger.wait_for(WRITERS)
        with snapshot(database) as session:
            assert migrating.is_current(session.connection())
            assert digest(session) == before
    assert ledger.troubles.keys() <= {"503"}
    kept = assert_kept(ledger, url)
    figures(
        f"{before[0]:,} rows down in {max(seconds['down']):.1f} s and up in {max(seconds['up']):.1f} s, "
        f"{posted} posts meanwhile, the longest pause between two {longest_pause(ledger):.1f} s; {kept}"
    )


def fill(session: Session, size: int) -> None:
    """A thread of so many comments, no two alike, that nobody has voted on."""
    if is_postgres := session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))
    site_id = session.scalars(select(Site.id).where(Site.key == "horizons")).one()
    thread_id = seeding.seed(session, site_id, SLUG, size, seeding.Texts())
    session.execute(
        update(Comment)
        .where(Comment.thread_id == thread_id)
        .values(ups=0, downs=0, score=0, rank=rank(0, 0))
        .execution_options(synchronize_session=False)
    )
    of_thread = select(Comment.id).where(Comment.thread_id == thread_id)
    session.execute(
        update(Revision)
        .where(Revision.comment_id.in_(of_thread))
        .values(body=Revision.body + cast(Revision.comment_id, String))
        .execution_options(synchronize_session=False)
    )
    if is_postgres:
        # They came with ids of their own, which PostgreSQL does not count.
        session.execute(text("SELECT setval(pg_get_serial_sequence('comment', 'id'), max(id)) FROM comment"))


def digest(session: Session) -> tuple[int, str]:
    """How many comments the thread of `fill` has, and a hash over all that is stored of them."""
    of_thread = select(Comment.id).join(Thread).where(Thread.slug == SLUG).scalar_subquery()
    hashed, size = hashlib.sha256(), 0
    for model, key in ((Comment, Comment.id), (Revision, Revision.comment_id)):
        for row in session.execute(select(*model.__table__.c).where(key.in_(of_thread)).order_by(key)):
            hashed.update(repr(tuple(row)).encode())
            size += model is Comment
    return size, hashed.hexdigest()


def timed(act: Callable[[], object]) -> float:
    """How many seconds it takes."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def longest_pause(ledger: Ledger) -> float:
    """The most seconds in which nobody was acknowledged."""
    return max(
        later - earlier for earlier, later in pairwise(sorted(one.ended for one in ledger.acknowledged))
    )

"""PostgreSQL crashes, and hangs without a word, while 16 readers post to two workers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from tests.app import ORIGIN, Live
from tests.databases import migrate, open_database
from tests.faults.asking import Answer, Asking, ask
from tests.faults.figures import Figures, spread
from tests.faults.kept import assert_kept
from tests.faults.names import NAME, Names
from tests.faults.processes import wait_for_workers, workers
from tests.faults.writers import WRITERS, Ledger, Writers
from tests.server.running import wait_for
from tests.servers import programs
from tests.servers.postgres import Postgres

# What a crash may not take; the machine itself goes on, so its disk may be as slow as it likes.
DURABLE = {"synchronous_commit": "on"}
POSTS_BEFORE = {"short": 2 * WRITERS, "long": 30 * WRITERS}
CRASHES = {"short": 1, "long": 5}
AWAY_SECONDS = {"short": 0.5, "long": 3.0}
HANG_SECONDS = {"short": 2.0, "long": 10.0}
# Wide, since others use the machine; the figures say how it really was.
LONGEST_ANSWER = 8.0
LONGEST_RETURN = {"short": 10.0, "long": 2.0}


def test_what_was_acknowledged_survives_crashes_of_the_database(
    served: Served, is_long: bool, figures: Figures
) -> None:
    form = "long" if is_long else "short"
    aways = []
    with Writers(served.live.port, seed=5) as ledger:
        for _ in range(CRASHES[form]):
            ledger.wait_for(POSTS_BEFORE[form])
            aways.append(served.away(ledger, served.crash, served.postgres.start, AWAY_SECONDS[form]))
        assert_all_go_on(served, ledger)
    for away in aways:
        away.check(LONGEST_RETURN[form])
    figures(told("crash", aways))
    figures(assert_kept(ledger, served.url))


def test_a_database_that_hangs_is_answered_for_and_comes_back(
    served: Served, is_long: bool, figures: Figures
) -> None:
    form = "long" if is_long else "short"
    with Writers(served.live.port, seed=6) as ledger:
        ledger.wait_for(POSTS_BEFORE[form])
        away = served.away(ledger, served.hang, served.postgres.resume, HANG_SECONDS[form])
        assert_all_go_on(served, ledger)
    away.check(LONGEST_RETURN[form])
    figures(told("hang", [away]))
    figures(assert_kept(ledger, served.url))


def test_a_database_whose_name_is_looked_up_in_vain_is_answered_for_and_comes_back(
    named: Served, names: Names, is_long: bool, figures: Figures
) -> None:
    form = "long" if is_long else "short"

    def leave() -> None:
        names.hang()
        named.crash()

    def come_back() -> None:
        named.postgres.start()
        names.answer()

    with Writers(named.live.port, seed=7) as ledger:
        ledger.wait_for(POSTS_BEFORE[form])
        away = named.away(ledger, leave, come_back, HANG_SECONDS[form])
        assert_all_go_on(named, ledger)
    away.check(LONGEST_RETURN[form])
    figures(told("crash without a name", [away]))
    figures(assert_kept(ledger, named.url))


def test_a_connection_from_before_a_crash_costs_nobody_an_error(served: Served) -> None:
    with open_database(served.url) as database:
        database.write(backend)
        served.crash()
        served.postgres.start()
        assert database.write(backend) > 0


def backend(session: Session) -> int:
    """The number of the server's process behind this session."""
    return int(session.scalar(text("SELECT pg_backend_pid()")) or 0)


def assert_all_go_on(served: Served, ledger: Ledger) -> None:
    """Each of the writers and each of the workers, all as before, gets something done after this moment."""
    live = served.live
    assert set(workers(live)) == served.workers
    now = time.monotonic()
    size = live.errors.stat().st_size

    def writing() -> set[str]:
        return {one.sent.author_key for one in ledger.acknowledged if one.began > now}

    def working() -> set[int]:
        with live.errors.open() as log:
            log.seek(size)
            lines = [json.loads(line) for line in log.readlines() if line.endswith("\n")]
        return {line["worker"] for line in lines if line.get("status") == 201}

    wait_for(lambda: len(writing()) == WRITERS, 30)
    wait_for(lambda: working() >= served.workers, 30)


@dataclass(frozen=True)
class Away:
    """One outage as it was seen from outside: refused posts, what /readyz said, and how long it took back."""

    seconds: float
    refused: list[Answer]
    unready: list[Answer]
    back: float
    ready: float

    def check(self, longest_return: float) -> None:
        """Everybody was told to come again, in time, and could within so many seconds of its return."""
        assert self.refused
        assert self.unready
        assert {one.status for one in self.refused + self.unready} == {503}
        assert all(int(one.headers["Retry-After"]) >= 1 for one in self.refused + self.unready)
        assert max(one.seconds for one in self.refused + self.unready) < LONGEST_ANSWER
        assert max(self.back, self.ready) < longest_return


def told(what: str, aways: list[Away]) -> str:
    """The figures of outages in a sentence."""
    answers = [one.seconds for away in aways for one in away.refused]
    median, slowest = sorted(answers)[len(answers) // 2], max(answers)
    return (
        f"{len(aways)} x {what}, away for {sum(away.seconds for away in aways):.1f} s: "
        f"{len(answers)} posts asked by one reader all answered 503, median {median * 1000:.0f} ms, slowest "
        f"{slowest:.2f} s; back after {spread([away.back for away in aways])}, "
        f"ready after {spread([away.ready for away in aways])}; then every writer and every worker goes on"
    )


class Served:
    """A service with two workers on a PostgreSQL of its own, which may be broken."""

    def __init__(self, postgres: Postgres, live: Live, url: str) -> None:
        self.postgres = postgres
        self.live = live
        self.url = url
        wait_for_workers(live)
        self.workers = set(workers(live))

    def crash(self) -> None:
        """End the database as it stands."""
        self.postgres.crash()

    def hang(self) -> None:
        """Stop the database without a word."""
        self.postgres.hang()

    def away(
        self, ledger: Ledger, leave: Callable[[], None], come_back: Callable[[], None], seconds: float
    ) -> Away:
        """Take the database away for so long, and at least until somebody was refused."""
        with ExitStack() as stack:
            posts = stack.enter_context(Asking(self._post))
            readiness = stack.enter_context(Asking(lambda _: ask(self.live.port, "/readyz")))
            leave()
            left = time.monotonic()
            wait_for(lambda: time.monotonic() > left + seconds, seconds + 1)
            posts.wait_for(503, left)
            readiness.wait_for(503, left)
            ends = time.monotonic()
            come_back()
            returned = time.monotonic()
            posts.wait_for(201, returned)
            ready = readiness.wait_for(200, returned)
            wait_for(lambda: any(one.ended > returned for one in ledger.acknowledged), 30)
        first = min(one.ended for one in ledger.acknowledged if one.ended > ends)
        return Away(
            seconds=returned - left,
            refused=posts.between(left, ends),
            unready=readiness.between(left, ends),
            back=max(0.0, first - returned),
            ready=ready.ended - returned,
        )

    def _post(self, number: int) -> Answer:
        words = {"slug": "asked", "name": "Wren", "body": f"Asked at {time.monotonic()}, number {number}"}
        return ask(self.live.port, "/api/v1/sites/horizons/comments", words, headers={"Origin": ORIGIN})


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that only these tests use."""
    postgres = Postgres(programs.need("postgres"), DURABLE)
    yield postgres
    postgres.stop()


@pytest.fixture(scope="module")
def served(start_live: Callable[..., Live], own_postgres: Postgres) -> Iterator[Served]:
    """The service on that PostgreSQL."""
    url = own_postgres.database()
    migrate(url)
    live = start_live(url)
    yield Served(own_postgres, live, url)
    live.stop()


@pytest.fixture
def names(tmp_path: Path) -> Names:
    """Names that are answered for."""
    names = Names(tmp_path)
    names.answer()
    return names


@pytest.fixture
def named(start_live: Callable[..., Live], own_postgres: Postgres, names: Names) -> Iterator[Served]:
    """The service on that PostgreSQL, which it looks up by name."""
    url = own_postgres.database()
    migrate(url)
    by_name = make_url(url).set(host=NAME).render_as_string(hide_password=False)
    live = start_live(url, within=names.within, COMMENTS_DATABASE_URL=by_name)
    yield Served(own_postgres, live, url)
    live.stop()

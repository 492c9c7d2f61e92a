"""Measures how fast threads are read: ./dev bench read [--quick] [--write].

The real service with two workers, limits and checks on, against nginx serving the same bytes as files and
against a plain view; all of them in turn, several rounds in one run, so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from benchmarks.reading import fronts, plain, report, seeding
from benchmarks.reading.load import Load, drive
from benchmarks.reading.report import Row
from benchmarks.reading.servers import Plain, Read, Server, fetch
from benchmarks.reading.writer import Writer
from comments_service.reading import cursors
from tests.servers import programs

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "var" / "bench"
API = f"/api/v1/sites/{seeding.SITE}"
COUNTS = f"{API}/counts?" + "&".join(f"slug={quote(seeding.other(i), safe='')}" for i in range(20))
GZIP = {"Accept-Encoding": "gzip"}
STARTS = 3


Stoppable = TypeVar("Stoppable", bound=Server | fronts.Front)


class Target(NamedTuple):
    """One thing to ask for, and whose CPU it takes; `of` is the target its rate is compared with."""

    name: str
    server: Server | fronts.Front
    path: str
    headers: dict[str, str]
    of: str | None = None
    wanted: float | None = None


class Effort(NamedTuple):
    """How long the parts of a run are."""

    rounds: int
    seconds: float
    writer_rounds: int
    pages: int
    million: bool


# Enough for each of two workers to be asked.
UNCOUNTED = 4
FULL = Effort(rounds=7, seconds=1, writer_rounds=4, pages=400, million=True)
QUICK = Effort(rounds=2, seconds=1, writer_rounds=1, pages=100, million=False)


def main() -> None:
    """Seed what is missing, start everything, measure, print, and stop everything."""
    known = _arguments()
    effort = QUICK if known.quick else FULL
    usual = seeding.usual(FOLDER)
    million = seeding.million(FOLDER) if effort.million else None
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comments-bench-")))
        bench = Bench(stack, folder, usual, million)
        sections = [
            report.Section("Hot answers", bench.hot(effort)),
            report.Section("With a writer at 10 comments/s", bench.with_writer(effort)),
            report.Section("Not from memory (one request at a time)", bench.uncached(effort)),
            report.Section("The service itself", bench.itself()),
        ]
    text = report.table(sections)
    print(text)
    print(f"\n{report.machine()}\nmeasured in {time.monotonic() - began:.0f} s")
    if known.write:
        report.write(ROOT / "docs", text, sections)


class Bench:
    """The servers, and the parts of the measurement."""

    def __init__(self, stack: ExitStack, folder: Path, usual: Path, million: Path | None) -> None:
        self.folder, self._stack = folder, stack
        database = folder / "usual.db"
        shutil.copy(usual, database)
        self.service = self._running(Read(database, page_path(10)))
        self.million = self._running(Read(million, page_path(10))) if million else None
        plain_database = folder / "plain.db"
        plain.copy_in(plain_database, _plain_rows(database))
        self.plain = self._running(Plain(plain_database))
        program = programs.find("nginx")
        if program is None:
            raise SystemExit(f"nginx is the yardstick: {programs.NEEDED['nginx'].install}")
        files = {"page.json": self._forms(page_path(100)), "counts.json": self._forms(COUNTS)}
        self.static = self._running(fronts.static(program, files))
        self.shipped = self._running(fronts.shipped(program, self.service.port))

    def hot(self, effort: Effort) -> list[Row]:
        """The same page and counts from every server, in every form."""
        targets = list(self._hot_targets())
        loads: dict[str, list[Load]] = {target.name: [] for target in targets}
        for target in targets:  # caches filled, files opened
            fetch(target.server.url + target.path)
        for _ in range(effort.rounds):
            for target in targets:
                loads[target.name].append(_drive(target, effort.seconds))
        return [_row(target, loads) for target in targets]

    def with_writer(self, effort: Effort) -> list[Row]:
        """The hot page while nobody writes, while others are written to, and while it is itself."""
        page = Target("quiet", self.service, page_path(100), {})
        others = [seeding.other(number) for number in range(20, seeding.OTHERS)]
        seen: list[float] = []
        loads: dict[str, list[Load]] = {"quiet": [], "others": [], "same": []}
        for _ in range(effort.writer_rounds):
            loads["quiet"].append(_drive(page, effort.seconds * 3))
            with Writer(self.service.port, others) as writer:
                loads["others"].append(_drive(page, effort.seconds * 3))
            _assert_wrote(writer)
            with Writer(self.service.port, [seeding.slug(100)], watched=True) as writer:
                loads["same"].append(_drive(page, effort.seconds * 3))
            _assert_wrote(writer)
            seen += writer.seen_after
        names = {
            "quiet": "page, nobody writes",
            "others": "writer on other threads",
            "same": "writer on this thread",
        }
        quiet = loads["quiet"]
        return [
            *(
                Row.of_loads(name, loads[key], against=None if key == "quiet" else quiet, wanted=wanted)
                for (key, name), wanted in zip(names.items(), (None, 0.9, None), strict=True)
            ),
            Row(
                "p99 while this thread is written to",
                ratio=_p99(loads["same"]) / _p99(quiet),
                wanted=3,
                at_most=True,
                unit="x quiet",
            ),
            Row(
                "a new comment is seen after",
                value=max(seen) * 1e3,
                wanted=1000,
                at_most=True,
                unit="ms at most",
            ),
        ]

    def uncached(self, effort: Effort) -> list[Row]:
        """Pages made by Flask: every request is spelt anew, so none is in memory.

        After a change of service a few requests are not counted: its workers lie cold in the processor's
        caches, which says nothing of the number of comments.
        """
        asked: dict[str, tuple[Server, Iterator[str]]] = {
            f"first page of {size:,}": (self.service, spellings(seeding.slug(size)))
            for size in seeding.THREADS
        }
        asked["deep page of 100,000"] = (self.service, deep_pages(100_000))
        if self.million:
            asked["first page of 100 among 1,000,000"] = (self.million, spellings(seeding.slug(100)))
        times: dict[str, list[float]] = {name: [] for name in asked}
        others, last = spellings(seeding.slug(10)), None
        for _ in range(effort.pages):
            for name, (server, paths) in asked.items():
                if server is not last:
                    for _ in range(UNCOUNTED):
                        fetch(server.url + next(others))
                    last = server
                began = time.perf_counter()
                status, _, _ = fetch(server.url + next(paths))
                times[name].append(time.perf_counter() - began)
                assert status == 200, status
        compared = {
            "first page of 100,000": ("first page of 100", 1.5),
            "first page of 100 among 1,000,000": ("first page of 100", 1.5),
            "deep page of 100,000": ("first page of 100,000", 1.2),
        }
        return [_uncached_row(name, times, *compared.get(name, (None, None))) for name in asked]

    def itself(self) -> list[Row]:
        """Memory after all this, and how soon a service that starts gives its first answer."""
        memory = self.service.memory()
        self.service.stop()
        database = self.folder / "usual.db"
        starts = []
        for _ in range(STARTS):
            service = Read(database, page_path(10))
            starts.append(service.first_answer)
            service.stop()
        return [
            Row("memory of two workers (PSS)", value=memory / 1e6, wanted=140, at_most=True, unit="MB"),
            Row("first answer after the start", value=median(starts), wanted=1.5, at_most=True, unit="s"),
        ]

    def _hot_targets(self) -> Iterator[Target]:
        page, service, static = page_path(100), self.service, self.static
        file_tag = {"If-None-Match": static_tag(static, "/page.json")}
        page_tag = {"If-None-Match": static_tag(service, page)}
        yield Target("nginx: file", static, "/page.json", {})
        yield Target("page of 100 comments", service, page, {}, "nginx: file", 0.4)
        yield Target("page behind our nginx", self.shipped, page, {}, "nginx: file", 0.9)
        yield Target(
            "plain view", self.plain, f"/comments?slug={quote(seeding.slug(100), safe='')}", {}, "nginx: file"
        )
        yield Target("nginx: file, gzip_static", static, "/page.json", GZIP)
        yield Target("page, gzip", service, page, GZIP, "nginx: file, gzip_static", 0.45)
        yield Target("nginx: 304", static, "/page.json", file_tag)
        yield Target("page, 304", service, page, page_tag, "nginx: 304", 0.5)
        yield Target("nginx: file of counts", static, "/counts.json", {})
        yield Target("counts of 20 slugs", service, COUNTS, {}, "nginx: file of counts", 0.35)

    def _forms(self, path: str) -> tuple[bytes, bytes]:
        return fetch(self.service.url + path)[2], fetch(self.service.url + path, **GZIP)[2]

    def _running(self, server: Stoppable) -> Stoppable:
        self._stack.callback(server.stop)
        return server


def page_path(size: int) -> str:
    """The first page of a thread, as the widget asks for it."""
    return f"{API}/comments?slug={quote(seeding.slug(size), safe='')}"


def spellings(slug: str) -> Iterator[str]:
    """The same page under address after address: each letter of the slug written out or as %XX."""
    for number in count(int(time.time()) % 1_000_003):
        letters = (f"%{ord(c):02X}" if c in "/%" or number >> i & 1 else c for i, c in enumerate(slug))
        yield f"{API}/comments?slug={''.join(letters)}"


def deep_pages(size: int) -> Iterator[str]:
    """Pages from the middle of a thread on."""
    for number in count():
        yield f"{page_path(size)}&cursor={cursors.make('newest', size // 2 - 4 * number)}"


def static_tag(server: Server | fronts.Front, path: str) -> str:
    """The tag under which a server would answer 304."""
    return fetch(server.url + path)[1]["etag"]


def _drive(target: Target, seconds: float) -> Load:
    return drive(target.server.url + target.path, target.headers, seconds, target.server.cpu)


def _row(target: Target, loads: dict[str, list[Load]]) -> Row:
    against = loads[target.of] if target.of else None
    row = Row.of_loads(target.name, loads[target.name], against=against, wanted=target.wanted)
    return row._replace(times_plain=row.rate / median(load.rate for load in loads["plain view"]))


def _p99(loads: list[Load]) -> float:
    return median(load.p99 for load in loads)


def _uncached_row(name: str, times: dict[str, list[float]], of: str | None, wanted: float | None) -> Row:
    mine = sorted(times[name])
    ratio = None if of is None else median(mine) / median(times[of])
    return Row(
        name,
        p50=median(mine),
        p99=mine[len(mine) * 99 // 100],
        ratio=ratio,
        wanted=wanted,
        at_most=True,
        unit="" if of is None else f"x {of}",
    )


def _assert_wrote(writer: Writer) -> None:
    if writer.errors or not writer.posted:
        raise SystemExit(f"the writer could not write: {writer.errors[:3]}")


def _plain_rows(database: Path) -> dict[str, list[dict[str, Any]]]:
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    slugs = tuple(seeding.slug(size) for size in seeding.THREADS if size <= 1_000)
    threads = connection.execute(
        "SELECT id, slug, count FROM thread WHERE slug IN (?, ?, ?)", slugs
    ).fetchall()
    comments = connection.execute(
        "SELECT c.id, c.thread_id, c.parent_id AS parent, c.name, c.badge, r.html, c.created_at, "
        "c.edited_at, c.score, c.status, c.revision FROM comment c JOIN revision r ON r.comment_id = c.id "
        "JOIN thread t ON t.id = c.thread_id WHERE t.slug IN (?, ?, ?)",
        slugs,
    ).fetchall()
    connection.close()
    return {
        "threads": [dict(row) for row in threads],
        "comments": [
            {**dict(row), "created_at": datetime.fromisoformat(row["created_at"])} for row in comments
        ],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench read", description="Measures how fast threads are read."
    )
    parser.add_argument(
        "--quick", action="store_true", help="a run of about a minute, without the million rows"
    )
    parser.add_argument("--write", action="store_true", help="put table and chart into docs/performance.*")
    return parser.parse_args()


if __name__ == "__main__":
    main()

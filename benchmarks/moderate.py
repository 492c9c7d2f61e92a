"""Measures how fast moderators are served: ./dev bench moderate [--quick] [--write].

The real service with two workers, once with 6,000 comments that wait and once with 200,000, on each database;
both sizes in turn, request by request, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.moderating import report, seeding
from benchmarks.moderating.report import Row, Section
from benchmarks.moderating.servers import Moderated
from benchmarks.reading.report import machine
from comments_service import clock
from comments_service.reading import cursors
from tests.servers import programs
from tests.servers.postgres import Postgres

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "var" / "bench"
SIZES = (6_000, 200_000)
# As an operator would have it.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "128MB"}
BATCH = 100


class Effort(NamedTuple):
    """How often each thing is asked, and how many batches are decided."""

    requests: int
    batches: int


FULL, QUICK = Effort(200, 20), Effort(40, 5)


def main() -> None:
    """Seed, start everything, measure, print, and stop everything."""
    known = _arguments()
    began = time.monotonic()
    sections = [
        section for name in known.databases for section in _measured(name, QUICK if known.quick else FULL)
    ]
    text = report.table(sections, *SIZES)
    print(text)
    print(f"\n{machine()}\nmeasured in {time.monotonic() - began:.0f} s")
    if known.write:
        report.write(ROOT / "docs" / "performance.md", text, machine())


def _measured(name: str, effort: Effort) -> Iterator[Section]:
    with ExitStack() as stack:
        FOLDER.mkdir(parents=True, exist_ok=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="moderate-", dir=FOLDER)))
        if name == "sqlite":
            title, urls = "SQLite", [f"sqlite:///{folder / f'{size}.db'}" for size in SIZES]
        else:
            program = programs.find("postgres")
            if program is None:
                print(f"without PostgreSQL: {programs.NEEDED['postgres'].install}", file=sys.stderr)
                return
            postgres = Postgres(program, DURABLE)
            stack.callback(postgres.stop)
            title, urls = "PostgreSQL", [postgres.database() for _ in SIZES]
        servers = []
        for url, size in zip(urls, SIZES, strict=True):
            servers.append(Moderated(url, seeding.fill(url, size), folder / f"{name}-{size}"))
            stack.callback(servers[-1].stop)
        yield Section(title, list(_rows(servers, effort)))


def _rows(servers: list[Moderated], effort: Effort) -> Iterator[Row]:
    for name, asked, wanted in _questions():
        seconds = _asked(servers, [asked(server) for server in servers], effort.requests)
        yield Row(name, *seconds, **wanted)
    batches: tuple[list[float], list[float]] = ([], [])
    for _ in range(effort.batches):
        for server, times in zip(servers, batches, strict=True):
            times.append(server.decide(BATCH))
    yield Row(f"{BATCH} decisions", *batches, most_seconds=0.5)


def _questions() -> Iterator[tuple[str, Callable[[Moderated], str], dict[str, Any]]]:
    def queue(name: str = "pending", **query: Any) -> Callable[[Moderated], str]:
        return lambda server: f"queues/{name}?{urlencode(query)}".rstrip("?")

    def deep(server: Moderated) -> str:
        created, number = server.middle()
        cursor = cursors.make("pending", clock.microseconds(created), number)
        return f"queues/pending?{urlencode({'cursor': cursor})}"

    yield "first page", queue(), {"most_seconds": 0.05, "most_ratio": 1.3}
    yield "page in the middle", deep, {}
    yield "most reported", queue("reported"), {}
    yield "counts", lambda server: "queues", {}
    yield "of an author", lambda server: f"queues/pending?author={server.filled.author}", {}
    yield "of an article", queue(slug="articles/7"), {}
    yield "search: frequent word", queue(q=seeding.FREQUENT_WORD), {}
    yield "search: rare word", queue(q=seeding.RARE_WORD), {}
    yield "search: frequent and rare", queue(q=f"{seeding.FREQUENT_WORD} {seeding.RARE_WORD}"), {}
    yield "search: phrase", queue(q=f'"a {seeding.RARE_WORD}"'), {}
    yield "search: article", queue(q=seeding.ARTICLE), {}
    yield "search: nothing found", queue(q="xyzzy"), {}


def _asked(servers: list[Moderated], paths: list[str], times: int) -> tuple[list[float], list[float]]:
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(times + 10):
        for server, path, found in zip(servers, paths, seconds, strict=True):
            taken = server.seconds(path)
            if number >= 10:  # each worker has seen it before
                found.append(taken)
    return seconds


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench moderate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument(
        "--databases", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"]
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Measures how fast comments are posted: ./dev bench write [--quick] [--write].

The real service with two workers and all checks on, against the plain way (a session and a commit for each
request) behind the same server; both in turn, several rounds in one run, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.reading import report as reading_report
from benchmarks.reading import seeding
from benchmarks.writing import report
from benchmarks.writing.client import Load, drive
from benchmarks.writing.servers import LARGE_SLUG, SLUGS, Ours, Plain, fill_ours, fill_plain
from tests.servers import programs
from tests.servers.postgres import Postgres

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "var" / "bench"
PLACES = ("empty thread", "20 threads", "of 100,000")
# As an operator would have it: what is acknowledged survives a power cut.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "128MB"}
# Both ways may open a connection for each of their threads.
ROOM = {"max_connections": "300"}


class Effort(NamedTuple):
    """How long a run is."""

    rounds: int
    seconds: float


FULL = Effort(rounds=7, seconds=1.5)
QUICK = Effort(rounds=1, seconds=1.5)


def main() -> None:
    """Seed, start everything, measure, print, and stop everything."""
    known = _arguments()
    effort = QUICK if known.quick else FULL
    usual = seeding.usual(FOLDER)
    began = time.monotonic()
    sections = [section for name in known.databases for section in _measured(name, usual, effort, known)]
    text = report.table(sections)
    print(text)
    print(f"\n{reading_report.machine()}\nmeasured in {time.monotonic() - began:.0f} s")
    if known.write:
        report.write(ROOT / "docs" / "performance.md", sections, reading_report.machine())
    if any(section.acknowledged[0] != section.stored[0] for section in sections):
        raise SystemExit("the service did not store what it acknowledged")


def _measured(name: str, usual: Path, effort: Effort, known: argparse.Namespace) -> Iterator[report.Section]:
    with ExitStack() as stack:
        FOLDER.mkdir(parents=True, exist_ok=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="write-", dir=FOLDER)))
        if name == "sqlite":
            title = "SQLite, synchronous=FULL"
            urls = [f"sqlite:///{folder / file}" for file in ("ours.db", "plain.db")]
        else:
            program = programs.find("postgres")
            if program is None:
                print(f"without PostgreSQL: {programs.NEEDED['postgres'].install}", file=sys.stderr)
                return
            title = "PostgreSQL, fsync and synchronous_commit on"
            postgres = Postgres(program, DURABLE | ROOM)
            stack.callback(postgres.stop)
            urls = [postgres.database(), postgres.database()]
        fill_ours(urls[0], usual)
        fill_plain(urls[1])
        os.sync()  # or the first rounds would wait until all that was copied is on the disk
        ours, plain = Ours(urls[0], folder), Plain(urls[1], folder)
        stack.callback(ours.stop)
        stack.callback(plain.stop)
        yield _section(name, title, ours, plain, effort, known)


def _section(
    name: str, title: str, ours: Ours, plain: Plain, effort: Effort, known: argparse.Namespace
) -> report.Section:
    before = ours.stored(), plain.stored()
    acknowledged = [0, 0]
    loads: dict[tuple[int, str, int], list[Load]] = {}
    fresh = count()
    both: tuple[Ours | Plain, Ours | Plain] = (ours, plain)
    for number, server in enumerate(both):  # caches filled, statements compiled
        acknowledged[number] += _drive(server, SLUGS, max(known.clients), 1, next(fresh)).acknowledged
    for _ in range(effort.rounds):
        for clients in known.clients:
            for place in known.places:
                run = next(fresh)
                for number, server in enumerate(both):
                    load = _drive(server, _slugs(place, run), clients, effort.seconds, run)
                    loads.setdefault((clients, place, number), []).append(load)
                    acknowledged[number] += load.acknowledged
    cells = [
        report.Cell(clients, place, loads[clients, place, 0], loads[clients, place, 1])
        for clients in known.clients
        for place in known.places
    ]
    stored = ours.stored() - before[0], plain.stored() - before[1]
    return report.Section(name, title, cells, (acknowledged[0], acknowledged[1]), stored)


def _slugs(place: str, run: int) -> tuple[str, ...]:
    by_place = {PLACES[0]: (f"empty/{run}",), PLACES[1]: SLUGS, PLACES[2]: (LARGE_SLUG,)}
    return by_place[place]


def _drive(server: Ours | Plain, slugs: tuple[str, ...], clients: int, seconds: float, run: int) -> Load:
    before = server.cpu()
    load = drive(server.port, server.path, slugs, clients, seconds, run)
    return replace(load, cpu=(server.cpu() - before) / max(load.acknowledged, 1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench write", description="Measures how fast comments are posted."
    )
    parser.add_argument("--quick", action="store_true", help="one round of each, about two minutes")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument(
        "--databases", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"]
    )
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 16, 64])
    parser.add_argument("--places", nargs="+", choices=PLACES, default=list(PLACES))
    return parser.parse_args()


if __name__ == "__main__":
    main()

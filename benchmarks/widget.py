"""Measures the widget against Isso: ./dev bench widget [--rounds N] [--write].

The same article with the same comments in the same Chromium, ours and Isso's in turn, so that a busy machine
slows both. Isso is installed from the package index into an environment of its own, below var/bench.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.embedding import isso, ours, report
from benchmarks.embedding.pages import ISSO, OURS, Pages
from benchmarks.embedding.report import Section, Wanted
from benchmarks.embedding.visits import Visit, Wait, bare_heap, visit
from benchmarks.reading import seeding
from benchmarks.reading.report import machine
from benchmarks.reading.servers import Read
from tests.servers import programs
from tests.servers.chromium import chromium

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "var" / "bench"
# Comments on the page, how much slower the processor is, and what is wanted.
PLACES = (
    (1_000, 1, Wanted(painted=0.25, blocked=0.2, heap=0.5)),
    (100, 1, Wanted(painted=1.0)),
    (100, 4, Wanted(painted=1.0)),
)
# What holds the conversations, and what finds the comments on the page.
OUR_COMMENTS = (".list", "[part~=comment]")
THEIR_COMMENTS = ("#isso-root", ".isso-comment")


def main() -> None:
    """Seed, start everything, measure, print, and stop everything."""
    known = _arguments()
    began = time.monotonic()
    database = seeding.usual(FOLDER)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="widget-", dir=FOLDER)))
        pages = Pages(folder)
        stack.callback(pages.stop)
        service = Read(database, f"/api/v1/sites/{seeding.SITE}/comments?slug={seeding.slug(10)}")
        stack.callback(service.stop)
        peer = _isso(folder, database, pages.url)
        stack.callback(peer.stop)
        browser = stack.enter_context(chromium(programs.need("chromium")))
        sections = _measured(browser, pages, service.url, peer.url, known.rounds)
    text = report.table(sections)
    print(text)
    print(f"\n{machine()}\nmeasured in {time.monotonic() - began:.0f} s")
    if known.write:
        report.write(ROOT / "docs" / "performance.md", text, machine())


def _isso(folder: Path, database: Path, origin: str) -> isso.Isso:
    program = isso.program(FOLDER)
    slugs = {seeding.slug(size) for size, _, _ in PLACES}
    theirs = folder / "isso.db"
    isso.fill(program, theirs, {f"/{slug}": ours.comments(database, slug) for slug in sorted(slugs)})
    return isso.Isso(program, theirs, origin)


def _measured(browser: Browser, pages: Pages, service: str, peer: str, rounds: int) -> list[Section]:
    bare = bare_heap(browser, pages.put("bare", ""))
    sections = []
    for size, slowed, wanted in PLACES:
        slug = seeding.slug(size)
        embeds = {
            "ours": (OURS.format(service=service, site=seeding.SITE, slug=slug), *OUR_COMMENTS),
            "isso": (ISSO.format(service=peer, slug=f"/{slug}"), *THEIR_COMMENTS),
        }
        visits: dict[str, list[Visit]] = {name: [] for name in embeds}
        for _ in range(rounds):
            for name, (embed, conversations, comments) in embeds.items():
                wait = Wait(conversations, comments, size // seeding.FAMILY, size)
                seen = visit(browser, pages.put(f"{name}-{size}", embed), wait, slowed)
                visits[name].append(seen._replace(heap=seen.heap - bare))
        title = f"{size:,} comments" + (f", processor {slowed} x slower" if slowed > 1 else "")
        sections.append(Section(title, visits["ours"], visits["isso"], wanted))
    return sections


def _arguments() -> argparse.Namespace:
    known = argparse.ArgumentParser(prog="./dev bench widget", description=__doc__)
    known.add_argument("--rounds", type=int, default=5, help="visits of each page (5)")
    known.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return known.parse_args()


if __name__ == "__main__":
    main()

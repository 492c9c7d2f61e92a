"""Every link between the documents leads somewhere, and every document is led to."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "widget" / "MARKUP.md"])
# The map leads to each of these folders' own list.
LISTS = (DOCS / "README.md", DOCS / "decisions" / "README.md", DOCS / "embedding" / "README.md")


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def prose(page: Path) -> str:
    """The page without what stands in it as code."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`(?!\]\()", "", text)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names of a page's headings, as those who show Markdown make them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def targets(page: Path) -> list[str]:
    return [t for t in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if not re.match(r"[a-z]+:", t)]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    for target in targets(page):
        path, _, anchor = target.partition("#")
        file = page.parent / unquote(path) if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.resolve()), target


def test_a_list_leads_to_every_document() -> None:
    led = {(page.parent / target.partition("#")[0]).resolve() for page in LISTS for target in targets(page)}
    pictures = DOCS / "pictures" / "README.md"
    assert {page for page in DOCS.rglob("*.md") if page not in led} == {pictures, DOCS / "README.md"}

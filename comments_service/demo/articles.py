"""The newspaper's articles, read from one TOML file each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"

SECTIONS = {
    "town": "Town",
    "council": "Council",
    "business": "Business",
    "science": "Science",
    "culture": "Culture",
    "sport": "Sport",
    "opinion": "Opinion",
}
"""The sections by key, in the order of the navigation."""


@dataclass(frozen=True)
class Block:
    """A piece of an article's body: a paragraph or a subheading."""

    kind: str
    text: str


@dataclass(frozen=True)
class Article:
    """One article. `slug` is both its address in the newspaper and the key of its thread.

    `mode` is the thread's, or None where the site's own holds.
    """

    slug: str
    section: str
    title: str
    standfirst: str
    byline: tuple[str, ...]
    published_at: datetime
    picture: str
    alt: str
    caption: str
    body: tuple[Block, ...]
    lead: bool
    mode: str | None

    @property
    def section_title(self) -> str:
        return SECTIONS[self.section]


def read_articles(edition: datetime) -> list[Article]:
    """All articles, the newest first, dated by how long before `edition` each came out."""
    articles = [_read(path, edition) for path in sorted((CONTENT / "articles").glob("*.toml"))]
    return sorted(articles, key=lambda article: article.published_at, reverse=True)


def _read(path: Path, edition: datetime) -> Article:
    fields: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return Article(
        slug=f"{fields['section']}/{path.stem}",
        section=fields["section"],
        title=fields["title"],
        standfirst=fields["standfirst"],
        byline=tuple(fields["byline"]),
        published_at=edition - timedelta(hours=fields["hours_before_edition"]),
        picture=fields["picture"],
        alt=fields["alt"],
        caption=fields["caption"],
        body=tuple(_blocks(fields["body"])),
        lead=fields.get("lead", False),
        mode=fields.get("mode"),
    )


def _blocks(body: str) -> list[Block]:
    return [_block(part) for part in body.strip().split("\n\n")]


def _block(part: str) -> Block:
    if part.startswith("## "):
        return Block("subheading", part.removeprefix("## "))
    else:
        return Block("paragraph", part)

"""Atom (RFC 4287) with threads (RFC 4685) and pages (RFC 5005): well-formed whatever it is given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from .. import clock

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
ATOM_TYPE = "application/atom+xml"
HTML_TYPE = "text/html"
SPACES = {"xmlns": "http://www.w3.org/2005/Atom", "xmlns:thr": "http://purl.org/syndication/thread/1.0"}
GENERATOR = "comments_service"

# All that XML 1.0 cannot hold, not even as a reference.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Answered:
    """What an entry replies to: its id, and where it can be looked at (None: nowhere any more)."""

    id: str
    href: str | None


@dataclass(frozen=True)
class Entry:
    """One comment. `html` is safe already; `replies` is how many there are below it."""

    id: str
    title: str
    author: str
    html: str
    published: datetime
    updated: datetime
    href: str
    answers: Answered | None
    replies: int


@dataclass(frozen=True)
class Feed:
    """A feed's page. `updated` is for a feed without entries; `alternate` is what it is about."""

    id: str
    title: str
    href: str
    alternate: str | None
    first: str
    next: str | None
    updated: datetime
    entries: tuple[Entry, ...]


def document(feed: Feed) -> bytes:
    """The feed as UTF-8 XML; the same feed makes the same bytes."""
    root = ElementTree.Element("feed", SPACES)
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "updated", clock.rfc3339(max((e.updated for e in feed.entries), default=feed.updated)))
    _add(root, "generator", GENERATOR)
    for relation, href, kind in _links(feed):
        _add(root, "link", rel=relation, type=kind, href=href)
    for entry in feed.entries:
        _add_entry(root, entry)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _links(feed: Feed) -> Iterable[tuple[str, str, str]]:
    yield "self", feed.href, ATOM_TYPE
    if feed.alternate is not None:
        yield "alternate", feed.alternate, HTML_TYPE
    yield "first", feed.first, ATOM_TYPE
    if feed.next is not None:
        yield "next", feed.next, ATOM_TYPE


def _add_entry(root: ElementTree.Element, entry: Entry) -> None:
    made = ElementTree.SubElement(root, "entry")
    _add(made, "id", entry.id)
    _add(made, "title", entry.title)
    _add(made, "published", clock.rfc3339(entry.published))
    _add(made, "updated", clock.rfc3339(entry.updated))
    _add(ElementTree.SubElement(made, "author"), "name", entry.author)
    _add(made, "link", rel="alternate", type=HTML_TYPE, href=entry.href)
    if entry.answers is not None:
        where = {"type": HTML_TYPE, "href": entry.answers.href} if entry.answers.href is not None else {}
        _add(made, "thr:in-reply-to", ref=entry.answers.id, **where)
    if entry.replies:
        count = {"thr:count": str(entry.replies)}
        _add(made, "link", rel="replies", type=HTML_TYPE, href=entry.href, **count)
        _add(made, "thr:total", str(entry.replies))
    _add(made, "content", entry.html, type="html")


def _add(parent: ElementTree.Element, tag: str, words: str | None = None, **attributes: str) -> None:
    kept = {name: _storable(value) for name, value in attributes.items()}
    ElementTree.SubElement(parent, tag, kept).text = None if words is None else _storable(words)


def _storable(words: str) -> str:
    return _NOT_XML.sub("\ufffd", words)

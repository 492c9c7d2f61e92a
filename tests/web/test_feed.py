"""Feeds, read by a parser that is not ours: what they say, of whom, and where it can be looked at."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import Engine, event, update

from comments_service.models import Comment, Site, Thread
from comments_service.models.leaf import leaf
from comments_service.web import atom
from tests.app import Service
from tests.databases import NOON
from tests.web.moderators.conftest import OURS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import feedparser

ATOM = "{http://www.w3.org/2005/Atom}"
THREAD = "{http://purl.org/syndication/thread/1.0}"
URN = re.compile(r"urn:uuid:[0-9a-f-]{36}")
FEED_LINK = re.compile(r'<link rel="alternate" type="application/atom\+xml".*? href="([^"]+)">')
EVIL = "</content><script>alert(1)</script>&<!--]]>"


def fetched(service: Service, **query: Any) -> Any:
    """The feed as feedparser reads it; it complains about nothing."""
    answer = service.get("/sites/horizons/feed.atom", **query)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    # Strictly: feedparser forgives what an XML parser does not.
    ElementTree.fromstring(answer.data)
    read = feedparser.parse(answer.data, sanitize_html=False)
    assert not read.bozo, read.bozo_exception
    assert read.version == "atom10"
    assert URN.fullmatch(read.feed.id)
    return read


def links(of: Any, relation: str) -> list[Any]:
    return [link for link in of.links if link.rel == relation]


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone: tests/reading/test_plans.py asks both databases."""
    return sqlite_url


def test_a_threads_feed_says_who_wrote_what_and_in_reply_to_whom(horizons: Service) -> None:
    horizons.set_policy(article_url="https://news.example/{slug}")
    root = horizons.posted("A *deep* lake.")["id"]
    reply = horizons.posted("And cold.", parent=root, name="O'Hara & <Sons>")["id"]
    horizons.posted("Elsewhere.", slug="fells")
    read = fetched(horizons, slug="tarn")
    assert read.feed.title == "Comments on tarn"
    assert [link.href for link in links(read.feed, "alternate")] == ["https://news.example/tarn"]
    assert [link.href for link in links(read.feed, "self")] == [f"{OURS}/sites/horizons/feed.atom?slug=tarn"]
    (named,) = FEED_LINK.findall(horizons.get("/sites/horizons/thread", slug="tarn").text)
    assert named == "/sites/horizons/feed.atom?slug=tarn"
    second, first = read.entries
    assert first.title == "Wren on tarn"
    assert first.content[0].type == "text/html"
    assert first.content[0].value == "<p>A <em>deep</em> lake.</p>"
    assert first.link == f"https://news.example/tarn#comment-{root}"
    assert second.author == "O'Hara & <Sons>"
    assert second.link == f"https://news.example/tarn#comment-{reply}"
    page = horizons.page()["comments"][0]
    assert first.published == first.updated == page["created_at"]
    (replies,) = links(first, "replies")
    assert (replies["thr:count"], replies.href) == ("1", first.link)
    assert links(second, "replies") == []
    under = second["thr_in-reply-to"]
    assert (under["ref"], under["href"]) == (first.id, first.link)
    assert first["thr_in-reply-to"]["ref"] == "https://news.example/tarn"


def test_a_sites_feed_holds_its_newest_comments_whatever_their_article(horizons: Service) -> None:
    horizons.add_site("meridian")
    horizons.posted("Not here.", site="meridian")
    horizons.write(
        lambda s: s.execute(update(Thread).where(Thread.slug == "tarn").values(title="The tarn & I"))
    )
    ids = [horizons.posted(f"Thought {at}.", slug=f"article-{at}")["id"] for at in range(3)]
    read = fetched(horizons)
    assert read.feed.title == "Comments on Horizons"
    assert [link.href for link in links(read.feed, "alternate")] == ["https://news.example"]
    assert [entry.title for entry in read.entries] == [f"Wren on article-{at}" for at in (2, 1, 0)]
    assert [entry.link for entry in read.entries] == [
        f"{OURS}/sites/horizons/thread/comments/{id}#comment-{id}" for id in reversed(ids)
    ]
    for entry in read.entries:
        assert horizons.client.get(entry.link.partition("#")[0]).status_code == 200


def test_pages_of_a_feed_repeat_and_miss_nothing(horizons: Service) -> None:
    root = horizons.posted("Thought 0.")["id"]
    for number in range(1, 6):
        horizons.posted(f"Thought {number}.", parent=root if number % 2 else None)
    for query in ({"limit": 4}, {"limit": 4, "slug": "tarn"}):
        read = fetched(horizons, **query)
        address, id = read.feed.links[0].href, read.feed.id
        (following,) = links(read.feed, "next")
        assert following.href.startswith(f"{address}&cursor=")
        rest = feedparser.parse(horizons.client.get(following.href).data)
        assert (rest.feed.id, links(rest.feed, "first")[0].href) == (id, address)
        assert links(rest.feed, "next") == []
        bodies = [entry.content[0].value for entry in (*read.entries, *rest.entries)]
        assert bodies == [f"<p>Thought {number}.</p>" for number in (5, 4, 3, 2, 1, 0)]


def test_only_published_comments_are_in_feeds_and_their_edits_when_these_are(horizons: Service) -> None:
    token = horizons.add_moderator()
    horizons.posted("Root.")
    other = horizons.posted("Removed.")["id"]
    horizons.posted("Below.", parent=other)
    before = fetched(horizons, slug="tarn").entries[-1]
    horizons.set_policy(mode="premoderated")
    horizons.posted("Pending.")
    decision = {"comment": other, "revision": 1, "from": "published", "action": "reject", "reason": "abuse"}
    horizons.decide(token, decision)
    for query in ({}, {"slug": "tarn"}):
        below, first = fetched(horizons, **query).entries
        assert (first.id, first.content[0].value) == (before.id, "<p>Root.</p>")
        # Its parent is a tombstone: there is nothing to look at.
        assert "href" not in below["thr_in-reply-to"]
    horizons.post("Hidden.", slug="waits")
    waits, unknown = (
        horizons.get("/sites/horizons/feed.atom", slug=slug).data.replace(slug.encode(), b"?")
        for slug in ("waits", "other")
    )
    assert fetched(horizons, slug="waits").entries == []
    ids = re.compile(rb"urn:uuid:[0-9a-f-]+")
    assert ids.sub(b"", waits) == ids.sub(b"", unknown)


def test_a_feed_is_answered_with_304_until_something_changes(horizons: Service) -> None:
    horizons.posted()
    for query in ({}, {"slug": "tarn"}):
        answer = horizons.get("/sites/horizons/feed.atom", **query)
        assert answer.headers["Cache-Control"] == "public, max-age=60, s-maxage=1"
        known = {"If-None-Match": answer.headers["ETag"]}
        path = "/sites/horizons/feed.atom"
        assert horizons.client.get(path, query_string=query, headers=known).status_code == 304
        horizons.posted(f"Another to {query}.")
        changed = horizons.client.get(path, query_string=query, headers=known)
        assert changed.status_code == 200
        assert changed.headers["ETag"] != answer.headers["ETag"]


def test_nothing_that_anybody_wrote_breaks_the_xml(horizons: Service) -> None:
    """Whatever gets past the checks at the doors: here it is written straight into the rows."""
    bad = f"{EVIL}\x0b\x1b\ufffe\uffff"
    id = horizons.posted()["id"]
    made = leaf(name=bad, badge=None, html=bad, created_at=NOON, edited_at=None, revision=1)

    def work(session: Any) -> None:
        session.execute(update(Comment).where(Comment.id == id).values(leaf=made))
        session.execute(update(Thread).values(title=bad, url=f"https://news.example/{bad}"))
        session.execute(update(Site).values(name=bad))

    horizons.write(work)
    for query in ({}, {"slug": "tarn"}):
        (entry,) = fetched(horizons, **query).entries
        assert entry.author == f"{EVIL}{'�' * 4}"
        assert entry.content[0].value == f"{EVIL}{'�' * 4}"
        assert b"<script" not in horizons.get("/sites/horizons/feed.atom", **query).data


def test_any_character_may_stand_in_a_feed() -> None:
    every = "".join(map(chr, (*range(0x1_0100), *range(0x10_FF00, 0x11_0000))))
    made = atom.document(atom.Feed(every, every, every, every, every, None, NOON, ()))
    root = ElementTree.fromstring(made)
    unfit = [one for one in every if (one < " " and one not in "\t\n\r") or "\ud800" <= one <= "\udfff"]
    wanted = every.translate(dict.fromkeys(map(ord, [*unfit, "\ufffe", "\uffff"]), "\ufffd"))
    # XML reads every end of a line as one character.
    assert root.findtext(f"{ATOM}title") == wanted.replace("\r", "\n")
    link = root.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == wanted


def test_ids_and_links_never_come_from_the_host_header(horizons: Service) -> None:
    horizons.posted()
    ours = horizons.get("/sites/horizons/feed.atom").data
    theirs = horizons.client.get("/sites/horizons/feed.atom", headers={"Host": "evil.example"}).data
    assert theirs == ours
    moved = ours.replace(OURS.encode(), b"")
    assert b"127.0.0.1" not in moved


def test_a_question_that_is_none_is_refused(horizons: Service) -> None:
    for query in ("slug=", "limit=0", "limit=101", "cursor=x", "slug=a&slug=b", "sort=best"):
        answer = horizons.client.get(f"/sites/horizons/feed.atom?{query}")
        assert answer.status_code == 422, query
        assert answer.content_type == "application/problem+json"


def test_a_feed_asks_as_little_for_many_comments_as_for_two(horizons: Service) -> None:
    statements: list[str] = []

    def asked() -> int:
        statements.clear()
        fetched(horizons, limit=100)
        fetched(horizons, slug="tarn", limit=100)
        return len(statements)

    root = horizons.posted()["id"]
    horizons.posted("Two.", parent=root)
    with counted(statements):
        few = asked()
        for number in range(5):
            horizons.posted(f"Thought {number}.", parent=root)
            horizons.posted(f"Thought {number}.", slug=f"article-{number}")
        assert asked() == few > 0


@contextmanager
def counted(statements: list[str]) -> Iterator[None]:
    """Every statement that goes to a database meanwhile."""

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield
    event.remove(Engine, "before_cursor_execute", note)

"""Feeds: the newest published comments of a site or of one thread, for programs that follow them."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from .. import clock, db
from ..models import Site
from ..models.policy import Policy
from ..reading import feeds, finding
from ..text import slugs
from . import asking, atom, caching, permalinks
from .api.input import Parser
from .audience import ANYONE, open_to
from .schemas.fields import Number, Schema, Text
from .schemas.readers import LONGEST_SLUG_SENT

# Who follows a feed may look at a minute-old one; caches between keep it for a second, like every page.
CACHED = "public, max-age=60, s-maxage=1"
# Of the service itself: with a site's key and the moment it was added it makes ids that are nobody else's.
NAMESPACE = uuid.UUID("6f2c9f0e-6a0b-5a5e-9a3e-2b8d4c7e1f10")

blueprint = Blueprint("feed", __name__)


class FeedQuery(Schema):
    """Which thread (none: the whole site), and which part of its feed."""

    slug = Text(longest=LONGEST_SLUG_SENT, load_default=None)
    cursor = Text(longest=300, load_default=None)
    limit = Number(1, 100, load_default=25)


@blueprint.get("/sites/<site>/feed.atom")
@open_to(ANYONE)
def feed(site: str) -> Response:
    """A part of a feed, the newest comments first."""
    query: dict[str, Any] = Parser().parse(FeedQuery(), request, location="query")
    found, slug = asking.site(site), query.pop("slug")
    if slug is None:
        return _of_site(found, query)
    return _of_thread(found, slugs.normalise(slug), query)


def _of_site(site: Site, query: dict[str, Any]) -> Response:
    origins = Policy.of(site).origins
    part = feeds.of_site(db.reading(), site.id, **query)
    about = {"title": f"Comments on {site.name}", "alternate": origins[0] if origins else None}
    return _answer(_document(site, part, _id(site, "feed"), about), None)


def _of_thread(site: Site, slug: str, query: dict[str, Any]) -> Response:
    """A slug that nobody wrote under has a feed without entries, as one whose comments all wait."""
    thread, policy = finding.thread(db.reading(), site.id, slug), Policy.of(site)
    if thread is None:
        part, title, url = feeds.Part((), None), slug, None
    else:
        part = feeds.of_thread(db.reading(), thread.id, **query)
        slug, title, url = thread.slug, thread.title or thread.slug, thread.url
    address = policy.article(url, slug) or permalinks.page("pages.thread", site=site.key, slug=slug)
    document = _document(
        site, part, _id(site, "thread", slug), {"title": f"Comments on {title}", "alternate": address}
    )
    if thread is None or thread.version == 0:
        return _answer(document, None)
    versions = frozenset({("", site.version), (slug, thread.version)})
    return _answer(document, caching.Depends(site.id, (slug,), versions))


def _answer(feed: atom.Feed, depends: caching.Depends | None) -> Response:
    return caching.public(
        atom.document(feed), content_type=atom.CONTENT_TYPE, cache_control=CACHED, depends=depends
    )


def _document(site: Site, part: feeds.Part, id: str, about: dict[str, Any]) -> atom.Feed:
    return atom.Feed(
        id=id,
        href=_this_feed(request.args.get("cursor")),
        first=_this_feed(None),
        next=_this_feed(part.next) if part.next else None,
        updated=site.created_at,
        entries=tuple(_entry(site, entry) for entry in part.entries),
        **about,
    )


def _entry(site: Site, entry: feeds.Entry) -> atom.Entry:
    article = Policy.of(site).article(entry.url, entry.slug)
    return atom.Entry(
        id=_id(site, "comment", str(entry.id)),
        title=f"{entry.name} on {entry.title or entry.slug}",
        author=entry.name,
        html=entry.html,
        published=entry.created_at,
        updated=entry.updated_at,
        href=permalinks.comment(site.key, article, entry.id),
        answers=_answered(site, article, entry),
        replies=entry.replies_total,
    )


def _answered(site: Site, article: str | None, entry: feeds.Entry) -> atom.Answered | None:
    if entry.parent is not None:
        href = permalinks.comment(site.key, article, entry.parent) if entry.parent_is_public else None
        return atom.Answered(_id(site, "comment", str(entry.parent)), href)
    return atom.Answered(article, article) if article is not None else None


def _this_feed(cursor: str | None) -> str:
    """The address that was asked for, as we would write it, at another cursor."""
    query = [(name, value) for name in ("slug", "limit") if (value := request.args.get(name))]
    query += [("cursor", cursor)] if cursor else []
    address = f"{asking.settings().public_url}{request.path}"
    return f"{address}?{urlencode(query)}" if query else address


def _id(site: Site, *words: str) -> str:
    """A name for ever: it holds no address, so the service may move to another."""
    began = clock.microseconds(site.created_at)
    return uuid.uuid5(NAMESPACE, "\n".join((site.key, str(began), *words))).urn

"""A thread's first page for a site to put into its own pages: declarative shadow DOM, and data for search.

The element finds what is drawn here and keeps it until its own request is answered; `widget/MARKUP.md`
says what both draw. Without script the links of the fragment lead to the plain pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from ... import db
from ...reading import pages
from ...text import slugs
from ...text.render import Rendered
from .. import asking, caching, permalinks
from ..audience import ANYONE, open_to
from . import asked, threads, tree
from .assets import ASSETS, WIDGET

# A site's own cache may be this old, in seconds: the element draws what is true now.
CACHED = "public, max-age=60"
HUES = 12

# What could end a script element, or a line of JavaScript.
_ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_WORD = re.compile(r"[^\W_]\S*")


def add_to(blueprint: Blueprint) -> None:
    """Register the fragment."""
    blueprint.get("/sites/<site>/fragment")(fragment)


@open_to(ANYONE)
def fragment(site: str) -> Response:
    """The first page of a thread with its data, as any page may include it."""
    found = asked.site(site)
    query = asked.query(asked.FragmentQuery)
    place = threads.place_of(found, slugs.normalise(query["slug"]))
    content = pages.page(
        db.reading(),
        pages.place(db.reading(), found.id, place.slug),
        place.policy,
        max_body=asking.settings().max_body,
        sort="newest",
        cursor=None,
        limit=threads.ROOTS,
    )
    page = json.loads(content.body)
    text = render_template(
        "pages/fragment.html",
        place=place,
        service=asking.settings().public_url,
        to=partial(permalinks.page, site=site),
        count=page["thread"]["count"],
        nodes=[tree.conversation(root, deepest=place.policy.depth_drawn) for root in page["comments"]],
        next=content.next,
        styles=styles() if query["styles"] == "inline" else None,
        sheet=_sheet() if query["styles"] == "link" else None,
        data=as_script(linked_data(place, page)) if page["comments"] else None,
        hue=hue,
        initials=initials,
    )
    return caching.public(text.encode(), content_type=threads.CONTENT_TYPE, cache_control=CACHED)


@cache
def styles() -> Markup:
    """The widget's style sheet: a file of ours, made by its build."""
    return Markup(ASSETS.text(WIDGET))  # noqa: S704 (see above)


def linked_data(place: threads.Place, page: Mapping[str, Any]) -> dict[str, Any]:
    """The page's published comments as schema.org's Comment, on their article."""
    article: dict[str, Any] = {"@context": "https://schema.org", "@type": "Article"}
    if place.article:
        article |= {"@id": place.article, "url": place.article}
    if place.title != place.slug:
        article["headline"] = place.title
    article["commentCount"] = page["thread"]["count"]
    article["comment"] = list(_nested(place, page["comments"]))
    return article


def as_script(data: Mapping[str, Any]) -> Markup:
    """JSON that ends no script element, whatever readers wrote."""
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(written.translate(_ESCAPED))  # noqa: S704 (escaped above)


def initials(name: str) -> str:
    """What an avatar shows: the first letters of the first and the last word, as the widget takes them."""
    words = _WORD.findall(name)
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0].upper() for word in ends)


def hue(name: str) -> int:
    """Which of the avatars' colours a name has, as the widget counts it."""
    total = 7
    for letter in name:
        total = (total * 31 + ord(letter)) % 9973
    return total % HUES


def _sheet() -> str:
    return permalinks.page("pages.style", name=ASSETS.served_name(WIDGET))


def _nested(place: threads.Place, roots: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each published root with its replies; what answers a removed comment moves up to what is left above."""
    for root in roots:
        made: dict[int, dict[str, Any]] = {}
        tops: list[dict[str, Any]] = []
        lists: dict[int, list[dict[str, Any]]] = {}
        for comment in (root, *root["replies"]):
            into = lists.get(comment["parent"], tops)
            if "removed" in comment:
                lists[comment["id"]] = into
                continue
            one = made[comment["id"]] = _comment(place, comment)
            into.append(one)
            lists[comment["id"]] = one["comment"] = []
        for one in made.values():
            if not one["comment"]:
                del one["comment"]
        yield from tops


def _comment(place: threads.Place, comment: Mapping[str, Any]) -> dict[str, Any]:
    address = permalinks.comment(place.site.key, place.article, comment["id"])
    one = {
        "@type": "Comment",
        "@id": address,
        "url": address,
        "author": {"@type": "Person", "name": comment["name"]},
        "datePublished": comment["created_at"],
        "text": Rendered(comment["html"].replace("<br>", "\n"), ()).text.replace("\n\n", "\n"),
    }
    if comment["edited_at"]:
        one["dateModified"] = comment["edited_at"]
    return one

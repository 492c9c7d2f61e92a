"""The newspaper's pages: they render, lead to each other, and let nothing foreign in but the service."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from comments_service.demo.articles import SECTIONS, Article
from comments_service.demo.newspaper import PAGES, SITE, create_newspaper

from .conftest import EDITION, SERVICE

ADDRESSES = ("href", "src")


class Page(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def addresses(self) -> set[str]:
        return {str(found[name]) for _, found in self.elements for name in ADDRESSES if found.get(name)}


def page(newspaper: FlaskClient, path: str) -> Page:
    answer = newspaper.get(path)
    assert answer.status_code == 200, path
    return Page(answer.text)


def every_path(articles: list[Article]) -> list[str]:
    return ["/", *(f"/{key}" for key in (*SECTIONS, *PAGES)), *(f"/{article.slug}" for article in articles)]


def test_every_link_of_every_page_leads_somewhere(newspaper: FlaskClient, articles: list[Article]) -> None:
    paths = every_path(articles)
    own = {link for path in paths for link in page(newspaper, path).addresses() if link.startswith("/")}

    assert own >= {path for path in paths if path != "/"}
    for link in own:
        assert newspaper.get(link.partition("#")[0]).status_code == 200, link


def test_no_page_asks_anybody_but_the_service(newspaper: FlaskClient, articles: list[Article]) -> None:
    for path in every_path(articles):
        for address in page(newspaper, path).addresses():
            assert address.startswith(("/", "#", "mailto:", f"{SERVICE}/")), (path, address)


def test_a_page_embeds_the_widget_under_a_strict_policy(newspaper: FlaskClient) -> None:
    policy = newspaper.get("/").headers["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))

    assert directives == {
        "default-src": "'none'",
        "script-src": SERVICE,
        "connect-src": SERVICE,
        "style-src": f"'self' {SERVICE}",
        "img-src": "'self'",
        "font-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": f"'self' {SERVICE}",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_pages_hold_no_style_or_script_of_their_own(newspaper: FlaskClient, articles: list[Article]) -> None:
    for path in every_path(articles):
        seen = page(newspaper, path)
        assert seen.all("script") == [{"type": "module", "src": f"{SERVICE}/embed/v1.js"}]
        assert not seen.all("style")
        assert not any("style" in attributes for _, attributes in seen.elements)


def test_an_article_ends_in_its_thread_with_a_link_for_readers_without_script(
    newspaper: FlaskClient, articles: list[Article]
) -> None:
    for article in articles:
        seen = page(newspaper, f"/{article.slug}")
        [thread] = seen.all("comments-thread")
        shown = {"site": SITE, "slug": article.slug, "service": SERVICE}
        assert thread == shown | {"rules": "/house-rules", "privacy": "/privacy", "contact": "/contact"}
        fallback = f"{SERVICE}/sites/{SITE}/thread?slug={article.slug.replace('/', '%2F')}"
        assert fallback in seen.addresses()


def test_the_lead_article_holds_the_comments_as_the_service_drew_them(articles: list[Article]) -> None:
    lead = next(article for article in articles if article.lead)
    drawn = {lead.slug: "<comments-thread>drawn</comments-thread>"}
    client = create_newspaper(
        service=SERVICE, edition=EDITION, counts=lambda slugs: {}, fragments=drawn.__getitem__
    ).test_client()

    for article in articles:
        assert (drawn[lead.slug] in client.get(f"/{article.slug}").text) == article.lead


def test_the_front_page_counts_the_comments_of_every_article(
    newspaper: FlaskClient, articles: list[Article]
) -> None:
    counted = {count["slug"] for count in page(newspaper, "/").all("comments-count")}

    assert counted == {article.slug for article in articles}


def test_neighbours_lead_through_all_articles_in_order(
    newspaper: FlaskClient, articles: list[Article]
) -> None:
    paths = [f"/{article.slug}" for article in articles]
    for path, newer, older in zip(paths, [None, *paths], [*paths[1:], None], strict=False):
        links = {link.get("rel"): link["href"] for link in page(newspaper, path).all("a")}
        assert (links.get("next"), links.get("prev")) == (newer, older)


def test_every_page_has_its_landmarks_one_heading_and_a_way_past_the_navigation(
    newspaper: FlaskClient, articles: list[Article]
) -> None:
    for path in every_path(articles):
        seen = page(newspaper, path)
        assert len(seen.all("main")) == len(seen.all("h1")) == len(seen.all("footer")) == 1, path
        assert {"class": "skip", "href": "#main"} in seen.all("a")
        assert all("alt" in image for image in seen.all("img"))


def test_no_id_is_used_twice_on_a_page(newspaper: FlaskClient, articles: list[Article]) -> None:
    for path in every_path(articles):
        ids = [found["id"] for _, found in page(newspaper, path).elements if "id" in found]
        assert len(ids) == len(set(ids)), path


def test_every_picture_is_drawn_here_and_refers_to_nothing_outside(
    newspaper: FlaskClient, articles: list[Article]
) -> None:
    for article in articles:
        answer = newspaper.get(f"/pictures/{article.picture}.svg")
        ElementTree.fromstring(answer.text)
        assert answer.mimetype == "image/svg+xml"
        assert not re.search(r"(href|src)=|url\((?!#)", answer.text)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/nowhere", "/town/nothing", "/pictures/nobody.svg", "/town/", "/a/b/c"])
def test_an_unknown_page_is_a_page_too(newspaper: FlaskClient, path: str) -> None:
    answer = newspaper.get(path)

    assert answer.status_code == 404
    assert "No such page" in answer.text


def test_the_most_discussed_come_first(articles: list[Article]) -> None:
    talked = {articles[5].slug: 3, articles[2].slug: 9}
    client = create_newspaper(service=SERVICE, edition=EDITION, counts=lambda slugs: talked).test_client()
    ranks = client.get("/").text.partition('<ol class="ranks">')[2]

    first, second = re.findall(r'<li><a href="/([^"]+)"', ranks)[:2]
    assert (first, second) == (articles[2].slug, articles[5].slug)


def test_the_newspaper_comes_out_when_the_service_is_away(articles: list[Article]) -> None:
    nobody = "http://127.0.0.1:9"
    client = create_newspaper(service=nobody, edition=datetime(2026, 1, 1, tzinfo=UTC)).test_client()

    lead = next(article for article in articles if article.lead)
    assert client.get("/").status_code == 200
    assert '<comments-thread site="ledger"' in client.get(f"/{lead.slug}").text

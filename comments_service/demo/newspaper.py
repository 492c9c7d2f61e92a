"""The newspaper itself: a Flask application that knows of the comments service only its address."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, render_template

from .articles import SECTIONS, Article, read_articles

NAME = "The Tarnbridge Ledger"
SITE = "ledger"
STYLE = Path(__file__).with_name("newspaper.css")
PAGES = {"house-rules": "House rules", "privacy": "Privacy", "contact": "Contact the desk"}

MOST_DISCUSSED = 6
COUNTS_KEPT_SECONDS = 5.0
TIMEOUT_SECONDS = 1.0

Counts = Callable[[Sequence[str]], dict[str, int]]
Fragments = Callable[[str], str | None]


def create_newspaper(
    *, service: str, edition: datetime, counts: Counts | None = None, fragments: Fragments | None = None
) -> Flask:
    """The newspaper of the day `edition`, with comments from `service`, such as `http://127.0.0.1:8000`.

    `counts` tells how many comments each slug has, which orders "Most discussed"; `fragments` gives a slug's
    comments as the service draws them, or None. By default both ask the service.
    """
    articles = read_articles(edition)
    by_slug = {article.slug: article for article in articles}
    counts = counts or CountsOf(service)
    fragments = fragments or FragmentsOf(service)
    drawn = {article.picture for article in articles} | {"icon"}
    app = Flask(__name__, static_folder=None)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["day"] = _day
    app.jinja_env.filters["moment"] = _moment
    app.jinja_env.globals.update(
        name=NAME,
        site=SITE,
        service=service,
        sections=SECTIONS,
        pages=PAGES,
        edition=edition,
        thread_page=_thread_page,
    )

    def most_discussed() -> list[Article]:
        numbers = counts(list(by_slug))
        return sorted(articles, key=lambda article: -numbers.get(article.slug, 0))[:MOST_DISCUSSED]

    @app.get("/")
    def front() -> str:
        lead = next(article for article in articles if article.lead)
        others = [article for article in articles if article is not lead]
        return render_template("front.html", lead=lead, others=others, discussed=most_discussed())

    @app.get("/<section>")
    def section(section: str) -> str:
        if section in PAGES:
            return render_template(f"{section}.html", title=PAGES[section])
        if section not in SECTIONS:
            abort(404)
        inside = [article for article in articles if article.section == section]
        return render_template("section.html", section=section, articles=inside, discussed=most_discussed())

    @app.get("/<section>/<tail>")
    def article(section: str, tail: str) -> str:
        article = by_slug.get(f"{section}/{tail}") or abort(404)
        at = articles.index(article)
        more = [other for other in articles if other.section == section and other is not article]
        return render_template(
            "article.html",
            article=article,
            # Most readers come here: they have the comments before any script runs.
            fragment=fragments(article.slug) if article.lead else None,
            newer=articles[at - 1] if at else None,
            older=articles[at + 1] if at + 1 < len(articles) else None,
            more=more,
            discussed=[other for other in most_discussed() if other is not article and other not in more],
        )

    @app.get("/pictures/<picture>.svg")
    def picture(picture: str) -> Response:
        if picture not in drawn:
            abort(404)
        return Response(render_template(f"pictures/{picture}.svg"), mimetype="image/svg+xml")

    @app.get("/newspaper.css")
    def style() -> Response:
        return Response(STYLE.read_text(encoding="utf-8"), mimetype="text/css")

    @app.errorhandler(404)
    def not_found(_: Exception) -> tuple[str, int]:
        return render_template("not-found.html", title="No such page"), 404

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers.update(_headers(service, response.mimetype))
        return response

    return app


class CountsOf:
    """Asks the service how many comments each slug has, and remembers the answer for a few seconds.

    A newspaper must come out when its comments are away, so a failure counts as no comments anywhere.
    """

    def __init__(self, service: str) -> None:
        self._netloc = urlsplit(service).netloc
        self._known: dict[str, int] = {}
        self._asked_at = -COUNTS_KEPT_SECONDS

    def __call__(self, slugs: Sequence[str]) -> dict[str, int]:
        if time.monotonic() - self._asked_at >= COUNTS_KEPT_SECONDS:
            self._known = self._ask(slugs)
            self._asked_at = time.monotonic()
        return self._known

    def _ask(self, slugs: Sequence[str]) -> dict[str, int]:
        query = "&".join(f"slug={quote(slug, safe='')}" for slug in slugs)
        found = _answer(self._netloc, f"/api/v1/sites/{SITE}/counts?{query}")
        return dict(json.loads(found)["counts"]) if found else {}


class FragmentsOf:
    """Asks the service for a thread's first page, drawn and styled; None when it does not answer with one."""

    def __init__(self, service: str) -> None:
        self._netloc = urlsplit(service).netloc

    def __call__(self, slug: str) -> str | None:
        return _answer(self._netloc, f"/sites/{SITE}/fragment?slug={quote(slug, safe='')}&styles=link")


def _answer(netloc: str, path: str) -> str | None:
    """The text of an answer with status 200, and None for everything else."""
    connection = http.client.HTTPConnection(netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _thread_page(service: str, slug: str) -> str:
    return f"{service}/sites/{SITE}/thread?slug={quote(slug, safe='')}"


def _day(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def _headers(service: str, mimetype: str | None) -> dict[str, str]:
    """A policy as strict as a careful newspaper's: if the widget works under it, it works anywhere.

    A picture carries its colours in a style element of its own and runs nothing.
    """
    if mimetype == "image/svg+xml":
        policy = "default-src 'none'; style-src 'unsafe-inline'"
    else:
        policy = (
            f"default-src 'none'; script-src {service}; connect-src {service}; "
            f"style-src 'self' {service}; img-src 'self'; font-src 'none'; base-uri 'none'; "
            "frame-ancestors 'none'; "
            f"form-action 'self' {service}; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cache-Control": "no-cache",
    }

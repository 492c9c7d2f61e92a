"""The documentation of a running service."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from comments_service.web.problem_types import PROBLEM_TYPES
from tests.app import Service
from tests.functional.accessible import LOOKS, bring_axe, faults


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """Nothing here reads the database."""
    return sqlite_url


def test_every_operation_and_every_shape_of_the_description_is_shown(service: Service) -> None:
    text = service.get("/docs").text
    spec = service.get("/openapi.json").get_json()
    shown = set(re.findall(r'<span class="method">(\w+)</span> <code>([^<]+)</code>', text))
    methods = {"get", "post", "put", "patch", "delete"}
    assert shown == {
        (method.upper(), path) for path, item in spec["paths"].items() for method in item.keys() & methods
    }
    for name in spec["components"]["schemas"]:
        assert f'id="shape-{name}"' in text


def test_every_link_within_the_documentation_leads_somewhere(service: Service) -> None:
    text = service.get("/docs").text
    anchors = re.findall(r'id="([^"]+)"', text)
    assert len(anchors) == len(set(anchors))
    for target in re.findall(r'href="#([^"]+)"', text):
        assert target in anchors


def test_the_documentation_runs_no_script_and_is_cached(service: Service) -> None:
    for path in ("/docs", "/docs/problems"):
        answer = service.get(path)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        again = service.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304


def test_the_type_of_a_problem_leads_to_its_description(service: Service) -> None:
    problem = service.get("nowhere/comments", slug="tarn").get_json()
    path, _, anchor = problem["type"].partition("#")
    assert f'<section id="{anchor}">' in service.get(path).text


def test_every_problem_is_described(service: Service) -> None:
    text = service.get("/docs/problems").text
    for one in PROBLEM_TYPES:
        assert f'<section id="{one.code}">' in text


def test_axe_finds_nothing_and_the_page_asks_nobody_else(service: Service, page: Page) -> None:
    asked = []

    def answer(route: Route) -> None:
        address = urlsplit(route.request.url)
        asked.append(address.netloc)
        got = service.get(address.path)
        route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.data)

    page.route("**/*", answer)
    bring_axe(page)
    for path, looks in (("/docs", (LOOKS[0], LOOKS[1])), ("/docs/problems", (LOOKS[3], LOOKS[4]))):
        looks[0].put_on(page)
        page.goto(f"http://comments.example{path}")
        # What is folded away is looked at, too, in the first of many alike.
        page.locator("details").first.evaluate_all("all => all.forEach(one => { one.open = true })")
        assert list(faults(page, looks)) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert set(asked) == {"comments.example"}


def test_what_goes_wrong_and_what_comes_next_is_shown(service: Service) -> None:
    text = service.get("/docs").text
    section = text.partition('<section id="post-comments">')[2].partition("</section>")[0]
    for shown in (
        "application/x-www-form-urlencoded",
        '<th scope="row">202</th>',
        'href="/docs/problems#duplicate"',
        "Retry-After",
        "An example of the body",
        "<code>edit_until</code>",
    ):
        assert shown in section, shown

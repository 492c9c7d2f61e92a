"""Readers and a moderator in front of the demo, each with a browser of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.demo.runs import Demo
from tests.functional import journey
from tests.functional.journey import DESKTOP, PHONE
from tests.functional.people import Reader
from tests.functional.traffic import Traffic
from tests.servers.chromium import PageErrors

QUIET = "The swifts came eleven days early, and the bell ringers noticed first"


@pytest.fixture
def arrive(demo: Demo, open_page: Callable[..., Page]) -> Callable[..., Reader]:
    """Somebody opens a browser of their own: `arrive(name, **options of new_context)`."""
    return lambda name, **options: Reader(open_page(**options), newspaper_of(demo), name)


def newspaper_of(demo: Demo) -> str:
    return f"http://127.0.0.1:{demo.port + 1}"


def test_a_comment_goes_from_reader_to_moderator_and_back(
    demo: Demo,
    arrive: Callable[..., Reader],
    open_page: Callable[..., Page],
    picture: Callable[[Page, str], None],
) -> None:
    journey.from_reader_to_moderator_and_back(arrive, open_page, demo.link, picture)


def test_a_comment_is_posted_by_keyboard_alone(arrive: Callable[..., Reader]) -> None:
    reader = arrive("Quill", **DESKTOP)
    reader.open_article(QUIET)
    keys = reader.page.keyboard

    reader.tabs_to(reader.thread.get_by_role("button", name="Leave a comment"))
    with reader.opens_form():
        keys.press("Enter")
    expect(reader.form.get_by_role("textbox", name="Your comment")).to_be_focused()
    keys.type("Noticed from the north window, two days before the bell.")
    reader.tabs_to(reader.form.get_by_role("textbox", name="Your name"))
    keys.type("Quill")
    reader.has_typed()
    keys.press("Enter")

    posted = reader.comment("north window")
    expect(posted).to_be_focused()
    expect(reader.status).to_have_text("Your comment is published.")


def test_a_reader_posts_by_touch_without_scrolling_sideways(
    arrive: Callable[..., Reader], picture: Callable[[Page, str], None]
) -> None:
    reader = arrive("Petra", **PHONE)
    reader.open_article(QUIET)
    with reader.opens_form():
        reader.thread.get_by_role("button", name="Leave a comment").tap()
    reader.writes("Read on the tram, between two tunnels.")
    picture(reader.page, "form")
    assert reader.page.evaluate("document.documentElement.scrollWidth") == 390
    reader.sends()
    expect(reader.comment("between two tunnels")).to_be_visible()
    picture(reader.page, "posted")


def test_the_page_asks_for_nothing_beyond_its_two_origins(demo: Demo, open_page: Callable[..., Page]) -> None:
    # The newspaper's policy is strict, so a violation would be a console error, which `open_page` forbids.
    page = open_page(**DESKTOP)
    traffic = Traffic.watch(page)
    reader = Reader(page, newspaper_of(demo), "Tess")
    reader.open_article(QUIET)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0

    reader.posts("They nested above my bicycle again.")

    assert page.evaluate("localStorage.length") == 1
    assert "POST" in traffic.methods
    assert "OPTIONS" not in traffic.methods
    assert traffic.origins == {newspaper_of(demo), f"http://127.0.0.1:{demo.port}"}
    assert traffic.cookies == []
    assert page.context.cookies() == []


def test_a_preflight_would_be_noticed(
    demo: Demo, open_page: Callable[..., Page], page_errors: PageErrors
) -> None:
    page = open_page()
    traffic = Traffic.watch(page)
    page.goto(newspaper_of(demo))
    page_errors.expect("x-unknown|ERR_FAILED")

    page.evaluate(
        "url => fetch(url, {headers: {'X-Unknown': '1'}}).catch(() => {})",
        f"http://127.0.0.1:{demo.port}/api/v1/sites/ledger/counts?slug=a",
    )

    assert "OPTIONS" in traffic.methods

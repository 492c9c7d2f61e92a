"""The way of a comment from a reader's keyboard over the moderators' desk back to the readers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from comments_service.demo.newspaper import SITE
from tests.demo.runs import Demo
from tests.functional.people import Moderator, OpenedForm, Reader
from tests.functional.traffic import Traffic
from tests.server.running import wait_for
from tests.servers.chromium import PageErrors

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DARK = {**DESKTOP, "color_scheme": "dark"}

GREEN = "rgb(29, 92, 67)"

BUSY = "The valley’s last coal oven goes out on Monday"
QUIET = "The swifts came eleven days early, and the bell ringers noticed first"
FIRST = "I wound that oven’s clock for years; it ran on flour."
REPLY = "The ash went on our roses, and they won prizes."
HELD = "There is a casino of crumbs behind that oven, and the mice always win."
REFUSED = "Only an idiot would miss it. My neighbour at number 9 is one."


@pytest.fixture
def arrive(demo: Demo, open_page: Callable[..., Page]) -> Callable[..., Reader]:
    """Somebody opens a browser of their own: `arrive(name, **options of new_context)`."""
    return lambda name, **options: Reader(open_page(**options), newspaper_of(demo), name)


@pytest.fixture(scope="module")
def form(demo: Demo) -> OpenedForm:
    """Opened once for all who need not show that a person's time to type is enough."""
    return OpenedForm(f"http://127.0.0.1:{demo.port}", SITE)


def newspaper_of(demo: Demo) -> str:
    return f"http://127.0.0.1:{demo.port + 1}"


def test_a_comment_goes_from_reader_to_moderator_and_back(
    demo: Demo,
    form: OpenedForm,
    arrive: Callable[..., Reader],
    open_page: Callable[..., Page],
    picture: Callable[[Page, str], None],
) -> None:
    ada = arrive("Ada Penn", **DESKTOP)
    ada.open_front_page()
    told = ada.counts_told(BUSY)
    assert told > 0
    picture(ada.page, "1-front")

    ada.open_article(BUSY)
    assert ada.count() == told
    posted = ada.posts(FIRST)
    expect(posted).to_contain_text("Ada Penn")
    expect(posted.get_by_role("button", name="Withdraw")).to_be_visible()
    assert ada.count() == told + 1
    picture(ada.page, "2-posted")

    ada.leaves_open(form)
    other = ada.others().nth(1)
    ada.starts_reply(other)
    ada.writes(REPLY)
    # The newspaper hands its own colour on to the widget.
    expect(ada.form.get_by_role("button", name="Post reply")).to_have_css("background-color", GREEN)
    picture(ada.page, "3-reply")
    ada.sends()
    expect(ada.comment(REPLY)).to_be_visible()
    assert ada.count() == told + 2

    points = int(other.get_by_text(re.compile(r"^\d+$")).inner_text())
    other.get_by_role("button", name="Vote up").click()
    expect(other.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    expect(other).to_contain_text(str(points + 1))

    other.get_by_role("button", name="Report this comment").click()
    dialog = ada.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Off topic").check()
    picture(ada.page, "4-report")
    dialog.get_by_role("button", name="Send report").click()
    dialog.get_by_role("button", name="Close").click()
    expect(other.get_by_role("button", name="Reported")).to_be_visible()

    ben = arrive("Ben Okoro", **PHONE)
    ben.leaves_open(form)
    ben.open_article(BUSY)
    for words in (HELD, REFUSED):
        waiting = ben.posts(words)
        expect(waiting).to_contain_text("Waiting for a moderator")
        expect(waiting).to_contain_text("Only you can see this.")
    assert ben.count() == told + 2
    picture(ben.page, "5-held")

    ada.reload()
    assert ada.count() == told + 2
    expect(ada.comment(HELD)).to_have_count(0)
    expect(ada.comment(FIRST).get_by_role("button", name="Edit")).to_be_visible()

    nora = Moderator(open_page(**DESKTOP))
    traffic = Traffic.watch(nora.page)
    nora.signs_in(demo.link)
    assert len(traffic.cookies) == 1  # a cookie is seen where one is set: only the moderators' desk does
    nora.opens_queue("Reported")
    expect(nora.page.get_by_text("Off topic").first).to_be_visible()
    nora.opens_queue("Pending")
    nora.picks(HELD)
    picture(nora.page, "6-pending")
    nora.card.get_by_role("button", name="Approve", exact=True).click()
    expect(nora.toast).to_contain_text("Approved Ben Okoro’s comment")
    expect(nora.card).to_contain_text(REFUSED)  # the next that waits
    nora.card.get_by_text("Reject…").click()
    picture(nora.page, "7-reject")
    nora.card.get_by_role("button", name="Abuse").click()
    expect(nora.toast).to_contain_text("Rejected Ben Okoro’s comment")
    picture(nora.page, "8-decided")

    ben.reload()
    expect(ben.comment(HELD)).to_contain_text("A moderator approved your comment.")
    expect(ben.comment(REFUSED).get_by_text("Not published: abuse")).to_be_visible()
    picture(ben.page, "9-outcomes")

    for name, options in (("Ada again", None), ("Cleo", DARK)):
        reader = arrive(name, **options) if options else ada
        reader.open_article(BUSY)
        expect(reader.comment(HELD)).to_be_visible()
        expect(reader.comment(REFUSED)).to_have_count(0)
        assert reader.count() == told + 3
        expect(reader.page.get_by_text("Not published")).to_have_count(0)
    picture(reader.page, "10-others-dark")


def test_a_comment_is_posted_by_keyboard_alone(form: OpenedForm, arrive: Callable[..., Reader]) -> None:
    reader = arrive("Quill", **DESKTOP)
    reader.leaves_open(form)
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
    form: OpenedForm, arrive: Callable[..., Reader], picture: Callable[[Page, str], None]
) -> None:
    reader = arrive("Petra", **PHONE)
    reader.leaves_open(form)
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

    wait_for(lambda: page.evaluate("true") and "OPTIONS" in traffic.methods)

"""A moderator at work in a real browser, against the real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.app import Live
from tests.functional.accessible import bring_axe, faults
from tests.functional.desk import Desk, Work
from tests.functional.moderators_seen import LONG, SHORT, Round, Shown
from tests.functional.newsroom import NAME, furnished
from tests.servers.chromium import PageErrors

AUTHOR_KEY = "an-author-key-that-is-long-enough"
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class Newsroom(Desk):
    """Everything that a moderator meets."""

    def __init__(self, live: Live) -> None:
        super().__init__(live, NAME)
        self.hidden, self.advert = live.write(numbers)

    def address(self, shown: Shown) -> str:
        """Where it is shown; a link to sign in with is a fresh one."""
        if "{token}" in shown.path:
            return self.link
        return f"{self.live.url}/moderate/{shown.path.format(hidden=self.hidden, advert=self.advert)}"


def numbers(session: Session) -> tuple[int, int]:
    """Of the comment that reports hid, and of the first advert, in a newsroom that is furnished now."""
    made = furnished(session)
    return made.hidden, made.advert


@pytest.fixture(scope="module")
def newsroom(live_desk: Live) -> Newsroom:
    """A desk that tests leave as it is."""
    return Newsroom(live_desk)


def test_a_moderator_works_by_keys(work: Work, open_page: Callable[..., Page]) -> None:
    page = open_page(**DESKTOP)
    work.sign_in(page)
    card, toast = page.locator("[data-card]"), page.get_by_role("status")
    expect(card).to_contain_text("A remark of Ann")
    expect(card).to_contain_text("1 of 3")

    page.keyboard.press("a")
    expect(card).to_contain_text("A remark of Ben")
    expect(toast).to_contain_text("Approved Ann’s comment")
    assert work.published() == ["Ann"]

    page.keyboard.press("r")  # nothing is suggested, so the menu opens
    expect(page.get_by_role("button", name="Off topic")).to_be_visible()
    page.keyboard.press("2")
    expect(card).to_contain_text("A remark of Cleo")
    expect(toast).to_contain_text("Rejected Ben’s comment as off topic")

    page.keyboard.press("u")
    expect(card).to_contain_text("A remark of Ben")
    expect(toast).to_contain_text("Undone: Ben’s comment is pending again.")

    page.keyboard.press("j")
    expect(card).to_contain_text("A remark of Cleo")
    page.keyboard.press("k")
    expect(card).to_contain_text("A remark of Ben")
    page.keyboard.press("s")
    expect(card).to_contain_text("A remark of Cleo")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
    expect(toast).to_contain_text("Approved Cleo’s comment")
    assert work.published() == ["Ann", "Cleo"]

    expect(page.locator("html.scripted")).to_have_count(1)  # else nobody takes the key
    page.keyboard.press("u")
    expect(card).to_contain_text("A remark of Cleo")
    assert work.published() == ["Ann"]


def test_keys_can_be_switched_off(work: Work, open_page: Callable[..., Page]) -> None:
    page = open_page(**DESKTOP)
    work.come_back(page)
    page.keyboard.press("?")
    page.get_by_label("Single keys act on comments").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("a")
    page.reload()
    expect(page.locator("[data-card]")).to_contain_text("A remark of Ann")
    page.keyboard.press("a")
    expect(page.locator("[data-card]")).to_contain_text("A remark of Ann")
    assert work.published() == []


def test_ticked_comments_are_decided_together(work: Work, open_page: Callable[..., Page]) -> None:
    page = open_page(**DESKTOP)
    work.come_back(page)
    bulk = page.get_by_role("group", name="Decide the ticked comments")
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    expect(bulk).to_be_hidden()
    page.keyboard.press("x")
    page.keyboard.press("x")
    expect(bulk).to_contain_text("2 ticked")
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("2 approved.")
    expect(page.locator("[data-row]:visible")).to_have_count(0)
    assert work.published() == ["Ben", "Cleo"]


def test_the_others_of_an_author_are_ticked_with_one(work: Work, open_page: Callable[..., Page]) -> None:
    for n in range(26):  # more than the first rows
        words = {"slug": "tarn", "name": "Dora", "body": f"Remark {n}.", "author_key": AUTHOR_KEY}
        words |= {} if n % 13 == 0 else {"name": "Emil", "author_key": AUTHOR_KEY[::-1]}
        work.live.api(f"{work.site}/comments", words)
    work.live.api(
        f"{work.site}/comments", {**words, "name": "Dora", "body": "Last.", "author_key": AUTHOR_KEY}
    )
    page = open_page(**DESKTOP)
    work.come_back(page)
    bulk = page.get_by_role("group", name="Decide the ticked comments")
    page.get_by_label("Tick the comment by Ben").check()
    expect(bulk.locator("[data-add]")).to_be_hidden()  # nothing else carries Ben's key
    page.get_by_label("Tick the comment by Dora").first.check()
    bulk.get_by_role("button", name="Add all others by Dora").click()
    expect(bulk).to_contain_text("4 ticked")
    expect(page.get_by_role("button", name="Dora")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("4 approved.")
    assert work.published() == ["Ben", "Dora", "Dora", "Dora"]


def test_the_rows_are_filled_up_while_working(work: Work, open_page: Callable[..., Page]) -> None:
    for n in range(30):
        work.live.api(f"{work.site}/comments", {"slug": "tarn", "name": "Dora", "body": f"Remark {n}."})
    page = open_page(**DESKTOP)
    work.come_back(page)
    rows = page.locator("[data-row]:visible")
    expect(rows).to_have_count(24)
    page.get_by_label("Tick all").check()
    page.get_by_role("button", name="Approve 24").click()
    expect(page.get_by_role("status")).to_contain_text("24 approved.")
    expect(rows).to_have_count(8)
    expect(rows.last).to_contain_text("Remark 29.")


def test_a_long_comment_is_not_decided_unread(work: Work, open_page: Callable[..., Page]) -> None:
    body = "\n\n".join(f"Paragraph {n}." for n in range(30))
    work.live.api(f"{work.site}/comments", {"slug": "tarn", "name": "Dora", "body": body})
    page = open_page(**DESKTOP)
    work.come_back(page)
    for name in ("Ben", "Cleo", "Dora"):
        page.keyboard.press("j")
        expect(page.locator("[data-card]")).to_contain_text(name)
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("The comment goes on.")
    assert work.published() == []
    page.locator("[data-read]").evaluate("read => read.scrollTo(0, read.scrollHeight)")
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("Approved Dora’s comment")
    assert work.published() == ["Dora"]


def test_near_duplicates_are_decided_as_one(newsroom: Newsroom, open_page: Callable[..., Page]) -> None:
    page = open_page(**DESKTOP)
    newsroom.come_back(page)
    card, toast = page.locator("[data-card]"), page.get_by_role("status")
    expect(card).to_contain_text("12 comments, nearly one text")
    expect(page.locator("[data-row]:visible")).to_have_count(7)
    page.locator("[data-grouped-item]").nth(1).uncheck()
    expect(page.get_by_role("button", name="All 11 are spam")).to_be_visible()
    page.keyboard.press("s")
    expect(toast).to_contain_text("11 marked as spam.")
    expect(card).to_contain_text("Carla_88")  # alone now, as it was left out
    expect(card).not_to_contain_text("nearly one text")
    page.keyboard.press("u")
    expect(toast).to_contain_text("11 undone.")
    expect(card).to_contain_text("12 comments, nearly one text")


def test_a_phone_decides_on_the_ticked(work: Work, open_page: Callable[..., Page]) -> None:
    page = open_page(**PHONE)
    work.come_back(page)
    page.get_by_label("Tick the comment by Ben").tap()
    page.get_by_label("Tick the comment by Cleo").tap()
    page.get_by_role("group", name="Decide the ticked comments").get_by_role("button", name="Spam 2").tap()
    expect(page.get_by_role("status")).to_contain_text("2 marked as spam.")
    page.get_by_role("button", name="Approve", exact=True).tap()
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
    assert work.published() == ["Ann"]


def test_a_card_says_what_was_decided_meanwhile(live_desk: Live, open_page: Callable[..., Page]) -> None:
    work = Work(live_desk, "meanwhile")
    key = "an-author-key-of-theirs"
    for body in ("One.", "Two."):
        words = {"slug": "fell", "name": "Dora", "body": body, "author_key": key}
        live_desk.api("meanwhile/comments", words)
    page = open_page(**DESKTOP)
    work.come_back(page)
    card = page.locator("[data-card]")
    for _ in range(3):
        page.keyboard.press("j")
    expect(card).to_contain_text("One.")
    expect(card).to_contain_text("First comment here")
    page.keyboard.press("a")
    expect(card).to_contain_text("Two.")
    expect(card).to_contain_text("1 published, 0 rejected")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Axe looks at some pages in a few looks, or, in the long form, at everything in all of them."""
    if "seen" in metafunc.fixturenames:
        is_long = metafunc.config.getoption("--faults") == "long"
        metafunc.parametrize("seen", LONG if is_long else SHORT, ids=str)


def test_axe_finds_nothing(
    newsroom: Newsroom, open_page: Callable[..., Page], page_errors: PageErrors, seen: Round
) -> None:
    page_errors.expect("the server responded with a status of 4")
    inside, outside = open_page(), open_page()
    for page in (inside, outside):
        bring_axe(page)
    newsroom.come_back(inside)
    found: list[str] = []
    for shown, widths in seen.shown:
        page = inside if shown.signed_in else outside
        widths[0][0].put_on(page)
        page.goto(newsroom.address(shown))
        for looks in widths:
            looks[0].put_on(page)
            shown.act(page)
            found += [f"{shown.name}, {fault}" for fault in faults(page, looks)]
    assert found == []


def test_a_phone_rejects_from_a_sheet(work: Work, open_page: Callable[..., Page]) -> None:
    page = open_page(**PHONE)
    work.come_back(page)
    page.locator(".as-reject > details > summary").tap()
    page.get_by_role("button", name="Abuse").tap()
    expect(page.get_by_role("status")).to_contain_text("Rejected Ann’s comment as abuse")
    page.get_by_role("status").get_by_role("button", name="Undo").tap()
    expect(page.locator("[data-card]")).to_contain_text("A remark of Ann")
    page.get_by_role("button", name="Approve", exact=True).tap()
    expect(page.get_by_role("status")).to_contain_text("Approved Ann’s comment")
    assert work.published() == ["Ann"]


def test_all_of_it_works_without_the_script(work: Work, open_page: Callable[..., Page]) -> None:
    page = open_page(**DESKTOP, java_script_enabled=False)
    work.sign_in(page)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Approved Ann’s comment")
    page.locator("summary", has_text="Reject…").first.click()
    page.get_by_role("button", name="Off topic").first.click()
    expect(page.get_by_role("status")).to_contain_text("Rejected Ben’s comment as off topic")
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Undone: Ben’s comment is pending again.")
    page.locator("summary", has_text="Reject…").first.click()
    page.get_by_text("Illegal", exact=True).first.click()
    page.get_by_label("Why, as the author is told").locator("visible=true").fill("Paragraph 185.")
    page.get_by_role("button", name="Reject: illegal").click()
    expect(page.get_by_role("status")).to_contain_text("as illegal")
    assert work.published() == ["Ann"]

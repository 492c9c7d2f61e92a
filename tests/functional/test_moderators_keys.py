"""A hundred decisions by keyboard, and keys that are pressed while answers of the service are awaited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from statistics import quantiles
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Error, Page, Request, Route, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import people, sites
from comments_service.identity import Signer
from comments_service.models import Decision, Site
from tests.app import ORIGIN, Live, new_author_key
from tests.databases import SECRET
from tests.functional.accessible import DESKTOP
from tests.functional.desk import Work
from tests.functional.newsroom import waiting
from tests.server.running import wait_for
from tests.servers.chromium import PageErrors

SITE = "fells"
DECISIONS = 100
# What a person waits for, with room for a machine that does other things too; aimed at are 100 ms.
MOST_MILLISECONDS = 300
# Each press that decides, then the next card: in the page, focused, and one frame drawn with it.
WATCH = """() => {
  addEventListener("keydown", (event) => {
    performance.clearMarks("press");
    performance.mark("press", { startTime: event.timeStamp });
  }, true);
  new MutationObserver(() => requestAnimationFrame(() => {
    const ready = new MessageChannel();
    ready.port1.onmessage = () => performance.measure("step", "press");
    ready.port2.postMessage(null);
  })).observe(document.querySelector("[data-place]"), { childList: true });
}"""
STEPPED = "count => performance.getEntriesByName('step').length >= count"
# What the page knows of itself; `stayed` is lost when it loads anew.
SEEN = """() => {
  const one = (selector) => document.querySelector(selector);
  return {
    address: location.href, stayed: window.stayed === true,
    steps: performance.getEntriesByName("step").length,
    said: one("[role=status]")?.innerText, card: one("[data-card]")?.innerText,
    focus: document.activeElement?.className, further: one("[data-further]") !== null,
    rows: document.querySelectorAll("[data-row]:not([hidden])").length,
    saving: one("[data-place]")?.dataset.saving, busy: one("[data-place]")?.ariaBusy,
  };
}"""
STAYS = "() => { window.stayed = true }"
SAVED = "() => !document.querySelector('[data-place]').dataset.saving"
CARDS, DECISIONS_SENT, FURTHER = "**/moderate/cards/*", "**/moderate/decisions", "**/moderate/?*cursor=*"
BUSY = {"status": 503, "json": {"detail": "Too many at once."}, "headers": {"Retry-After": "1"}}


@pytest.fixture
def link(live_desk: Live) -> str:
    """A way in for the moderator of a site where a hundred comments and a few more wait."""

    def work(session: Session) -> str:
        sites.add(session, key=SITE, name="Fells", origins=[ORIGIN])
        people.add(session, name="Mara", sites=[SITE], role="moderator")
        waiting(session, SITE, (f"Remark {number} on the tarn." for number in range(DECISIONS + 5)))
        return people.make_link(session, Signer(SECRET), "Mara")

    return f"{live_desk.url}/moderate/sign-in?token={live_desk.write(work)}"


def test_a_hundred_decisions_in_a_row_never_wait_for_the_tool(
    live_desk: Live, link: str, open_page: Callable[..., Page], capsys: pytest.CaptureFixture[str]
) -> None:
    page = open_page(viewport=DESKTOP)
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/moderate/")
    page.evaluate(WATCH)
    page.evaluate(STAYS)
    unanswered = watched(page)
    card = page.locator("[data-card]")
    for number in range(DECISIONS):
        if number % 10 == 0:
            expect(card).to_contain_text(f"Remark {number} on")
        # Every fifth is spam, and every tenth is rejected with a reason of the menu.
        keys = "r2" if number % 10 == 9 else "s" if number % 5 == 2 else "a"
        for key in keys:
            page.keyboard.press(key)
        try:
            page.wait_for_function(STEPPED, arg=number + 1)
        except Error as error:
            left = page.evaluate(SEEN), unanswered()
            raise AssertionError(f"no step after decision {number} by {keys!r}: {left}") from error
    expect(page.get_by_role("status")).to_contain_text("comment as off topic")
    page.wait_for_function(SAVED)
    steps = page.evaluate("() => performance.getEntriesByName('step').map((step) => step.duration)")
    assert len(steps) == DECISIONS
    p95 = quantiles(steps, n=20)[-1]
    with capsys.disabled():
        print(f" [a step: median {quantiles(steps, n=2)[0]:.0f} ms, p95 {p95:.0f} ms]", end="")
    assert decided(live_desk) == {"approve": 70, "spam": 20, "reject": 10}
    assert p95 < MOST_MILLISECONDS


def decided(live: Live) -> Counter[str]:
    """How often each action stands in the site's log, as the database has it."""
    actions = select(Decision.action).join(Site).where(Site.key == SITE)
    counted: Counter[str] = live.write(lambda session: Counter(session.scalars(actions)))
    return counted


def watched(page: Page) -> Callable[[], list[str]]:
    """Tells what the page asked for and has no good answer to, for the words of a failure."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))

    def told() -> list[str]:
        answers = [(one, one.existing_response) for one in asked]
        bad = [(one, answer) for one, answer in answers if answer is None or not answer.ok]
        return [f"{one.method} {one.url}: {answer and answer.status}, {one.failure}" for one, answer in bad]

    return told


class Held:
    """Holds requests back until they are let go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self.page = page
        self.held: list[Route] | None = []
        page.route(pattern, self.come)

    def come(self, route: Route) -> None:
        if self.held is None:
            route.continue_()
        else:
            self.held.append(route)

    def let_go(self, answer: Callable[[Route], None] = Route.continue_) -> None:
        """Those that came, one at least, answered so or by the service; later ones are not held."""
        # Requests are told of while the page is asked something.
        wait_for(lambda: self.page.evaluate("true") and self.held)
        came, self.held = self.held or [], None
        for route in came:
            answer(route)


@pytest.fixture
def page(work: Work, open_page: Callable[..., Page]) -> Page:
    """The queue of this test's site, which must not load anew."""
    opened = open_page(viewport=DESKTOP)
    # A page that was loaded before anything is held may send its next request past whoever holds it.
    opened.route("**/nowhere", Route.abort)
    work.come_back(opened)
    expect(opened.locator("[data-card]")).to_contain_text("A remark of Ann")
    opened.evaluate(STAYS)
    return opened


def test_further_rows_are_waited_for(work: Work, open_page: Callable[..., Page]) -> None:
    work.live.write(lambda session: waiting(session, work.site, (f"Remark {n}." for n in range(24))))
    page = open_page(viewport=DESKTOP)
    held, deciding = Held(page, FURTHER), Held(page, DECISIONS_SENT)
    work.come_back(page)
    page.evaluate(STAYS)
    page.get_by_label("Tick all").check()
    page.get_by_role("button", name="Approve 24").click()
    page.keyboard.press("a")
    page.keyboard.press("a")  # nothing more is here to be decided
    said = page.get_by_role("status")
    deciding.let_go()  # not before both presses: the second would be answered over the first
    expect(said).to_contain_text("Approved Ann’s comment")
    page.keyboard.press("a")
    expect(said).to_contain_text("The next comment is on its way.")
    held.let_go()
    expect(page.locator("[data-card]")).to_contain_text("Remark 22.")
    page.keyboard.press("a")
    expect(page.locator("[data-card]")).to_contain_text("Remark 23.")
    assert page.evaluate("window.stayed")


def test_a_card_from_before_a_decision_about_its_author_is_asked_for_again(
    work: Work, open_page: Callable[..., Page]
) -> None:
    dora = {"slug": "fell", "name": "Dora", "author_key": new_author_key()}
    one, two = (
        work.live.api(f"{work.site}/comments", {**dora, "body": body})["comment"]["id"]
        for body in ("One.", "Two.")
    )
    early: list[tuple[Route, APIResponse]] = []

    def answer_later(route: Route) -> None:
        early.append((route, route.fetch()))

    page = open_page(viewport=DESKTOP)
    work.come_back(page)
    page.route(f"**/moderate/cards/{two}?*", answer_later, times=1)
    page.goto(f"{work.live.url}/moderate/?comment={one}")
    wait_for(lambda: page.evaluate("true") and early)
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("Approved Dora’s comment")
    ((route, answer),) = early
    route.fulfill(response=answer)
    expect(page.locator("[data-card]")).to_contain_text("Two.")
    expect(page.locator("[data-card]")).to_contain_text("1 published, 0 rejected")


@pytest.mark.parametrize("answer", [{}, BUSY], ids=["away", "busy"])
def test_a_card_that_does_not_come_is_asked_for_again(
    page: Page, work: Work, page_errors: PageErrors, answer: dict[str, Any]
) -> None:
    page_errors.expect("ERR_FAILED|status of 503")
    page.route(CARDS, lambda route: route.fulfill(**answer) if answer else route.abort())
    page.reload()  # what was fetched ahead is forgotten
    page.evaluate(STAYS)
    page.keyboard.press("a")
    said, card = page.get_by_role("status"), page.locator("[data-card]")
    expect(said).to_contain_text("The next comment did not come: the service")
    page.wait_for_function(SAVED)
    page.keyboard.press("j")
    # The sentence stands there already; what shows that the press was answered is that nothing is awaited.
    expect(page.locator("[data-place]")).not_to_have_attribute("aria-busy", "true")
    expect(said).to_contain_text("Please try again.")
    expect(card).to_contain_text("A remark of Ann")
    page.unroute(CARDS)
    page.keyboard.press("a")
    expect(card).to_contain_text("A remark of Ben")
    assert (work.published(), page.evaluate("window.stayed")) == (["Ann"], True)


@pytest.mark.parametrize(
    ("why", "answer"),
    [
        ("Too many at once.", lambda route: route.fulfill(**BUSY)),
        ("the service could not be reached.", lambda route: route.abort("internetdisconnected")),
    ],
    ids=["busy", "away"],
)
def test_what_fails_comes_next_and_not_under_the_fingers(
    page: Page, work: Work, page_errors: PageErrors, why: str, answer: Callable[[Route], None]
) -> None:
    page_errors.expect("status of 503|ERR_INTERNET_DISCONNECTED")
    said, card = page.get_by_role("status"), page.locator("[data-card]")
    held = Held(page, DECISIONS_SENT)
    page.keyboard.press("s")
    expect(card).to_contain_text("A remark of Ben")
    held.let_go(answer)
    expect(said).to_contain_text(f"Not saved: {why} Ann’s comment comes next.")
    page.keyboard.press("a")
    expect(card).to_contain_text("A remark of Ann")
    page.keyboard.press("a")
    expect(card).to_contain_text("A remark of Cleo")
    page.wait_for_function(SAVED)
    assert (work.published(), page.evaluate("window.stayed")) == (["Ben", "Ann"], True)


def test_undo_waits_for_what_it_undoes(page: Page, work: Work) -> None:
    for _ in range(2):
        page.keyboard.press("x")
    page.keyboard.press("a")
    said = page.get_by_role("status")
    expect(said).to_contain_text("2 approved.")
    held = Held(page, DECISIONS_SENT)
    page.keyboard.press("a")  # the last one
    page.keyboard.press("u")
    held.let_go()
    expect(said).to_contain_text("Undone: Ann’s comment is pending again.")
    expect(page.locator("[data-card]")).to_contain_text("A remark of Ann")
    assert (work.published(), page.evaluate("window.stayed")) == (["Ben", "Cleo"], True)


def test_nothing_is_decided_or_written_unseen(page: Page, work: Work) -> None:
    held = Held(page, CARDS)
    page.reload()
    page.evaluate(STAYS)
    card = page.locator("[data-card]")
    page.keyboard.press("j")
    page.keyboard.press("a")  # meant for Ben, whom nobody has seen
    page.keyboard.press("b")
    expect(page.get_by_role("status")).to_contain_text("The next comment is on its way.")
    page.keyboard.press("/")
    page.keyboard.type("sa")
    held.let_go()
    expect(card).to_contain_text("A remark of Ben")
    page.keyboard.type("s")
    search = page.locator("[data-search]")
    expect(search).to_have_value("sas")
    page.keyboard.press("Escape")
    expect(card).to_be_focused()
    page.keyboard.press("a")
    expect(card).to_contain_text("A remark of Cleo")
    page.wait_for_function(SAVED)
    assert (work.published(), page.evaluate("window.stayed")) == (["Ben"], True)


def test_only_ticks_that_are_seen_count(page: Page, work: Work) -> None:
    page.get_by_label("Tick the comment by Ben").check()
    page.keyboard.press("j")
    expect(page.locator("[data-card]")).to_contain_text("A remark of Ben")
    page.get_by_label("Tick the comment by Cleo").check()
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("Approved Cleo’s comment")
    assert work.published() == ["Cleo"]

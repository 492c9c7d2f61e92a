"""A hundred decisions by keyboard, and how long the tool itself takes between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from statistics import quantiles

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import people, sites
from comments_service.identity import Signer
from comments_service.models import Decision, Site
from tests.app import ORIGIN, Live
from tests.databases import SECRET
from tests.functional.accessible import DESKTOP
from tests.functional.newsroom import waiting

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
    card = page.locator("[data-card]")
    for number in range(DECISIONS):
        if number % 10 == 0:
            expect(card).to_contain_text(f"Remark {number} on")
        # Every fifth is spam, and every tenth is rejected with a reason of the menu.
        keys = "r2" if number % 10 == 9 else "s" if number % 5 == 2 else "a"
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_function(STEPPED, arg=number + 1)
    expect(page.get_by_role("status")).to_contain_text("comment as off topic")
    page.wait_for_function("() => !document.querySelector('[data-place]').dataset.saving")
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

"""Readers come back, lose their connection and press twice: nothing is lost and nothing comes double."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Route, expect

from tests.server.running import wait_for
from tests.servers.chromium import PageErrors
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]

HOUR = 3_600_000  # milliseconds
VISITS = "Object.keys(JSON.parse(Object.values(localStorage)[0]).visits)"


def test_who_wrote_here_finds_what_is_new_since(reader: Arrive) -> None:
    visitor = reader()
    # A device whose clock is late: what comes in the same second is newer without doubt.
    visitor.page.clock.install(time=datetime.now(UTC) - timedelta(seconds=10))
    visitor.open().write("I was here.")
    wait_for(lambda: visitor.slug in visitor.page.evaluate(VISITS))
    new = visitor.post_elsewhere("While they were away.")
    marks = visitor.page.locator("comments-thread .new")
    for away, marked in ((HOUR, 1), (0, 1), (HOUR, 0)):
        visitor.page.clock.fast_forward(away)
        visitor.reload().seen("While they were away.")
        expect(marks).to_have_count(marked)
        if away and marked:
            visitor.press("1 new comment")
            expect(visitor.page.locator(f"#comment-{new}")).to_be_focused()


def test_who_only_read_is_not_remembered(reader: Arrive) -> None:
    visitor = reader()
    visitor.page.clock.install()
    visitor.open()
    visitor.post_elsewhere("While they were away.")
    visitor.page.clock.fast_forward(HOUR)
    visitor.reload().seen("While they were away.")
    expect(visitor.page.locator("comments-thread .new")).to_have_count(0)
    assert visitor.page.evaluate("localStorage.length") == 0


def test_every_form_has_a_draft_of_its_own(reader: Arrive) -> None:
    visitor = reader()
    root = visitor.post_elsewhere("Answer me.")
    visitor.open()
    visitor.start()
    visitor.type("A new conversation")
    visitor.start("Reply", visitor.page.locator(f"#comment-{root}"))
    visitor.type("An answer")
    visitor.reload()
    for opener, words in (("Leave a comment", "A new conversation"), ("Reply", "An answer")):
        visitor.start(opener)
        expect(visitor.page.get_by_label("Your comment")).to_have_value(words)
    visitor.press("Post reply")
    visitor.seen("An answer")
    visitor.start("Reply", visitor.page.locator(f"#comment-{root}"))
    expect(visitor.page.get_by_label("Your comment")).to_have_value("")


def test_what_was_written_offline_is_sent_once_when_the_line_is_back(
    reader: Arrive, page_errors: PageErrors
) -> None:
    page_errors.expect("ERR_INTERNET_DISCONNECTED")
    visitor = reader().open()
    visitor.start()
    visitor.type("From the tunnel.")
    visitor.page.context.set_offline(True)
    visitor.press("Post comment")
    expect(visitor.page.get_by_text("You are offline", exact=False)).to_be_visible()
    expect(visitor.page.get_by_label("Your comment")).to_have_value("From the tunnel.")
    visitor.page.context.set_offline(False)
    visitor.seen("From the tunnel.")
    assert len(visitor.published()) == 1


def test_a_line_that_comes_back_while_a_try_is_under_way_sends_nothing_more(
    reader: Arrive, page_errors: PageErrors
) -> None:
    page_errors.expect("ERR_FAILED")
    visitor = reader().open()
    page = visitor.page
    visitor.start()
    tries: list[Route] = []
    page.route("**/horizons/comments", lambda route: tries.append(route))
    with page.expect_request("**/horizons/comments"):
        visitor.type("Counted once.").press("Post comment")
    wait_for(lambda: page.evaluate("true") and tries)
    tries[0].abort()
    with page.expect_request("**/horizons/comments"):
        visitor.press("Try now")
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_for(lambda: page.evaluate("true") and len(tries) > 1)
    assert len(tries) == 2
    tries[1].abort()
    # Not the longer wait after a second failure: the line is back.
    expect(page.get_by_text(re.compile(r"again in [1-5] sec"))).to_be_visible()
    with page.expect_request("**/horizons/comments"):
        visitor.press("Try now")
    wait_for(lambda: page.evaluate("true") and len(tries) > 2)
    tries[2].continue_()
    visitor.seen("Counted once.")
    assert len(tries) == 3
    expect(page.get_by_role("heading", name="Comments (1)")).to_be_visible()


def test_a_service_in_trouble_is_asked_again_with_the_same_key(
    reader: Arrive, page_errors: PageErrors
) -> None:
    page_errors.expect("503")
    visitor = reader()
    visitor.page.clock.install()
    visitor.open().start()
    keys: list[str] = []

    def refuse_once(route: Route) -> None:
        keys.append(dict(pair.split("=") for pair in (route.request.post_data or "").split("&"))["key"])
        if len(keys) == 1:
            return route.fulfill(status=503, headers={"Retry-After": "9"}, json={"detail": "Busy."})
        return route.continue_()

    visitor.page.route("**/horizons/comments", refuse_once)
    visitor.type("Patience.")
    visitor.page.get_by_role("button", name="Post comment").dblclick()
    expect(visitor.page.get_by_text("The service does not answer.", exact=True)).to_be_visible()
    assert len(keys) == 1  # of two clicks
    visitor.page.clock.run_for(10_000)
    visitor.seen("Patience.")
    assert keys[0] == keys[1]
    assert len(visitor.published()) == 1


def test_times_tick_and_tell_the_exact_one(reader: Arrive) -> None:
    visitor = reader()
    visitor.page.clock.install()
    visitor.post_elsewhere("Just now.")
    when = visitor.open().comment("Just now.").locator("a.when")
    expect(when).to_have_text("now")
    expect(when).to_have_attribute("title", re.compile(r"^\d+ \w+ \d{4}, \d\d:\d\d$"))
    assert when.locator("time").get_attribute("datetime") == visitor.published()[0]["created_at"]
    visitor.page.clock.run_for(180_000)
    expect(when).to_have_text(re.compile("[23] minutes ago"))

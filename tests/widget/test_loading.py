"""Before the comments are there: what is drawn first, when it is asked for, and a service that is away."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.servers.chromium import PageErrors
from tests.widget.host import Newspaper
from tests.widget.reader import Reader
from tests.widget.relay import Relay

Arrive = Callable[..., Reader]

FIRST = 20  # comments that are painted before the rest
ROOTS, REPLIES = 200, 4

# The number of comments at each frame that shows some.
WATCHED = """window.frames_drawn = [];
(function look() {
    const drawn = document.querySelector("comments-thread")?.shadowRoot?.querySelectorAll("article").length;
    if (drawn) frames_drawn.push(drawn);
    requestAnimationFrame(look);
})();
window.told = [];
addEventListener("comments:error", ({ detail }) => told.push(detail.problem.status));"""

# Who lets others go on goes on after a frame, however late frames come.
FRAME_BY_FRAME = """(() => {
    const { setTimeout } = window;
    window.setTimeout = (act, delay) =>
        delay ? setTimeout(act, delay) : requestAnimationFrame(() => setTimeout(act));
})()"""

# Whether the browser draws the last comment, or leaves it until somebody comes near.
LAST_IS_DRAWN = """() => [...document.querySelector("comments-thread").shadowRoot.querySelectorAll("article")]
    .at(-1).checkVisibility({ contentVisibilityAuto: true })"""

BUSY = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


def test_the_first_comments_are_painted_before_the_rest(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("As the service tells it.")
    visitor.page.add_init_script(FRAME_BY_FRAME)
    visitor.page.add_init_script(WATCHED)

    def in_thousands(route: Route) -> None:
        route.fulfill(json=multiplied(route.fetch().json()))

    visitor.page.route("**/comments?*", in_thousands)
    page = visitor.open().page
    frames = page.evaluate("frames_drawn")
    assert FIRST <= frames[0] < ROOTS * (1 + REPLIES)
    expect(page.locator("comments-thread article")).to_have_count(ROOTS * (1 + REPLIES))
    expect(page.locator("comments-thread .badge")).to_have_text(["Reporter"])
    expect(page.get_by_role("article").first.locator(".badge")).to_be_visible()
    assert not page.evaluate(LAST_IS_DRAWN)
    page.get_by_role("article").last.scroll_into_view_if_needed()
    page.wait_for_function(LAST_IS_DRAWN)


def multiplied(told: dict[str, Any]) -> dict[str, Any]:
    """The answer for one comment, as it would be for many."""
    (only,) = told["comments"]
    told["comments"] = [copy.deepcopy(only) for _ in range(ROOTS)]
    reply = {name: value for name, value in only.items() if not name.startswith("replies")}
    for number, root in enumerate(told["comments"]):
        root["id"] = 1_000_000 + number * (1 + REPLIES)
        root["replies"] = [
            {**reply, "id": root["id"] + count, "parent": root["id"]} for count in range(1, 1 + REPLIES)
        ]
        root["replies_total"] = REPLIES
    # A name that says so is no badge.
    told["comments"][0]["badge"], told["comments"][1]["name"] = "Reporter", "Edda Solberg (Reporter)"
    told["thread"]["count"] = ROOTS * (1 + REPLIES)
    return told


def test_who_waits_for_a_busy_service_sees_how_long_and_may_ask_at_once(
    reader: Arrive, page_errors: PageErrors
) -> None:
    page_errors.expect("503")
    visitor = reader()
    visitor.post_elsewhere("Here all the time.")
    page, asked = visitor.page, 0

    def busy(route: Route) -> None:
        nonlocal asked
        asked += 1
        route.fulfill(status=503, headers={**BUSY, "Retry-After": "59"}, json={"detail": "Busy."})

    page.clock.install()
    page.add_init_script(WATCHED)
    page.route("**/comments?*", busy)
    page.goto(visitor.address)
    expect(page.get_by_text("The comments did not arrive")).to_be_visible()
    waits = page.locator("comments-thread .empty p")
    expect(waits).to_contain_text(re.compile(r"try again in (0:)?5\d"))
    page.clock.run_for(20_000)
    expect(waits).to_contain_text(re.compile(r"try again in (0:)?3\d"))
    assert asked == 1
    visitor.press("Try now")
    expect(waits).to_contain_text(re.compile(r"try again in (0:)?5\d"))
    assert asked == 2
    assert page.evaluate("told") == [503, 503]
    page.unroute("**/comments?*")
    page.clock.run_for(60_000)
    visitor.arrived().seen("Here all the time.")
    expect(page.get_by_text("The comments did not arrive")).to_have_count(0)
    visitor.write("And I am here, too.")


@pytest.mark.parametrize("way", [{"load": "click"}, {"load": "lazy"}, {"page": "drawn"}])
def test_a_first_request_that_fails_is_said_and_made_again(
    reader: Arrive, page_errors: PageErrors, way: dict[str, str]
) -> None:
    page_errors.expect("503")
    visitor = reader(**way)
    visitor.post_elsewhere("Here all the time.")
    page = visitor.page
    page.clock.install()
    page.add_init_script(WATCHED)
    page.route("**/comments?*", lambda route: route.fulfill(status=503, headers=BUSY, json={}))
    page.goto(visitor.address)
    if way == {"load": "click"}:
        visitor.press("Show comments")
    visitor.says("The service does not answer.")
    expect(page.get_by_text("The comments did not arrive")).to_be_visible()
    expect(page.get_by_role("button", name="Leave a comment")).to_have_count(0)
    # What the service drew stays readable.
    expect(visitor.comment("Here all the time.")).to_have_count(1 if "page" in way else 0)
    again = page.get_by_role("button", name="Try now")
    again.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => told.length === 2")
    expect(again).to_be_focused()
    page.unroute("**/comments?*")
    page.keyboard.press("Enter")
    visitor.arrived().seen("Here all the time.")
    expect(page.get_by_role("heading", name="Comments (1)")).to_be_focused()
    expect(again).to_have_count(0)


def test_a_service_that_comes_back_is_found_without_a_press(
    relay: Relay, reader: Arrive, newspaper: Newspaper, page_errors: PageErrors
) -> None:
    page_errors.expect("ERR_CONNECTION_REFUSED")
    visitor = reader()
    visitor.post_elsewhere("Here all the time.", slug=visitor.slug + "-next")
    page = visitor.page
    page.clock.install()
    page.add_init_script(WATCHED)
    visitor.open()
    relay.close()
    # The page goes on to its next article.
    page.evaluate("slug => { document.querySelector('comments-thread').slug = slug }", visitor.slug + "-next")
    expect(page.get_by_text("The comments did not arrive")).to_be_visible()
    assert page.evaluate("told") == [0]
    back = Relay(newspaper.service.url, relay.port)
    page.clock.run_for(21_000)
    visitor.arrived().seen("Here all the time.")
    back.close()


def test_lazy_comments_are_asked_for_when_somebody_comes_near(reader: Arrive) -> None:
    visitor = reader(load="lazy")
    page = visitor.page
    page.add_init_script(
        """const page = new CSSStyleSheet();
        page.replaceSync("h1 { height: 6000px }");
        document.adoptedStyleSheets = [page];"""
    )
    page.goto(visitor.address)
    page.evaluate("customElements.whenDefined('comments-thread')")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert not [line for line in visitor.asked if "/comments?" in line]
    page.evaluate("scrollTo(0, 5000)")
    visitor.arrived()

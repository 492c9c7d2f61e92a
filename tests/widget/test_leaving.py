"""Pages that swap their content: after fifty articles nothing is left of the first forty-nine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, Page

from tests.server.running import wait_for
from tests.widget.reader import Reader

TIMES = 50

# Before the widget: what it starts and ends, by name. `running` holds the timers that go on.
WATCHED = """(() => {
    const running = (window.running = new Set());
    const { setInterval, clearInterval } = window;
    window.setInterval = (...args) => { const id = setInterval(...args); running.add(id); return id; };
    window.clearInterval = (id) => { running.delete(id); clearInterval(id); };
    const watching = (window.watching = new Set());
    for (const name of ["IntersectionObserver", "MutationObserver", "ResizeObserver"]) {
        window[name] = class extends window[name] {
            observe(...args) { watching.add(this); super.observe(...args); }
            disconnect() { watching.delete(this); super.disconnect(); }
        };
    }
})()"""

# As sites swap articles: the slug changes, another element comes, and readers hurry on before it is drawn.
SWAP = """async ({ times, slugs }) => {
    const drawn = () => new Promise((done) => addEventListener("comments:load", done, { once: true }));
    const another = (slug, load) => {
        const old = document.querySelector("comments-thread");
        const next = Object.assign(document.createElement("comments-thread"), { site: old.site, slug, load });
        old.replaceWith(next);
    };
    for (let time = 0; time < times; time++) {
        const slug = slugs[time % slugs.length];
        const loaded = drawn();
        if (time % 2) document.querySelector("comments-thread").slug = slug;
        else {
            another(slug, "lazy");
            another(slug, "eager");
            another(slug, "");
        }
        await loaded;
    }
}"""


@pytest.fixture
def visitor(reader: Callable[..., Reader]) -> Reader:
    arrived = reader()
    arrived.page.add_init_script(WATCHED)
    root = arrived.post_elsewhere("Of the first article.")
    arrived.post_elsewhere("A reply.", parent=root)
    arrived.post_elsewhere("Of the second.", slug=arrived.slug + "-b")
    return arrived.open()


def test_fifty_articles_leave_no_more_than_one(visitor: Reader) -> None:
    protocol = visitor.page.context.new_cdp_session(visitor.page)
    swapped(visitor, 2)
    before = left(visitor.page, protocol)
    swapped(visitor, TIMES)
    after = left(visitor.page, protocol)
    assert before["intervals"] == 1  # what is counted is really there
    assert before["listeners of the window"] >= 3
    for kind in ("intervals", "listeners of the window", "observers"):
        assert after[kind] == before[kind], kind
    # The engine may still hold the element that went last.
    assert after["threads"] <= 2
    assert after["nodes"] < 2 * before["nodes"]
    assert after["listeners"] < 2 * before["listeners"]


def test_nothing_is_left_of_an_element_that_went(visitor: Reader) -> None:
    protocol = visitor.page.context.new_cdp_session(visitor.page)
    visitor.start()
    visitor.page.evaluate("document.querySelector('comments-thread').remove()")
    after = left(visitor.page, protocol)
    assert after["intervals"] == after["listeners of the window"] == after["observers"] == 0


def test_leaving_is_no_undo_of_a_withdrawal(visitor: Reader) -> None:
    own = visitor.write("Of a swapped article.")
    with visitor.page.expect_response("**/withdrawal"):
        visitor.press("Withdraw", own)
        visitor.page.evaluate("document.querySelector('comments-thread').remove()")
    visitor.open()
    visitor.press("Withdraw", visitor.write("Of a closed page."))
    visitor.page.unroute_all()  # a route would hold back what outlives its page
    visitor.page.goto("about:blank")
    wait_for(lambda: "Of a" not in str(visitor.published()))


def swapped(visitor: Reader, times: int) -> None:
    slugs = [visitor.slug + "-b", visitor.slug]
    visitor.page.evaluate(SWAP, {"times": times, "slugs": slugs})
    visitor.arrived()


def left(page: Page, protocol: CDPSession) -> dict[str, int]:
    """What stands in the page and in its memory once all that can go has gone."""
    for _ in range(2):
        protocol.send("HeapProfiler.collectGarbage")
    listeners = protocol.send("DOMDebugger.getEventListeners", {"objectId": handle(protocol, "window")})
    counted = protocol.send("Memory.getDOMCounters")
    return {
        "listeners of the window": len(listeners["listeners"]),
        "intervals": page.evaluate("running.size"),
        "observers": page.evaluate("watching.size"),
        "nodes": counted["nodes"],
        "listeners": counted["jsEventListeners"],
        "threads": elements(protocol),
    }


def elements(protocol: CDPSession) -> int:
    """How many `<comments-thread>` are alive, wherever they are held."""
    prototype = handle(protocol, "customElements.get('comments-thread').prototype")
    found = protocol.send("Runtime.queryObjects", {"prototypeObjectId": prototype})["objects"]["objectId"]
    length = {"objectId": found, "functionDeclaration": "function () { return this.length }"}
    return int(protocol.send("Runtime.callFunctionOn", length | {"returnByValue": True})["result"]["value"])


def handle(protocol: CDPSession, expression: str) -> str:
    return str(protocol.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"])

"""One visit of a page in Chromium: when the comments are painted, how long it is blocked, what it keeps."""

from __future__ import annotations

import time
from typing import NamedTuple

from playwright.sync_api import Browser, CDPSession

MEGABYTE = 1_000_000
# A task longer than this keeps a reader's click waiting (web.dev, "Total Blocking Time").
SHORT_MILLISECONDS = 50
PATIENCE_MILLISECONDS = 120_000

# Before each visit, so that the browser has cleared away the page before it.
REST_SECONDS = 0.4
DONE = "all comments are painted"
# Runs before the page: notes long tasks, and the frame after the one in which the last comment was there. It
# tells by a message: asking the page would put the driver's own scripts into it, and those would be measured.
WATCH = """\
([list, selector, conversations, wanted]) => {
  const seen = (window.seen = { blocked: 0, painted: null });
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.blocked += Math.max(0, task.duration - SHORT);
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    const host = document.querySelector('comments-thread');
    const root = host ? host.shadowRoot : document;
    const place = root?.querySelector(list);
    // All of them are only counted when the conversations are there: counting at each frame would be felt.
    const isThere = place?.childElementCount >= conversations;
    const there = isThere ? root.querySelectorAll(selector).length : 0;
    // Readers of ours ask for more: so does this, as soon as there is more to ask for.
    if (host) place?.nextElementSibling.querySelector('button')?.click();
    if (there < wanted) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => {
      seen.painted = performance.now();
      console.debug('DONE');
    }));
  };
  requestAnimationFrame(look);
}
""".replace("SHORT", str(SHORT_MILLISECONDS)).replace("DONE", DONE)


class Visit(NamedTuple):
    """Seconds until all comments were painted, seconds of blocking, bytes of heap beyond the bare page."""

    painted: float
    blocked: float
    heap: float


class Wait(NamedTuple):
    """What is waited for: how many conversations and comments, what holds the former and finds the latter."""

    list: str
    comments: str
    conversations: int
    wanted: int


def visit(browser: Browser, url: str, wait: Wait, slowed: int) -> Visit:
    """Open the page as a new reader whose processor is `slowed` times as slow."""
    time.sleep(REST_SECONDS)
    context = browser.new_context()
    try:
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        if slowed > 1:
            cdp.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        page.add_init_script(f"({WATCH})({list(wait)!r})")
        with page.expect_console_message(lambda message: message.text == DONE, timeout=PATIENCE_MILLISECONDS):
            page.goto(url, wait_until="commit")
        seen = page.evaluate("window.seen")
        return Visit(seen["painted"] / 1e3, seen["blocked"] / 1e3, _heap(cdp))
    finally:
        context.close()


def bare_heap(browser: Browser, url: str) -> float:
    """Bytes of heap of the page without comments."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(url)
        return _heap(context.new_cdp_session(page))
    finally:
        context.close()


def _heap(cdp: CDPSession) -> float:
    cdp.send("HeapProfiler.collectGarbage")
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"])

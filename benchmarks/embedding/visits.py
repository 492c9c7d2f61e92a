"""One visit of a page in Chromium: when the comments are painted, how long it is blocked, what it keeps."""

from __future__ import annotations

from typing import NamedTuple

from playwright.sync_api import Browser, CDPSession

MEGABYTE = 1_000_000
# A task longer than this keeps a reader's click waiting (web.dev, "Total Blocking Time").
SHORT_MILLISECONDS = 50
PATIENCE_MILLISECONDS = 120_000

# Runs before the page: notes long tasks, and the frame after the one in which the last comment was there.
WATCH = """\
([roots, selector, conversations, wanted]) => {
  const seen = (window.seen = { blocked: 0, painted: null });
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.blocked += Math.max(0, task.duration - SHORT);
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    const host = document.querySelector('comments-thread');
    const root = host ? host.shadowRoot : document;
    const counted = (what) => (root ? root.querySelectorAll(what).length : 0);
    // All of them are only counted when the conversations are there: counting at each frame would be felt.
    const there = counted(roots) < conversations ? 0 : counted(selector);
    // Readers of ours ask for more: so does this, as soon as there is more to ask for.
    root?.querySelector('.more button')?.click();
    if (there < wanted) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => (seen.painted = performance.now())));
  };
  requestAnimationFrame(look);
}
""".replace("SHORT", str(SHORT_MILLISECONDS))


class Visit(NamedTuple):
    """Seconds until all comments were painted, seconds of blocking, bytes of heap beyond the bare page."""

    painted: float
    blocked: float
    heap: float


class Wait(NamedTuple):
    """What is waited for: how many conversations and comments, and what finds them in the page."""

    roots: str
    comments: str
    conversations: int
    wanted: int


def visit(browser: Browser, url: str, wait: Wait, slowed: int) -> Visit:
    """Open the page as a new reader whose processor is `slowed` times as slow."""
    context = browser.new_context()
    try:
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        if slowed > 1:
            cdp.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        page.add_init_script(f"({WATCH})({list(wait)!r})")
        page.goto(url, wait_until="commit")
        page.wait_for_function("window.seen.painted !== null", timeout=PATIENCE_MILLISECONDS)
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

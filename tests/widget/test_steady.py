"""The page around the comments stays where it is: nothing moves, blinks or goes blank while they arrive."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.server.running import wait_for
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]

# Shifts that no reader caused, and whether each frame after the first comment had comments.
WATCHED = """
window.shifts = [];
new PerformanceObserver((seen) => {
    for (const shift of seen.getEntries()) if (!shift.hadRecentInput) shifts.push(shift);
}).observe({ type: "layout-shift", buffered: true });
window.frames_drawn = [];
(function look() {
    const article = document.querySelector("comments-thread")?.shadowRoot?.querySelector("article");
    const height = article?.getBoundingClientRect().height ?? 0;
    if (height || frames_drawn.length) frames_drawn.push(height);
    requestAnimationFrame(look);
})();
"""

SHIFTS = """() => new Promise((done) => {
    const place = ({ y, height }) => `${y} + ${height}`;
    const tell = ({ node, previousRect, currentRect }) =>
        `${node?.outerHTML?.slice(0, 80)} from ${place(previousRect)} to ${place(currentRect)}`;
    const told = () => done(shifts.map(({ value, sources }) => [value, ...sources.map(tell)]));
    requestAnimationFrame(() => requestAnimationFrame(told));
})"""


def styled(page: Page, rule: str) -> None:
    """The page's own style, from its first moment on, which its policy lets no test write into it."""
    page.add_init_script(
        f"const page = new CSSStyleSheet(); page.replaceSync(`{rule}`); document.adoptedStyleSheets = [page];"
    )


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        ("below the fold", "h1 { height: 1200px }"),
        ("with its height reserved", "comments-thread { display: block; min-height: 700px }"),
    ],
)
def test_nothing_moves_when_the_comments_come(reader: Arrive, place: str, rule: str) -> None:
    visitor = reader()
    visitor.page.add_init_script(WATCHED)
    styled(visitor.page, "body { margin: 0 } " + rule + "main::after { content: 'The end'; display: block }")
    for count in range(3):
        visitor.post_elsewhere(f"Comment {count}.\n\nIn two paragraphs.")
    held: list[Route] = []
    visitor.page.route("**/comments?*", lambda route: held.append(route))
    visitor.page.goto(visitor.address)
    expect(visitor.page.locator("comments-thread h2")).to_be_attached()
    wait_for(lambda: (visitor.page.evaluate(SHIFTS), held)[1])  # the page is painted before they come
    held[0].continue_()
    visitor.arrived()
    assert visitor.page.evaluate(SHIFTS) == []


def test_what_the_service_drew_is_taken_over_without_a_flash(reader: Arrive) -> None:
    visitor = reader(page="styled")
    visitor.page.add_init_script(WATCHED)
    styled(visitor.page, "main::after { content: 'The end'; display: block }")
    root = visitor.post_elsewhere("Drawn by the service.")
    visitor.post_elsewhere("With a reply.", parent=root)
    held: list[Route] = []
    visitor.page.route("**/embed/v1.js", lambda route: held.append(route))
    visitor.page.goto(visitor.address, wait_until="commit")
    visitor.seen("With a reply.")
    wait_for(lambda: visitor.page.evaluate("frames_drawn.length > 2") and held)
    held[0].continue_()
    expect(visitor.page.get_by_role("button", name="Vote up").first).to_be_visible()
    assert visitor.page.evaluate(SHIFTS) == []
    assert visitor.page.evaluate("frames_drawn.every((height) => height > 0)")

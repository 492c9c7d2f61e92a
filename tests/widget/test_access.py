"""Nobody is left out: what axe finds in the widget, with form and dialog open, in each way to see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.functional.accessible import LOOKS, Look, bring_axe, faults
from tests.widget.reader import Reader

# Otherwise axe sees nothing of what stands below the screen, and takes the page for white.
ALL_SHOWN = """() => {
    const page = new CSSStyleSheet();
    page.insertRule("html { background: Canvas; color: CanvasText }");
    document.adoptedStyleSheets = [page];
    const [sheet] = document.querySelector("comments-thread").shadowRoot.adoptedStyleSheets;
    sheet.insertRule("li { content-visibility: visible !important }", sheet.cssRules.length);
}"""


@pytest.mark.parametrize(
    ("language", "reply", "report", "looks"),
    [
        ("en", "Reply", "Report this comment", LOOKS[:2]),
        ("en", "Reply", "Report this comment", LOOKS[2:3]),
        ("en", "Reply", "Report this comment", LOOKS[3:5]),
        ("ar", "ردّ", "الإبلاغ عن هذا التعليق", LOOKS[:1]),
    ],
)
def test_axe_finds_nothing(
    reader: Callable[..., Reader], language: str, reply: str, report: str, looks: tuple[Look, ...]
) -> None:
    visitor = reader(page=language)
    bring_axe(visitor.page)
    looks[0].put_on(visitor.page)
    parent = visitor.post_elsewhere("Three things:\n\n1. `code`\n2. [a link](https://example.org)\n\n> said")
    for _ in range(5):
        parent = visitor.post_elsewhere("A reply.", parent=parent)
    visitor.page.goto(visitor.address)
    visitor.seen("Three things")
    visitor.press(reply)
    visitor.page.locator("details").evaluate("details => { details.open = true }")
    visitor.page.evaluate(ALL_SHOWN)
    assert list(faults(visitor.page, looks)) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visitor.press(report)
    visitor.page.get_by_role("dialog").get_by_role("radio").nth(4).check()
    assert list(faults(visitor.page, looks)) == []

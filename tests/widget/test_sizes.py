"""Large enough to hit, narrow enough to read: targets, text at 400 %, and nothing that moves by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.reader import Reader

# WCAG 2.5.8: a target is so large, or a circle of that size around its middle meets no other target.
# Links within a sentence are no buttons; a label is part of its field.
SMALL = """([least, every]) => {
    const root = document.querySelector("comments-thread").shadowRoot;
    const within = root.querySelector("dialog") ?? root;
    const targets = [...within.querySelectorAll("button, select, summary, textarea, input, a")]
        .filter((it) => it.checkVisibility() && !it.closest("[aria-hidden], .body, .note, .answers"))
        .map((it) => ({ it, box: (it.closest("label.choice") ?? it).getBoundingClientRect() }));
    const isSmall = ({ box }) => Math.round(box.height) < least || Math.round(box.width) < least;
    const isMet = ({ box: { x, y, width, height } }, { box }) => {
        const [across, down] = [x + width / 2, y + height / 2];
        const aside = Math.max(box.left - across, 0, across - box.right);
        return Math.hypot(aside, Math.max(box.top - down, 0, down - box.bottom)) < least / 2;
    };
    const isHard = (one) =>
        (every && one.it.localName !== "a") || targets.some((other) => other !== one && isMet(one, other));
    const tell = ({ it, box }) => `${it.outerHTML.slice(0, 90)} ${box.width} x ${box.height}`;
    return { counted: targets.length, hard: targets.filter(isSmall).filter(isHard).map(tell) };
}"""

WORDS = (
    "A [link to something](https://example.org/"
    + "long/" * 30
    + ") and\n\n    "
    + "code " * 40
    + "\n\n"
    + "m" * 200
)


def peopled(visitor: Reader, words: str) -> Page:
    """A thread with everything in it that can be pressed; the same one for all, as it takes many posts."""
    if not visitor.published():
        parent = visitor.post_elsewhere(WORDS, name="Wolfeschlegelsteinhausenbergerdorff " + "w" * 20)
        for _ in range(6):
            parent = visitor.post_elsewhere("A reply.", parent=parent)
        for count in range(25):
            visitor.post_elsewhere(f"Comment {count}.")
    visitor.open().write(words)
    visitor.page.get_by_label("Sort by").select_option("oldest")
    visitor.seen("A link to something")
    return visitor.page


@pytest.mark.parametrize(("touch", "least"), [(False, 24), (True, 44)])
def test_everything_that_can_be_pressed_is_large_enough(
    reader: Callable[..., Reader], touch: bool, least: int
) -> None:
    visitor = reader(
        slug="everything",
        device={"has_touch": touch, "is_mobile": touch, "viewport": {"width": 390, "height": 844}},
    )
    page = peopled(visitor, f"Pressed at {least} px.")
    assert page.evaluate("matchMedia('(pointer: coarse)').matches") == touch
    visitor.press("Reply", visitor.comment("A link to something"))
    page.locator("form summary").click()
    small(page, least)
    visitor.press("Report this comment")
    page.get_by_role("dialog").get_by_label("Illegal content").check()
    small(page, least)


def small(page: Page, least: int) -> None:
    found: dict[str, Any] = page.evaluate(SMALL, [least, least == 44])
    assert found["counted"] > 5
    assert found["hard"] == []


def test_at_400_percent_nothing_is_cut_off_and_nothing_moves(reader: Callable[..., Reader]) -> None:
    visitor = reader(
        slug="everything", device={"viewport": {"width": 320, "height": 256}, "reduced_motion": "reduce"}
    )
    page = peopled(visitor, "Seen at 400 %.")
    visitor.press("Reply", visitor.comment("A link to something"))
    page.locator("form summary").click()
    fits(page)
    visitor.press("Report this comment")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Illegal content").check()
    fits(page)
    dialog.get_by_role("button", name="Send report").scroll_into_view_if_needed()
    expect(dialog.get_by_role("button", name="Send report")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    moving = "document.querySelector('comments-thread').shadowRoot.getAnimations().length"
    assert page.evaluate(moving) == 0


def fits(page: Page) -> None:
    """Readers scroll in one direction only, and nothing sticks out."""
    wide = """() => [...document.querySelector("comments-thread").shadowRoot.querySelectorAll("*")]
        .filter((it) => it.checkVisibility() && !it.closest(".unseen"))
        .filter((it) => it.getBoundingClientRect().right > 320.5)
        .map((it) => it.outerHTML.slice(0, 90))"""
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate(wide) == []

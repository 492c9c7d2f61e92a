"""At home in a page: its font and its colours are the page's, and stay so when the page changes."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.widget.reader import Reader

OF_THE_PAGE = """const page = new CSSStyleSheet();
page.replaceSync("main { font: 19px monospace; color: rgb(10, 20, 30); color-scheme: light }");
document.adoptedStyleSheets = [page];"""

AT_NIGHT = """document.adoptedStyleSheets[0].replaceSync(
    "main { font: 19px monospace; color: rgb(240, 230, 220); color-scheme: dark }")"""


def test_the_page_lends_its_font_its_colours_and_its_night(reader: Callable[..., Reader]) -> None:
    visitor = reader()
    visitor.post_elsewhere("With [a link](https://example.org/).")
    visitor.page.add_init_script(OF_THE_PAGE)
    visitor.open().start()
    page = visitor.page
    heading, words = page.locator("comments-thread h2"), page.locator("comments-thread article .body")
    link = words.get_by_role("link")
    for part in (heading, words, page.get_by_label("Your comment")):
        expect(part).to_have_css("font-family", "monospace")
        expect(part).to_have_css("color", "rgb(10, 20, 30)")
    expect(words).to_have_css("font-size", "19px")
    by_day = link.evaluate("it => getComputedStyle(it).color")
    page.evaluate(AT_NIGHT)
    expect(heading).to_have_css("color", "rgb(240, 230, 220)")
    expect(link).not_to_have_css("color", by_day)

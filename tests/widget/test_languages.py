"""Which language the widget speaks, and what it says where that language has no word."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.widget.reader import Reader

Arrive = Callable[..., Reader]

SPEAK = "lang => { document.querySelector('comments-thread').lang = lang }"


def test_words_that_a_language_lacks_are_said_in_english(reader: Arrive) -> None:
    visitor = reader(page="de")
    for words in ("First.", "Second."):
        visitor.post_elsewhere(words)
    lacking = {"Leave a comment", "Vote up", "Your comment", "Draft kept on this device"}

    def without(route: Route) -> None:
        words = route.fetch().json()
        assert lacking <= words.keys()
        route.fulfill(json={english: word for english, word in words.items() if english not in lacking})

    visitor.page.route("**/v1.de.json", without)
    page = visitor.open().page
    expect(page.get_by_role("heading", name="Kommentare (2)")).to_be_visible()
    expect(page.get_by_role("button", name="Vote up")).to_have_count(2)
    expect(page.get_by_role("button", name="Antworten", exact=True)).to_have_count(2)
    visitor.start()
    page.get_by_label("Your comment").fill("Halb so schlimm.")
    expect(page.get_by_text("Draft kept on this device")).to_be_visible()
    expect(page.get_by_role("button", name="Kommentar senden")).to_be_visible()


def test_the_elements_language_comes_before_the_pages_and_that_before_the_sites(reader: Arrive) -> None:
    visitor = reader(page="uk", lang="de")

    def of_a_french_site(route: Route) -> None:
        told = route.fetch().json()
        route.fulfill(json={**told, "policy": {**told["policy"], "language": "fr"}})

    visitor.page.route("**/comments?*", of_a_french_site)
    page = visitor.open().page
    is_titled(page, "Kommentare (0)")
    page.evaluate(SPEAK, "ar")
    is_titled(page, "التعليقات (٠)")
    expect(page.get_by_role("region", name="التعليقات")).to_have_css("direction", "rtl")
    page.evaluate("document.querySelector('comments-thread').removeAttribute('lang')")
    is_titled(page, "Коментарі (0)")
    expect(page.get_by_role("region", name="Коментарі")).to_have_css("direction", "ltr")
    # Neither the element nor the page says one: the site's is left.
    page.evaluate("document.documentElement.removeAttribute('lang')")
    page.evaluate(SPEAK, "")
    is_titled(page, "Commentaires (0)")
    # One that nobody has translated is said in English, not in the site's.
    page.evaluate(SPEAK, "fi")
    is_titled(page, "Comments (0)")


def is_titled(page: Page, title: str) -> None:
    expect(page.locator("comments-thread h2")).to_have_text(title)

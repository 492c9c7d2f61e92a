"""A reader in a real browser: what people do with the widget, in their words."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.app import Live


class Reader:
    """One browser page on one article. Playwright's selectors see into the open shadow root."""

    def __init__(self, page: Page, service: Live, address: str, site: str, slug: str) -> None:
        self.page, self.service, self.address, self.site, self.slug = page, service, address, site, slug
        self.asked: list[str] = []
        page.on("request", lambda request: self.asked.append(f"{request.method} {request.url}"))

    def open(self, fragment: str = "") -> Reader:
        """Go to the article; returns when its comments are drawn."""
        self.page.goto(self.address + fragment)
        return self.arrived()

    def reload(self) -> Reader:
        self.page.reload()
        return self.arrived()

    def arrived(self) -> Reader:
        expect(self.page.locator("comments-thread h2 .count")).to_be_visible()
        expect(self.page.locator("ol.list[aria-busy]")).to_have_count(0)
        return self

    def start(self, name: str = "Leave a comment", within: Locator | None = None) -> None:
        """Open a form; returns when it has the token that tells when it was opened."""
        with self.page.expect_response("**/forms"):
            self.press(name, within)

    def type(self, text: str, name: str = "Wren") -> Reader:
        """Fill the open form."""
        self.page.get_by_label("Your comment").fill(text)
        self.page.get_by_label("Your name").fill(name)
        return self

    def write(self, text: str, name: str = "Wren") -> Locator:
        """Leave a comment; returns it as it is drawn."""
        self.start()
        self.type(text, name).press("Post comment")
        return self.seen(text)

    def press(self, name: str, within: Locator | None = None) -> None:
        (within or self.page.locator("comments-thread")).get_by_role("button", name=name).first.click()

    def comment(self, text: str) -> Locator:
        """The comment that says this, wherever it stands."""
        return self.page.locator("article", has_text=text)

    def seen(self, text: str) -> Locator:
        expect(self.comment(text)).to_be_visible()
        return self.comment(text)

    def says(self, text: str) -> None:
        """The one status line said so."""
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def published(self) -> list[dict[str, Any]]:
        """The thread's roots as everybody gets them."""
        comments: list[dict[str, Any]] = self.service.api(f"{self.site}/comments", slug=self.slug)["comments"]
        return comments

    def post_elsewhere(self, body: str, **fields: Any) -> int:
        """Somebody else's comment, by the API."""
        words = {"slug": self.slug, "name": "Merel", "body": body, **fields}
        return int(self.service.api(f"{self.site}/comments", words)["comment"]["id"])

"""Readers and moderators at their browsers: they press what they see and wait for what it does."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from playwright.sync_api import Locator, Page, expect

# A form sent sooner than a person types is held; the service counts from when it answered POST /forms.
TYPING_SECONDS = 1.7
MOST_TABS = 60


class OpenedForm:
    """What the service answered when a form was opened, and when that was."""

    def __init__(self, service: str, site: str) -> None:
        asked = Request(f"{service}/api/v1/sites/{site}/forms", b"{}", {"Content-Type": "application/json"})
        with urlopen(asked, timeout=20) as answer:
            self.answer = answer.read().decode()
        self.at = time.monotonic()


class Reader:
    """Somebody with a device of their own who reads the newspaper and writes under its articles."""

    def __init__(self, page: Page, newspaper: str, name: str) -> None:
        self.page = page
        self.name = name
        self._newspaper = newspaper
        self._opened: OpenedForm | None = None
        self._ready_at = 0.0

    def leaves_open(self, form: OpenedForm) -> None:
        """From now on, what they write is written into a form that is open for a while already."""
        self._opened = form
        self.page.route(
            "**/forms", lambda route: route.fulfill(body=form.answer, content_type="application/json")
        )

    @property
    def thread(self) -> Locator:
        """The comments section of the article."""
        return self.page.get_by_role("region", name="Comments")

    @property
    def form(self) -> Locator:
        return self.page.get_by_role("form")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    def open_front_page(self) -> None:
        self.page.goto(self._newspaper)

    def open_article(self, title: str) -> None:
        """Through the front page, as a reader comes."""
        self.open_front_page()
        self.page.get_by_role("heading", name=title).get_by_role("link").click()
        self.has_arrived()

    def reload(self) -> None:
        self.page.reload()
        self.has_arrived()

    def has_arrived(self) -> None:
        """Returns once the comments are there."""
        expect(self.thread.get_by_role("button", name="Leave a comment")).to_be_visible()
        expect(self.thread.get_by_role("list").first).not_to_have_attribute("aria-busy", "true")

    def count(self) -> int:
        """The number in the section's heading."""
        heading = self.thread.get_by_role("heading", level=2).inner_text()
        return int(heading.removeprefix("Comments (").removesuffix(")"))

    def comment(self, words: str) -> Locator:
        """The comment with these words in it."""
        return self.page.get_by_role("article").filter(has=self.page.locator("[part=body]", has_text=words))

    def others(self) -> Locator:
        """The comments that other readers wrote."""
        return self.page.get_by_role("article").filter(has=self.page.get_by_role("button", name="Vote up"))

    def counts_told(self, title: str) -> int:
        """The number of comments that the front page tells of an article."""
        link = self.page.get_by_role("main").get_by_role("link", name=f"comments on {title}").first
        return int(link.get_by_text(re.compile(r"^\d+ comments$")).inner_text().split()[0])

    @contextmanager
    def opens_form(self) -> Iterator[None]:
        """Around the act that opens the form: its time begins to count."""
        with self.page.expect_response("**/forms"):
            yield
        since = 0.0 if self._opened is None else time.monotonic() - self._opened.at
        left = max(TYPING_SECONDS - since, 0.0)
        self._ready_at = self.page.evaluate("performance.now()") + left * 1000

    def starts_reply(self, comment: Locator) -> None:
        with self.opens_form():
            comment.get_by_role("button", name="Reply").click()

    def writes(self, body: str) -> None:
        """Fills the open form in, no faster than a person."""
        self.form.get_by_role("textbox", name="Your comment").fill(body)
        self.form.get_by_role("textbox", name="Your name").fill(self.name)
        self.has_typed()

    def has_typed(self) -> None:
        """Returns once a person could have filled in the form."""
        self.page.wait_for_function("ready => performance.now() > ready", arg=self._ready_at)

    def sends(self) -> None:
        self.form.get_by_role("button", name="Post").click()
        expect(self.form).to_have_count(0)

    def posts(self, body: str) -> Locator:
        """A comment of their own; returns it as it now stands on the page."""
        with self.opens_form():
            self.thread.get_by_role("button", name="Leave a comment").click()
        self.writes(body)
        self.sends()
        return self.comment(body)

    def tabs_to(self, target: Locator) -> None:
        """By the Tab key alone."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element.getRootNode().activeElement === element"):
                return
        raise AssertionError(f"no way by Tab to {target}")


class Moderator:
    """Somebody with a one-time link, at the moderators' desk."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def card(self) -> Locator:
        """The comment that is to be decided."""
        return self.page.get_by_role("article")

    @property
    def toast(self) -> Locator:
        return self.page.get_by_role("status")

    def signs_in(self, link: str) -> None:
        self.page.goto(link)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/moderate/")

    def opens_queue(self, name: str) -> None:
        self.page.get_by_role("navigation", name="Moderation").get_by_role("link", name=name).click()
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    def picks(self, words: str) -> None:
        """The comment with these words out of the rows below the card."""
        self.page.get_by_role("link", name=words).click()
        expect(self.card).to_contain_text(words)

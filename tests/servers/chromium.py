"""A real Chromium, driven by Playwright and kept from talking to anybody but the tests' own servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(program: Path) -> Iterator[Browser]:
    """A running browser; Playwright's driver ends it when this process goes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class PageErrors(list[str]):
    """What the pages complained of: uncaught errors and console errors.

    A test fails for those that are left at its end; one that provokes an error says so with `expect`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Errors that this regular expression finds are part of the test, before and after this call."""
        self.expected.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self if not any(re.search(pattern, text) for pattern in self.expected)]

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self.on_console)
        context.on("weberror", lambda problem: self.on_error(problem.page, problem.error))

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.append(f"{message.text} ({message.location.get('url', '')})")

    def on_error(self, page: Page | None, error: Error) -> None:
        self.append(f"uncaught: {error} ({page.url if page else ''})")

"""A browser that notices when anything comes alive: scripts, requests, handlers, names taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, Dialog, Page

from tests.sanitising.payloads import MARK

MILLISECONDS = 30_000

LOOK = """(mark) => {
  const alive = [], inside = "p br strong em s code pre blockquote ul ol li a".split(" ");
  const leading = "href src action formaction data poster background cite ping srcset xlink:href";
  const addresses = leading.split(" "), kept = "application/ld+json";
  const said = (element) => alive.push(element.outerHTML.slice(0, 300));
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      const body = element.parentElement?.closest("[part~=body], .body");
      if (body && !inside.includes(element.localName)) said(element);
      for (const { name, value } of element.attributes) {
        const address = value.replace(/[\\0-\\x20]/g, "").toLowerCase();
        if (/^on/i.test(name) || name === "srcdoc" || value === mark) said(element);
        if (body && name !== "href" && name !== "rel") said(element);
        if (!addresses.includes(name)) continue;
        if (/^(javascript|vbscript|data:(?!,$))/.test(address)) said(element);
        if (name !== "href" && address.includes("evil.example")) said(element);
      }
      if (element.localName === "script" && !element.src && element.type !== kept) said(element);
      if (/^(iframe|object|embed|portal|base|math|video|audio|image)$/.test(element.localName)) said(element);
      if (element.shadowRoot) look(element.shadowRoot);
      if (element.localName === "template") look(element.content);
    }
  };
  look(document);
  if (mark in window || document[mark] !== undefined || document.getElementById(mark)) alive.push(mark);
  return alive;
}"""


class Watch:
    """A page without any Content-Security-Policy, where only what is in the document keeps it quiet."""

    def __init__(self, browser: Browser, ours: Sequence[str]) -> None:
        self.ours = tuple(ours)
        self.happened: list[str] = []
        self.context = browser.new_context(bypass_csp=True)
        self.context.on("dialog", self._on_dialog)
        self.context.on("request", lambda request: self._on_request(request.url))
        self.context.on("weberror", lambda problem: self.happened.append(f"error: {problem.error}"))
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(MILLISECONDS)

    def look(self, address: str, *, at_least: int = 0) -> None:
        """Open it and see that nothing in it is alive; `at_least` so many bodies of comments are drawn."""
        self.page.goto(address)
        self.page.wait_for_function(DRAWN, arg=at_least)
        self.is_quiet()

    def is_quiet(self) -> None:
        """Nothing has happened so far, and nothing in the page waits to."""
        where = self.page.url[:200]
        assert self.alive() == [], where
        assert self.happened == [], where

    def alive(self) -> list[str]:
        """The elements that would run, ask or take over a name, and the name if it is taken."""
        found: list[str] = self.page.evaluate(LOOK, MARK)
        return found

    def evaluate(self, script: str, value: Any) -> Any:
        """What a script of the test returns in the page."""
        return self.page.evaluate(script, value)

    def close(self) -> None:
        self.context.close()

    def _on_dialog(self, dialog: Dialog) -> None:
        self.happened.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _on_request(self, address: str) -> None:
        if not address.startswith((*self.ours, "data:,", "about:")):
            self.happened.append(f"request: {address}")


DRAWN = """(least) => {
  const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot);
  const count = (root) => root.querySelectorAll("[part~=body], .body").length;
  return [document, ...hosts.map((one) => one.shadowRoot)].map(count).reduce((a, b) => a + b) >= least;
}"""

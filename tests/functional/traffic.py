"""What a page sent and got, cookies and preflights included, seen below the page's own view of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page


@dataclass
class Traffic:
    """The requests of one page since `watch`, as the browser's network reports them."""

    methods: list[str] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)
    cookies: list[str] = field(default_factory=list)

    @classmethod
    def watch(cls, page: Page) -> Traffic:
        """Start watching; call it before the page goes anywhere."""
        traffic = cls()
        network = page.context.new_cdp_session(page)
        network.on("Network.requestWillBeSent", traffic._sent)
        # A page is not told of another origin's cookies, and Playwright not of preflights; this is.
        network.on("Network.responseReceivedExtraInfo", traffic._answered)
        network.send("Network.enable")
        return traffic

    def _sent(self, event: dict[str, Any]) -> None:
        request = event["request"]
        url = urlsplit(request["url"])
        self.methods.append(request["method"])
        self.origins.add(f"{url.scheme}://{url.netloc}")

    def _answered(self, event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        if "set-cookie" in headers:
            self.cookies.append(headers["set-cookie"])

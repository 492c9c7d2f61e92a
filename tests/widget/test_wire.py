"""What goes over the wire, counted in Chromium and at the server, with article and service on two origins."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Response, expect

from tests.functional.traffic import Traffic
from tests.servers.chromium import PageErrors
from tests.widget.reader import Reader
from tests.widget.relay import Relay

ACTS = ("comments", "forms", "mine", "previews", "reports", "revisions", "votes", "withdrawal")


def test_every_act_is_a_simple_request_without_cookies(relay: Relay, reader: Callable[..., Reader]) -> None:
    visitor = reader(is_patient=False)  # Playwright answers preflights itself on pages with a route
    traffic, page = Traffic.watch(visitor.page), visitor.page
    visitor.post_elsewhere("Somebody else's words.")
    # Cookies know no ports: a request with credentials would take this one to the service.
    page.context.add_cookies([{"name": "session", "value": "of-the-page", "url": visitor.address}])
    page.clock.install()

    visitor.open()
    assert [(one.method, one.path) for one in relay.seen] == [
        ("GET", "/embed/v1.js"),
        ("GET", "/api/v1/sites/horizons/comments"),
    ]
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0

    visitor.press("Vote up")
    expect(page.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    visitor.press("Report this comment")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Off topic").check()
    dialog.get_by_role("button", name="Send report").click()
    dialog.get_by_role("button", name="Close").click()
    visitor.start()
    page.clock.run_for(3_000)  # of typing
    visitor.type("My own words.")
    visitor.press("Preview")
    expect(page.locator("form .shown")).to_contain_text("My own words.")
    with page.expect_response(is_posting):
        visitor.press("Post comment")
    own = page.locator("article", has=page.locator(".you"))
    visitor.press("Edit", own)
    page.get_by_role("textbox", name="Your comment").fill("My better words.")
    visitor.press("Save changes")
    visitor.seen("My better words.")
    visitor.press("Withdraw", own)
    with page.expect_response("**/withdrawal"):
        page.clock.run_for(7_000)
    visitor.reload()

    for act in ACTS:
        assert any(one.path.endswith("/" + act) and one.method == "POST" for one in relay.seen), act
    assert all(one.status < 300 for one in relay.seen)
    assert {one.method for one in relay.seen} == {"GET", "POST"}
    assert not [one.path for one in relay.seen if "cookie" in one.headers or "authorization" in one.headers]
    assert not [one.path for one in relay.seen if "set-cookie" in one.answered]
    posts = [one for one in relay.seen if one.method == "POST"]
    assert {one.headers["content-type"].split(";")[0] for one in posts} == {
        "application/x-www-form-urlencoded"
    }
    # And the browser tells the same.
    assert "OPTIONS" not in traffic.methods
    assert traffic.origins == {origin(visitor.address), relay.url}
    assert traffic.cookies == []
    assert [cookie["name"] for cookie in page.context.cookies()] == ["session"]


def test_a_cookie_and_a_preflight_would_be_noticed(
    relay: Relay, reader: Callable[..., Reader], page_errors: PageErrors
) -> None:
    page_errors.expect("x-unknown|ERR_FAILED")
    visitor = reader(is_patient=False).open()
    visitor.page.context.add_cookies([{"name": "session", "value": "of-the-page", "url": visitor.address}])
    visitor.page.evaluate(
        """async (url) => {
            await fetch(url, { mode: "no-cors", credentials: "include" });
            await fetch(url, { headers: { "X-Unknown": "1" } }).catch(() => {});
        }""",
        relay.url + "/api/v1/sites/horizons/counts?slug=a",
    )
    simple, preflight = relay.seen[-2:]
    assert simple.headers["cookie"] == "session=of-the-page"
    assert preflight.method == "OPTIONS"


def is_posting(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.url.endswith("/comments")


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"

"""The pages in a real browser whose JavaScript is switched off."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from comments_service import people
from comments_service.identity import Signer
from tests.app import Live
from tests.databases import SECRET


def test_a_reader_without_script_reads_posts_replies_edits_and_reports(
    live: Live, open_page: Callable[..., Page]
) -> None:
    moderator = Moderator(live)
    page = open_page(java_script_enabled=False, viewport={"width": 390, "height": 844})
    thread = f"{live.url}/sites/horizons/thread?slug=tarn"
    page.goto(thread)
    expect(page.get_by_role("heading", name="Comments (0)")).to_be_visible()

    page.get_by_role("link", name="Leave a comment").click()
    page.get_by_label("Your comment").fill("The tarn is *deep*.")
    page.get_by_label("Your name").fill("Wren")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("section.preview em")).to_have_text("deep")
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("heading", name="Your comment", exact=True)).to_be_visible()
    edit_link = page.url

    moderator.approve_all()
    page.goto(thread)
    expect(page.get_by_role("heading", name="Comments (1)")).to_be_visible()
    expect(page.locator("em")).to_have_text("deep")

    page.get_by_role("link", name="Reply to Wren").click()
    expect(page.get_by_role("heading", name="Reply to Wren")).to_be_visible()
    page.get_by_label("Your comment").fill("How deep?")
    page.get_by_label("Your name").fill("Mo")
    page.get_by_role("button", name="Post reply").click()
    expect(page.get_by_role("heading", name="Your comment", exact=True)).to_be_visible()
    moderator.approve_all()
    page.goto(thread)
    expect(page.locator("ol.replies article")).to_contain_text("How deep?")

    page.goto(edit_link)
    page.get_by_label("Your comment").fill("The tarn is nine metres deep.")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator("article.mine")).to_contain_text("nine metres")
    page.get_by_role("link", name="See it in its place").click()
    expect(page.locator("article.chosen")).to_contain_text("nine metres")

    page.get_by_role("link", name="Report the comment of Mo").click()
    page.get_by_label("Off topic").check()
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    page.go_back()
    page.get_by_role("link", name="Send a formal notice").click()
    page.get_by_label("What is illegal about it").fill("It names a witness.")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your e-mail address").fill("ada@example.org")
    page.get_by_label("I believe in good faith").check()
    page.get_by_role("button", name="Send notice").click()
    expect(page.get_by_role("heading", name="Your receipt")).to_be_visible()

    page.goto(edit_link)
    page.get_by_role("button", name="Withdraw this comment").click()
    expect(page.get_by_role("heading", name="You withdrew this comment")).to_be_visible()
    page.get_by_role("link", name="Back to the comments").click()
    expect(page.locator("main")).to_contain_text("Withdrawn by its author")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert re.search(r"/sites/horizons/thread\?slug=tarn$", page.url)


class Moderator:
    """Approves what waits: what is typed faster than a person types may be held."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.headers = {"Authorization": f"Bearer {live.write(self.added)}"}

    @staticmethod
    def added(session: Session) -> str:
        people.add(session, name="Ada", sites=["horizons"], role="moderator")
        return people.add_token(session, Signer(SECRET), "Ada")

    def approve_all(self) -> None:
        moderation = "/api/v1/sites/horizons/moderation"
        status, _, queue = self.live.request(f"{moderation}/queues/pending", None, **self.headers)
        assert status == 200
        decisions = [
            {"comment": one["id"], "revision": one["revision"], "from": one["status"], "action": "approve"}
            for one in queue["comments"]
        ]
        if not decisions:
            return
        status, _, done = self.live.request(
            f"{moderation}/decisions", {"decisions": decisions}, **self.headers
        )
        assert status == 200
        assert {one["result"] for one in done["results"]} == {"done"}

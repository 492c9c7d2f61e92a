"""What a thread looks like that is closed, has lost a comment, is sorted or coloured by its page."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.widget.host import Newspaper
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]


def test_a_closed_thread_is_read_and_takes_nothing(reader: Arrive, newspaper: Newspaper) -> None:
    visitor = reader(sort="oldest", theme="dark")
    gone = visitor.post_elsewhere("Awful.")
    visitor.post_elsewhere("Please do not.", parent=gone)
    visitor.post_elsewhere("Something else.")
    newspaper.judge("horizons", gone, "published", "reject", reason="abuse")
    newspaper.moderate(f"horizons/threads?slug={visitor.slug}", {"mode": "closed"}, method="PATCH")
    page = visitor.open().page
    expect(page.get_by_text("Comments on this article are closed.")).to_be_visible()
    expect(page.get_by_role("button", name="Leave a comment")).to_have_count(0)
    expect(page.get_by_role("button", name="Reply", exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", name="Comments (2)")).to_be_visible()
    # What was removed stands first, as it is the oldest, with what answered it below and nothing to press.
    tombstone = page.locator(f"#comment-{gone}")
    expect(page.get_by_role("article").first).to_have_accessible_name("Removed by a moderator")
    expect(tombstone).not_to_contain_text("Awful.")
    expect(tombstone.get_by_role("button", name="Vote up")).to_have_count(0)
    expect(page.locator("ol.replies article").first).to_contain_text("Please do not.")
    expect(page.get_by_label("Sort by")).to_have_value("oldest")
    expect(page.locator("comments-thread")).to_have_css("color-scheme", "dark")


def test_an_own_comment_with_replies_leaves_a_place_behind(reader: Arrive) -> None:
    visitor = reader()
    visitor.page.clock.install()
    own = visitor.open().write("Never mind.")
    root = visitor.published()[0]["id"]
    expect(own.get_by_role("button", name="Edit")).to_contain_text("min")
    visitor.post_elsewhere("I do mind.", parent=root)
    visitor.reload()
    visitor.press("Withdraw", visitor.comment("Never mind."))
    with visitor.page.expect_response("**/withdrawal"):
        visitor.page.clock.run_for(7_000)
    expect(visitor.page.locator(f"#comment-{root}")).to_contain_text("Withdrawn by its author")
    visitor.seen("I do mind.")


def test_words_that_are_too_many_are_counted_and_never_cut(reader: Arrive) -> None:
    visitor = reader().open()
    visitor.start()
    counter = visitor.page.locator("form .box span").last
    visitor.type("m" * 10_000)
    expect(counter).to_have_text("10,000 / 10,000")
    expect(counter).not_to_have_class("error")
    visitor.type("m" * 10_001)
    expect(counter).to_have_text("10,001 / 10,000")
    expect(counter).to_have_class("error")
    assert len(visitor.page.get_by_label("Your comment").input_value()) == 10_001

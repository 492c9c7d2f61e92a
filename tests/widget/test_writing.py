"""Readers write: post, reply, edit, withdraw, vote, report, and meet everything that can go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.servers.chromium import PageErrors
from tests.widget.host import Newspaper
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]


def test_a_comment_and_a_reply_are_posted_and_stay(reader: Arrive) -> None:
    visitor = reader().open()
    visitor.write("The first word.")
    expect(visitor.page.get_by_role("heading", name="Comments (1)")).to_be_visible()
    visitor.start("Reply", visitor.comment("The first word."))
    visitor.type("And an answer.").press("Post reply")
    visitor.seen("And an answer.")
    visitor.reload()
    expect(visitor.comment("And an answer.").locator(".you")).to_be_visible()
    assert [reply["html"] for reply in visitor.published()[0]["replies"]] == ["<p>And an answer.</p>"]


def test_a_held_comment_is_shown_to_its_author_alone_until_it_is_approved(
    reader: Arrive, newspaper: Newspaper
) -> None:
    author = reader(site="careful").open()
    expect(author.page.get_by_text("A moderator reads comments here")).to_be_visible()
    own = author.write("May I?")
    expect(own).to_contain_text("Waiting for a moderator")
    stranger = reader(site="careful").open()
    expect(stranger.comment("May I?")).to_have_count(0)
    author.reload()
    expect(author.seen("May I?")).to_contain_text("Only you can see this")
    newspaper.decide("careful", "approve")
    expect(author.reload().seen("May I?")).to_contain_text("A moderator approved your comment")
    stranger.reload().seen("May I?")


def test_a_rejected_comment_tells_its_author_and_can_be_dismissed(
    reader: Arrive, newspaper: Newspaper
) -> None:
    author = reader(site="careful").open()
    author.write("His number is private.")
    newspaper.decide("careful", "reject", reason="personal_data")
    own = author.reload().seen("His number is private.")
    expect(own).to_contain_text("Not published")
    own.get_by_text("A moderator decided this.").click()
    expect(own.locator("details[open]")).to_contain_text("a moderator decided that your comment")
    author.press("Dismiss", own)
    expect(own).to_have_count(0)
    expect(author.reload().comment("His number is private.")).to_have_count(0)


def test_an_edit_replaces_the_words(reader: Arrive) -> None:
    visitor = reader().open()
    own = visitor.write("With a tipo.")
    visitor.press("Edit", own)
    body = visitor.page.get_by_role("textbox", name="Your comment")
    body.fill("With a typo.")
    visitor.press("Cancel")
    visitor.press("Edit", own)
    expect(body).to_have_value("With a typo.")
    visitor.press("Save changes")
    expect(visitor.seen("With a typo.")).to_contain_text("edited")
    assert visitor.published()[0]["revision"] == 2


def test_a_withdrawal_can_be_undone_and_is_sent_after_six_seconds(reader: Arrive) -> None:
    visitor = reader()
    visitor.page.clock.install()
    own = visitor.open().write("Perhaps not.")
    visitor.press("Withdraw", own)
    visitor.press("Undo")
    visitor.page.clock.run_for(7_000)
    visitor.seen("Perhaps not.")
    assert len(visitor.published()) == 1
    visitor.press("Withdraw", own)
    with visitor.page.expect_response("**/withdrawal"):
        visitor.page.clock.run_for(7_000)
    expect(visitor.page.get_by_text("No comments yet")).to_be_visible()
    expect(visitor.page.get_by_role("heading", name="Comments (0)")).to_be_focused()
    assert visitor.published() == []


def test_who_writes_again_is_left_alone_when_a_withdrawal_is_sent(reader: Arrive) -> None:
    visitor = reader()
    visitor.page.clock.install()
    visitor.press("Withdraw", visitor.open().write("Perhaps not."))
    visitor.start()
    visitor.type("Better words.")
    with visitor.page.expect_response("**/withdrawal"):
        visitor.page.clock.run_for(7_000)
    expect(visitor.comment("Perhaps not.")).to_have_count(0)
    expect(visitor.page.get_by_label("Your name")).to_be_focused()


def test_a_vote_is_given_and_taken_back(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("Vote for me.")
    visitor.open()
    up = visitor.comment("Vote for me.").get_by_role("button", name="Vote up")
    with visitor.page.expect_response("**/votes"):
        up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    assert visitor.published()[0]["score"] == 1
    with visitor.page.expect_response("**/votes"):
        visitor.reload().comment("Vote for me.").get_by_role("button", name="Vote up").click()
    assert visitor.published()[0]["score"] == 0


def test_a_report_is_taken_and_its_flag_says_so(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("Buy my boots.")
    visitor.open()
    visitor.press("Report this comment")
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_label("Spam or advertising").check()
    dialog.get_by_role("button", name="Send report").click()
    expect(dialog).to_contain_text("Thank you")
    dialog.get_by_role("button", name="Close").click()
    expect(visitor.comment("Buy my boots.")).to_contain_text("Reported")


def test_a_notice_of_illegal_content_gets_a_receipt(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("She took a bribe.")
    visitor.open()
    visitor.press("Report this comment")
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_label("Your name")).to_be_hidden()
    dialog.get_by_label("Illegal content").check()
    dialog.get_by_label("Say what is illegal about it").fill("It is defamation.")
    dialog.get_by_label("Your name").fill("Mo")
    dialog.get_by_label("Your e-mail address").fill("mo@fells.example")
    dialog.get_by_role("button", name="Send report").click()
    expect(dialog.get_by_label("I believe in good faith")).to_be_focused()
    dialog.get_by_label("I believe in good faith").check()
    dialog.get_by_role("button", name="Send report").click()
    expect(dialog).to_contain_text(re.compile(r"Your receipt: \d+-[\w-]{43}"))
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_site_without_votes_draws_none(reader: Arrive, newspaper: Newspaper) -> None:
    newspaper.moderate("careful/settings", {"votes": "none", "depth_drawn": 1}, method="PATCH")
    author = reader(site="careful").open()
    author.write("No arrows here.")
    newspaper.decide("careful", "approve")
    stranger = reader(site="careful").open()
    expect(stranger.seen("No arrows here.").get_by_role("button", name="Reply")).to_be_visible()
    expect(stranger.page.get_by_role("button", name="Vote up")).to_have_count(0)
    expect(stranger.page.get_by_label("Sort by").locator("option")).to_have_text(["Newest", "Oldest"])
    newspaper.moderate("careful/settings", {"votes": None, "depth_drawn": None}, method="PATCH")


def test_a_draft_waits_for_its_author(reader: Arrive) -> None:
    visitor = reader().open()
    visitor.start()
    visitor.type("Half a thought")
    visitor.reload().start()
    expect(visitor.page.get_by_label("Your comment")).to_have_value("Half a thought")
    expect(visitor.page.get_by_label("Your name")).to_have_value("Wren")
    visitor.press("Forget me on this device")
    assert visitor.page.evaluate("localStorage.length") == 0


def test_problems_stand_at_their_fields_and_the_first_has_the_focus(
    reader: Arrive, page_errors: PageErrors
) -> None:
    page_errors.expect("422")
    visitor = reader().open()
    visitor.start()
    visitor.press("Post comment")
    body, name = visitor.page.get_by_label("Your comment"), visitor.page.get_by_label("Your name")
    expect(body).to_be_focused()
    expect(body).to_have_accessible_description("Please write something first.")
    expect(name).to_have_attribute("aria-invalid", "true")
    visitor.type("Fine.", name="x" * 61).press("Post comment")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description(re.compile("60"))


def test_what_is_sent_twice_is_one_comment(reader: Arrive, page_errors: PageErrors) -> None:
    page_errors.expect("ERR_FAILED")
    visitor = reader().open()
    visitor.start()
    visitor.type("Only once.")

    def answer_lost(route: Route) -> None:
        route.fetch()
        route.abort()

    visitor.page.route("**/horizons/comments", answer_lost)
    visitor.press("Post comment")
    expect(visitor.page.get_by_text("The service does not answer.", exact=True)).to_be_visible()
    visitor.page.unroute("**/horizons/comments")
    visitor.press("Try now")
    visitor.seen("Only once.")
    assert len(visitor.published()) == 1


def test_too_many_comments_count_down_in_the_button(
    reader: Arrive, newspaper: Newspaper, page_errors: PageErrors
) -> None:
    page_errors.expect("429")
    visitor = reader()
    newspaper.moderate(f"horizons/threads?slug={visitor.slug}", {"slow_seconds": 42}, method="PATCH")
    visitor.page.clock.install()
    visitor.open().write("One.")
    visitor.start()
    visitor.type("Two.").press("Post comment")
    expect(visitor.page.get_by_text("That was quick.", exact=True)).to_be_visible()
    expect(visitor.page.get_by_role("button", name=re.compile(r"Post in \d+ sec"))).to_be_visible()
    expect(visitor.page.get_by_label("Your comment")).to_have_value("Two.")
    visitor.page.clock.run_for(43_000)
    expect(visitor.page.get_by_role("button", name="Post comment")).to_be_enabled()

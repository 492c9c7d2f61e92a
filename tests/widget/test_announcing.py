"""What people hear who do not see the page: one polite line says what has happened."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.servers.chromium import PageErrors
from tests.widget.host import Newspaper
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]

# A tab that somebody left for another one, as far as the page can tell.
LEFT = """let isAway = false;
Object.defineProperty(document, "hidden", { get: () => isAway });
window.leave = (away) => { isAway = away };"""

LONG = 61_000  # milliseconds: news are looked for at least once


def test_what_happens_is_said_in_one_line(reader: Arrive, page_errors: PageErrors) -> None:
    page_errors.expect("ERR_FAILED|404")
    visitor = reader()
    visitor.post_elsewhere("Before.")
    page = visitor.page
    page.clock.install()
    page.add_init_script(LEFT)
    visitor.open()
    expect(page.get_by_role("status")).to_be_empty()
    visitor.write("Mine.")
    visitor.says("Your comment is published.")
    page.route("**/votes", lambda route: route.abort())
    visitor.press("Vote up", visitor.comment("Before."))
    visitor.says("The service does not answer.")
    page.evaluate("location.hash = '#comment-987654321'")
    visitor.says("That comment is no longer here.")
    for count in range(2):
        visitor.post_elsewhere(f"Meanwhile {count}.")
    # Nobody looks at the page: nothing is asked until somebody does.
    page.evaluate("leave(true)")
    page.clock.fast_forward(LONG)
    page.clock.run_for(2_000)
    assert sum("/comments?" in line for line in visitor.asked) == 1
    page.evaluate("leave(false)")
    page.clock.run_for(2_000)
    visitor.says("2 new comments")
    expect(page.get_by_role("status")).to_have_count(1)


def test_a_waiting_comment_is_said_to_wait_and_its_outcome_is_shown_in_place(
    reader: Arrive, newspaper: Newspaper
) -> None:
    _, own = decided(reader, newspaper, "reject", reason="off_topic")
    expect(own).to_contain_text("Not published: off topic")


def test_a_comment_that_is_approved_is_published_in_place_and_is_no_news_to_its_author(
    reader: Arrive, newspaper: Newspaper
) -> None:
    author, own = decided(reader, newspaper, "approve")
    expect(own).to_contain_text("A moderator approved your comment.")
    expect(author.page.get_by_role("heading", name="Comments (1)")).to_be_visible()
    expect(author.page.get_by_role("button", name="1 new comment")).to_have_count(0)


def decided(reader: Arrive, newspaper: Newspaper, action: str, **why: str) -> tuple[Reader, Locator]:
    """A comment that waited until it was decided on, and its author, whose page has asked what came of it."""
    author = reader(site="careful")
    author.page.clock.install()
    own = author.open().write("May I?")
    author.says("Waiting for a moderator")
    newspaper.decide("careful", action, **why)
    author.page.clock.fast_forward(LONG)
    return author, own

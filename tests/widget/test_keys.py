"""A reader's day without a mouse: every step is reached by Tab and leads on from where it left off."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect

from tests.server.running import wait_for
from tests.widget.reader import Reader

MOST_TABS = 40


def test_a_day_by_keyboard_alone(reader: Callable[..., Reader]) -> None:
    visitor = reader()
    root = visitor.post_elsewhere("An old thought.")
    visitor.post_elsewhere("A reply to it.", parent=root)
    page, keys = visitor.open().page, visitor.page.keyboard
    other = page.locator(f"#comment-{root}")

    tab_to(page.get_by_label("Sort by"))
    keys.type("Old")  # as a list takes letters
    expect(page.get_by_label("Sort by")).to_have_value("oldest")
    visitor.arrived()
    expect(page.get_by_label("Sort by")).to_be_focused()

    with page.expect_response("**/forms"):
        press(page.get_by_role("button", name="Leave a comment"), "Enter")
    expect(page.get_by_label("Your comment")).to_be_focused()
    keys.type("By keys alone.")
    tab_to(page.get_by_label("Your name"))
    keys.type("Wren")
    keys.press("Enter")
    own = page.locator("article", has=page.locator(".you"))
    expect(own).to_contain_text("By keys alone.")
    expect(own).to_be_focused()

    press(own.get_by_role("button", name="Edit"), "Enter")
    expect(page.get_by_role("textbox", name="Your comment")).to_be_focused()
    keys.press("ControlOrMeta+a")
    keys.type("By better keys.")
    press(page.get_by_role("button", name="Save changes"), "Space")
    visitor.seen("By better keys.")
    expect(own).to_be_focused()

    press(own.get_by_role("button", name="Withdraw"), "Space")
    expect(own.get_by_role("button", name="Undo")).to_be_focused()
    keys.press("Enter")
    expect(own).to_be_focused()

    press(other.get_by_role("button", name="Vote up"), "Space", "Shift+Tab")
    expect(other.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    expect(other.get_by_role("button", name="Vote up")).to_be_focused()

    flag = other.get_by_role("button", name="Report this comment")
    press(flag, "Enter")
    dialog = page.get_by_role("dialog")
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(flag).to_be_focused()
    keys.press("Enter")
    tab_to(dialog.get_by_role("radio").first)
    keys.press("Space")
    keys.press("ArrowDown")
    expect(dialog.get_by_label("Abuse")).to_be_checked()
    press(dialog.get_by_role("button", name="Send report"), "Enter")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    keys.press("Enter")
    expect(other.get_by_role("button", name="Reported")).to_be_focused()

    fold = other.get_by_role("button", name="Replies to Merel")
    press(fold, "Enter", "Shift+Tab")
    expect(visitor.comment("A reply to it.")).to_be_hidden()
    expect(fold).to_be_focused()
    keys.press("Enter")
    visitor.seen("A reply to it.")


def test_a_form_that_was_opened_while_another_order_was_asked_for_stays(
    reader: Callable[..., Reader],
) -> None:
    visitor = reader()
    for words in ("The oldest.", "The newest."):
        visitor.post_elsewhere(words)
    page, keys = visitor.open().page, visitor.page.keyboard
    asked = asking_for_the_oldest(page)
    visitor.start()
    keys.type("I begn")
    keys.press("ArrowLeft")
    asked.continue_()
    expect(page.get_by_role("article").first).to_contain_text("The oldest.")
    body = page.get_by_label("Your comment")
    expect(body).to_be_focused()
    keys.type("a")
    expect(body).to_have_value("I began")
    # What opens the form is there again, in its place, once the form is left.
    visitor.press("Cancel")
    expect(page.get_by_role("button", name="Leave a comment")).to_be_focused()


def test_who_waits_for_another_order_at_the_button_stays_there(reader: Callable[..., Reader]) -> None:
    visitor = reader()
    for words in ("The oldest.", "The newest."):
        visitor.post_elsewhere(words)
    page, keys = visitor.open().page, visitor.page.keyboard
    asked = asking_for_the_oldest(page)
    leave = page.get_by_role("button", name="Leave a comment")
    tab_to(leave)
    asked.continue_()
    expect(page.get_by_role("article").first).to_contain_text("The oldest.")
    expect(leave).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_label("Your comment")).to_be_focused()


def test_a_reply_whose_comment_is_drawn_anew_keeps_its_words(reader: Callable[..., Reader]) -> None:
    visitor = reader()
    visitor.post_elsewhere("An old thought.")
    page = visitor.open().page
    visitor.start("Reply")
    page.keyboard.type("I begin")
    order = page.get_by_label("Sort by")
    order.focus()
    order.select_option("oldest")
    expect(page.get_by_label("Your comment")).to_have_count(0)
    expect(order).to_be_focused()
    visitor.start("Reply")
    expect(page.get_by_label("Your comment")).to_have_value("I begin")


def test_a_link_opens_what_is_folded_and_leads_there(reader: Callable[..., Reader]) -> None:
    visitor = reader()
    root = visitor.post_elsewhere("An old thought.")
    reply = visitor.post_elsewhere("A reply to it.", parent=root)
    visitor.open()
    visitor.press("Replies to Merel")
    expect(visitor.comment("A reply to it.")).to_be_hidden()
    visitor.page.evaluate("link => { location.hash = link }", f"#comment-{reply}")
    expect(visitor.comment("A reply to it.")).to_be_focused()
    expect(visitor.comment("A reply to it.")).to_be_in_viewport()


def asking_for_the_oldest(page: Page) -> Route:
    """Chooses that order; the request, which waits to be let go."""
    held: list[Route] = []
    page.route("**/comments?*", lambda route: held.append(route))
    page.get_by_label("Sort by").select_option("oldest")
    wait_for(lambda: page.evaluate("true") and held)
    return held[0]


def tab_to(target: Locator, key: str = "Tab") -> None:
    """By the Tab key alone, in one direction."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element.getRootNode().activeElement === element"):
            return
        target.page.keyboard.press(key)
    raise AssertionError(f"no way by {key} to {target}")


def press(target: Locator, key: str, way: str = "Tab") -> None:
    tab_to(target, way)
    target.page.keyboard.press(key)

"""Readers read: pages, order, permalinks, tombstones, counts, and what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.server.running import wait_for
from tests.servers.chromium import PageErrors
from tests.widget.host import Newspaper
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]


def test_an_empty_thread_invites_the_first_comment(reader: Arrive) -> None:
    page = reader().open().page
    expect(page.get_by_role("heading", name="Comments (0)")).to_be_visible()
    expect(page.get_by_text("No comments yet")).to_be_visible()


def test_reading_takes_one_script_and_one_request_and_stores_nothing(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("Something **bold** and <i>odd</i>.")
    visitor.open()
    body = visitor.comment("Something bold").locator(".body")
    assert body.inner_html() == "<p>Something <strong>bold</strong> and &lt;i&gt;odd&lt;/i&gt;.</p>"
    to_service = [line for line in visitor.asked if visitor.service.url in line]
    assert [line.split("?")[0].removeprefix(f"GET {visitor.service.url}") for line in to_service] == [
        "/embed/v1.js",
        "/api/v1/sites/horizons/comments",
    ]
    assert visitor.page.evaluate("localStorage.length + document.cookie.length") == 0


def test_no_element_carries_an_inline_style(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("Plain.")
    visitor.open()
    assert visitor.page.locator("comments-thread [style], comments-thread style").count() == 0


def test_replies_stand_in_the_conversation_and_can_be_folded(reader: Arrive) -> None:
    visitor = reader()
    root = visitor.post_elsewhere("The root.")
    visitor.post_elsewhere("The reply.", parent=root)
    visitor.open()
    expect(visitor.page.locator("ol.list > li > ol.replies > li > article")).to_contain_text("The reply.")
    visitor.press("Replies to Merel")
    expect(visitor.comment("The reply.")).to_be_hidden()
    visitor.press("Show 1 reply")
    expect(visitor.comment("The reply.")).to_be_visible()


def test_past_the_fifth_level_replies_name_whom_they_answer(reader: Arrive) -> None:
    visitor = reader()
    parent = visitor.post_elsewhere("Level 1")
    for level in range(2, 9):
        fields = {"name": f"Reader {level}"}
        parent = visitor.post_elsewhere(f"Level {level}", parent=parent, **fields)
    visitor.open()
    visitor.press("Show 2 more replies")
    expect(visitor.comment("Level 8").locator(".answers")).to_have_text("↳ in reply toReader 7")
    expect(visitor.comment("Level 6").locator(".answers")).to_be_visible()
    expect(visitor.comment("Level 5").locator(".answers")).to_be_hidden()
    assert visitor.page.locator("ol.replies " * 4 + "> li").count() == 4
    assert visitor.page.locator("ol.replies " * 5 + "> li").count() == 0


def test_a_permalink_loads_opens_and_focuses_its_comment(reader: Arrive) -> None:
    visitor = reader()
    root = visitor.post_elsewhere("An old root.")
    replies = [visitor.post_elsewhere(f"Reply number {count}.", parent=root) for count in range(8)]
    for count in range(26):
        visitor.post_elsewhere(f"A newer root {count}.")
    visitor.open(f"#comment-{replies[-1]}")
    target = visitor.seen("Reply number 7.")
    expect(target).to_be_in_viewport()
    expect(target).to_be_focused()


def test_more_conversations_and_another_order(reader: Arrive) -> None:
    visitor = reader()
    for count in range(27):
        visitor.post_elsewhere(f"Root {count:02}.")
    visitor.open()
    roots = visitor.page.locator("ol.list > li")
    expect(roots).to_have_count(25)
    visitor.press("Show more conversations")
    expect(roots).to_have_count(27)
    expect(visitor.page.get_by_role("button", name="Show more conversations")).to_have_count(0)
    order = visitor.page.get_by_label("Sort by")
    order.focus()
    order.select_option("oldest")
    expect(roots.first).to_contain_text("Root 00.")
    expect(order).to_be_focused()
    expect(order).to_have_value("oldest")


def test_counts_of_a_page_are_asked_for_together(reader: Arrive) -> None:
    visitor = reader(counts="first-slug,second-slug,first-slug")
    visitor.post_elsewhere("One.", slug="first-slug")
    visitor.open()
    counts = visitor.page.locator("comments-count")
    expect(counts.nth(0)).to_have_text("1 comment")
    expect(counts.nth(1)).to_have_text("No comments yet")
    expect(counts.nth(2)).to_have_text("1 comment")
    assert sum("/counts?" in line for line in visitor.asked) == 1


def test_another_slug_shows_another_thread_and_leaving_undoes_everything(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("Of the first article.")
    visitor.post_elsewhere("Of the second article.", slug=visitor.slug + "-b")
    visitor.open()
    visitor.seen("Of the first article.")
    visitor.page.evaluate(
        "slug => { document.querySelector('comments-thread').slug = slug }", visitor.slug + "-b"
    )
    visitor.seen("Of the second article.")
    expect(visitor.comment("Of the first article.")).to_have_count(0)
    left = """() => {
        const element = document.querySelector('comments-thread');
        element.remove();
        return element.shadowRoot.children.length;
    }"""
    assert visitor.page.evaluate(left) == 0


def test_a_language_is_one_more_file_that_can_be_cached(reader: Arrive) -> None:
    visitor = reader(page="uk", counts="two-comments")
    for count in range(2):
        visitor.post_elsewhere(f"Comment {count}.", slug="two-comments")
    visitor.post_elsewhere("Перший.")
    visitor.page.goto(visitor.address)
    expect(visitor.page.get_by_role("heading", name="Коментарі (1)")).to_be_visible()
    expect(visitor.page.locator("comments-count")).to_have_text("2 коментарі")
    expect(visitor.seen("Перший.").get_by_role("button", name="Відповісти")).to_be_visible()
    asked = [line.split("?")[0].rsplit("/", 1)[1] for line in visitor.asked if visitor.service.url in line]
    assert sorted(asked) == ["comments", "counts", "v1.js", "v1.uk.json"]


def test_words_that_do_not_arrive_are_said_in_english(reader: Arrive, page_errors: PageErrors) -> None:
    page_errors.expect("ERR_FAILED")
    visitor = reader(page="de")
    visitor.page.route("**/v1.de.json", lambda route: route.abort())
    visitor.page.goto(visitor.address)
    expect(visitor.page.get_by_role("heading", name="Comments (0)")).to_be_visible()


def test_the_element_adopts_what_the_service_drew_and_corrects_it(
    reader: Arrive, newspaper: Newspaper
) -> None:
    visitor = reader(page="drawn")
    removed, kept = (visitor.post_elsewhere(words) for words in ("Removed since.", "Kept."))
    scripts: list[Route] = []
    visitor.page.route("**/embed/v1.js", lambda route: scripts.append(route))
    visitor.page.goto(visitor.address, wait_until="commit")
    visitor.seen("Removed since.")
    newspaper.judge("horizons", removed, "published", "reject", reason="off_topic")
    wait_for(lambda: visitor.page.evaluate("true") and scripts)
    scripts[0].continue_()
    expect(visitor.comment("Removed since.")).to_have_count(0)
    expect(visitor.page.locator(f"#comment-{kept}")).to_contain_text("Kept.")
    expect(visitor.page.get_by_role("button", name="Vote up")).to_be_visible()
    assert sum("/comments?" in line for line in visitor.asked) == 1


def test_a_click_or_coming_near_loads_the_comments(reader: Arrive) -> None:
    visitor = reader(load="click")
    visitor.page.goto(visitor.address)
    visitor.press("Show comments")
    visitor.arrived()
    near = reader(load="lazy").open()
    expect(near.page.get_by_text("No comments yet")).to_be_visible()


def test_a_missing_slug_is_an_error_on_the_page(reader: Arrive) -> None:
    visitor = reader(slug="")
    visitor.page.goto(visitor.address)
    expect(visitor.page.get_by_role("alert")).to_contain_text("needs a slug attribute")


def test_a_service_that_does_not_answer_is_told_and_tried_again(
    reader: Arrive, page_errors: PageErrors
) -> None:
    page_errors.expect("ERR_FAILED")
    visitor = reader()
    visitor.post_elsewhere("Here all the time.")
    visitor.page.route("**/comments?*", lambda route: route.abort())
    visitor.page.goto(visitor.address)
    expect(visitor.page.get_by_text("The comments did not arrive")).to_be_visible()
    visitor.page.unroute("**/comments?*")
    visitor.press("Try now")
    visitor.seen("Here all the time.")


def test_news_is_offered_while_the_page_is_visible(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("Before.")
    visitor.page.clock.install()
    visitor.open()
    visitor.post_elsewhere("Meanwhile.")
    visitor.page.clock.fast_forward(61_000)
    expect(visitor.page.get_by_role("button", name="1 new comment")).to_be_visible()
    expect(visitor.comment("Meanwhile.")).to_have_count(0)
    visitor.press("1 new comment")
    expect(visitor.seen("Meanwhile.")).to_contain_text("New")
    expect(visitor.page.get_by_role("heading", name="Comments (2)")).to_be_visible()


def test_the_element_tells_the_page_what_happens(reader: Arrive) -> None:
    visitor = reader()
    visitor.post_elsewhere("Told.")
    visitor.page.add_init_script(
        """window.told = [];
        for (const name of ['ready', 'load', 'count', 'error'])
            addEventListener('comments:' + name, (event) => told.push([name, event.detail.slug]));"""
    )
    visitor.open()
    expected = [["count", visitor.slug], ["load", visitor.slug], ["ready", visitor.slug]]
    assert visitor.page.evaluate("told") == expected

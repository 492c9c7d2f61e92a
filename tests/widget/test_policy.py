"""What the site decided, as its readers meet it: its addresses, its time to think again."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.widget.host import Newspaper
from tests.widget.reader import Reader

Arrive = Callable[..., Reader]

MINUTE = 60_000  # milliseconds
ADDRESSES = {
    "rules_url": "https://horizons.example/rules",
    "privacy_url": "https://horizons.example/privacy",
    "contact": "desk@horizons.example",
}


def test_rules_privacy_and_contact_are_linked_where_the_site_has_them(
    reader: Arrive, newspaper: Newspaper
) -> None:
    newspaper.moderate("careful/settings", ADDRESSES, method="PATCH")
    visitor = reader(site="careful", privacy="https://elsewhere.example/data")
    visitor.open().start()
    for name, address in (
        ("House rules", "https://horizons.example/rules"),
        ("Privacy", "https://elsewhere.example/data"),  # the element's own comes first
        ("Contact", "mailto:desk@horizons.example"),
    ):
        expect(visitor.page.get_by_role("link", name=name)).to_have_attribute("href", address)
    newspaper.moderate("careful/settings", dict.fromkeys(ADDRESSES), method="PATCH")
    visitor.reload().start()
    expect(visitor.page.locator("form").get_by_role("link")).to_have_text(["Privacy"])


def test_the_time_to_edit_runs_out_before_the_readers_eyes(reader: Arrive) -> None:
    visitor = reader()
    visitor.page.clock.install()
    own = visitor.open().write("Nearly right.")
    edit = own.get_by_role("button", name="Edit")
    expect(edit).to_contain_text("min")
    visitor.page.clock.fast_forward(14 * MINUTE + MINUTE // 4)
    visitor.press("Edit", own)
    expect(visitor.page.get_by_text("left to edit")).not_to_contain_text("min")  # but seconds
    visitor.page.clock.fast_forward(MINUTE)
    expect(visitor.page.get_by_role("button", name="Save changes")).to_have_attribute("aria-disabled", "true")
    visitor.press("Cancel")
    expect(edit).to_have_count(0)
    expect(own.get_by_role("button", name="Withdraw")).to_be_visible()

"""The way of a comment from a reader's keyboard over the moderators' desk back to the readers."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.functional.people import Moderator, Reader
from tests.functional.traffic import Traffic

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DARK = {**DESKTOP, "color_scheme": "dark"}

GREEN = "rgb(29, 92, 67)"

BUSY = "The valley’s last coal oven goes out on Monday"
FIRST = "I wound that oven’s clock for years; it ran on flour."
REPLY = "The ash went on our roses, and they won prizes."
HELD = "There is a casino of crumbs behind that oven, and the mice always win."
REFUSED = "Only an idiot would miss it. My neighbour at number 9 is one."


def from_reader_to_moderator_and_back(
    arrive: Callable[..., Reader],
    open_page: Callable[..., Page],
    link: str,
    picture: Callable[[Page, str], None],
) -> None:
    """Two readers write, vote and report under a busy article, a moderator signs in by `link` and decides.

    `arrive` opens a browser for a reader of the name it is given; its site holds the demo's words.
    """
    ada = arrive("Ada Penn", **DESKTOP)
    ada.open_front_page()
    told = ada.counts_told(BUSY)
    assert told > 0
    picture(ada.page, "1-front")

    ada.open_article(BUSY)
    assert ada.count() == told
    posted = ada.posts(FIRST)
    expect(posted).to_contain_text("Ada Penn")
    expect(posted.get_by_role("button", name="Withdraw")).to_be_visible()
    assert ada.count() == told + 1
    picture(ada.page, "2-posted")

    other = ada.others().nth(1)
    ada.starts_reply(other)
    ada.writes(REPLY)
    # The newspaper hands its own colour on to the widget.
    expect(ada.form.get_by_role("button", name="Post reply")).to_have_css("background-color", GREEN)
    picture(ada.page, "3-reply")
    ada.sends()
    expect(ada.comment(REPLY)).to_be_visible()
    assert ada.count() == told + 2

    points = int(other.get_by_text(re.compile(r"^\d+$")).inner_text())
    other.get_by_role("button", name="Vote up").click()
    expect(other.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    expect(other).to_contain_text(str(points + 1))

    other.get_by_role("button", name="Report this comment").click()
    dialog = ada.page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Off topic").check()
    picture(ada.page, "4-report")
    dialog.get_by_role("button", name="Send report").click()
    dialog.get_by_role("button", name="Done").click()
    expect(other.get_by_role("button", name="Reported")).to_be_visible()

    ben = arrive("Ben Okoro", **PHONE)
    ben.open_article(BUSY)
    for words in (HELD, REFUSED):
        waiting = ben.posts(words)
        expect(waiting).to_contain_text("Waiting for a moderator")
        expect(waiting).to_contain_text("Only you can see this.")
    assert ben.count() == told + 2
    picture(ben.page, "5-held")

    ada.reload()
    assert ada.count() == told + 2
    expect(ada.comment(HELD)).to_have_count(0)
    expect(ada.comment(FIRST).get_by_role("button", name="Edit")).to_be_visible()

    nora = Moderator(open_page(**DESKTOP))
    traffic = Traffic.watch(nora.page)
    nora.signs_in(link)
    assert len(traffic.cookies) == 1  # a cookie is seen where one is set: only the moderators' desk does
    nora.opens_queue("Reported")
    expect(nora.page.get_by_text("Off topic").filter(visible=True).first).to_be_visible()
    nora.opens_queue("Pending")
    nora.picks(HELD)
    picture(nora.page, "6-pending")
    nora.card.get_by_role("button", name="Approve", exact=True).click()
    expect(nora.toast).to_contain_text("Approved Ben Okoro’s comment")
    expect(nora.card).to_contain_text(REFUSED)  # the next that waits
    nora.card.get_by_text("Reject…").click()
    picture(nora.page, "7-reject")
    nora.card.get_by_role("button", name="Abuse").click()
    expect(nora.toast).to_contain_text("Rejected Ben Okoro’s comment")
    picture(nora.page, "8-decided")

    ben.reload()
    expect(ben.comment(HELD)).to_contain_text("A moderator approved your comment.")
    expect(ben.comment(REFUSED).get_by_text("Not published: abuse")).to_be_visible()
    picture(ben.page, "9-outcomes")

    for name, options in (("Ada again", None), ("Cleo", DARK)):
        reader = arrive(name, **options) if options else ada
        reader.open_article(BUSY)
        expect(reader.comment(HELD)).to_be_visible()
        expect(reader.comment(REFUSED)).to_have_count(0)
        assert reader.count() == told + 3
        expect(reader.page.get_by_text("Not published")).to_have_count(0)
    picture(reader.page, "10-others-dark")

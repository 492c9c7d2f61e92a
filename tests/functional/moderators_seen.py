"""Every page of the moderators' desk and what can be opened on it, as axe and people look at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.functional.accessible import LOOKS, Look

Act = Callable[[Page], None]


def opened(*selectors: str) -> Act:
    """Opens or ticks the first of each that this look has room for: a phone has the same acts in a menu."""

    def act(page: Page) -> None:
        for selector in selectors:
            first = page.locator(selector).locator("visible=true").first
            if not first.evaluate("one => one.checked || one.parentElement.open"):
                first.click()

    return act


def as_it_comes(page: Page) -> None:
    """Opens nothing."""


def with_all_keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def after_undoing(page: Page) -> None:
    """Leaves the queue as it was, with a word about it on the screen."""
    said = page.get_by_role("status")
    page.keyboard.press("a")
    expect(said).to_contain_text("Approved")
    said.get_by_role("button", name="Undo").click()
    expect(said).to_contain_text("Undone")
    expect(page.locator("[data-place]")).not_to_have_attribute("aria-busy", "true")


def with_faults(page: Page) -> None:
    # Past the browser's own check of the field, as the server's answer is to be seen.
    page.locator("form.fields").evaluate("form => { form.noValidate = true }")
    page.get_by_label("Links at most").fill("-1")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert")).to_be_visible()


@dataclass(frozen=True)
class Shown:
    """A page of the desk below /moderate/, with something opened on it; `{hidden}` is a comment's number."""

    name: str
    path: str
    act: Act = as_it_comes
    signed_in: bool = True


REASONS, BAN = ".reasons > summary", ".as-ban > summary, .more > summary"
ROW = "[data-row]:not([hidden]) input"

WORKED_ON = (
    Shown("pending", "?queue=pending"),
    Shown("reject", "?queue=reported", opened(REASONS)),
    Shown("ticked", "?queue=reported&site=times", opened(ROW)),
    Shown("history", "comments/{hidden}"),
)
COLOURED_ALIKE = (
    Shown("singly", "?queue=pending&singly={advert}", opened(REASONS)),
    Shown("more", "?queue=new", opened(BAN)),
    Shown("nothing-found", "?queue=spam&q=nothing", opened(".switch > summary, .sites > summary")),
    Shown("approve", "?queue=rejected", opened(".as-approve summary, .bar summary")),
    Shown("log", "log?site=times"),
    Shown("figures", "figures?site=times"),
    Shown("thread", "threads", opened(".threads summary")),
    Shown("bans", "bans?site=times"),
    Shown("settings", "settings"),
    Shown("removing", "people", opened(".member summary")),
    Shown("you", "you"),
)
SIGN_IN = Shown("sign-in", "sign-in?token={token}", signed_in=False)
LESS_SEEN = (
    Shown("reported", "?queue=reported"),
    Shown("notice", "?queue=reported&q=clerk"),
    Shown("new", "?queue=new"),
    Shown("published", "?queue=published"),
    Shown("rejected", "?queue=rejected"),
    Shown("spam", "?queue=spam"),
    Shown("empty", "?queue=spam&site=gazette"),
    Shown("reject-group", "?queue=pending", opened(REASONS)),
    Shown("reject-with-note", "?queue=reported", opened(REASONS, "summary[data-key='7']")),
    Shown("add-others", "?queue=published&site=times", opened(ROW)),
    Shown("reject-ticked", "?queue=reported&site=times", opened(ROW, ".bulk summary")),
    Shown("ban", "?queue=reported", opened(BAN, ".panel [value='30']:visible, .panel details > .choice")),
    Shown("places", "?queue=published", opened(".switch > summary, .bar > .menu > summary")),
    Shown("search", "?queue=published", opened("[data-search], .find > summary")),
    Shown("keys", "?queue=reported", with_all_keys),
    Shown("undone", "?queue=reported&site=times", after_undoing),
    Shown("checked-log", "log?site=times&check=1"),
    Shown("empty-log", "log?site=gazette"),
    Shown("no-decision", "log?site=times&decision=77"),
    Shown("no-figures", "figures?site=gazette&days=7"),
    Shown("threads", "threads?done=saved"),
    Shown("no-threads", "threads?title=nowhere"),
    Shown("no-bans", "bans?site=gazette&done=lifted"),
    Shown("faulty-settings", "settings", with_faults),
    Shown("people", "people?done=revoked"),
    Shown("not-found", "comments/999999999"),
    Shown("nowhere", "nowhere"),
    Shown("refused", "settings?site=elsewhere"),
    Shown("not-signed-in", "", signed_in=False),
    Shown("spent-link", "sign-in?token=spent", signed_in=False),
)
EVERYTHING = (SIGN_IN, *WORKED_ON, *COLOURED_ALIKE, *LESS_SEEN)


@dataclass(frozen=True)
class Round:
    """What is looked at in one go, each in groups of looks of one width."""

    name: str
    shown: tuple[tuple[Shown, tuple[tuple[Look, ...], ...]], ...]

    def __str__(self) -> str:
        return self.name


def _short() -> Round:
    """What is worked on in every look; the rest shares its colours, and is seen in each of them once."""
    every, few = (LOOKS[:3], LOOKS[3:]), ((LOOKS[0], LOOKS[2]), (LOOKS[4],))
    shown = [(one, every) for one in (SIGN_IN, *WORKED_ON)] + [(one, few) for one in COLOURED_ALIKE]
    return Round("short", tuple(shown))


def _all_in(look: Look) -> Round:
    return Round(look.name.replace(" ", "-"), tuple((one, ((look,),)) for one in EVERYTHING))


SHORT = (_short(),)
LONG = tuple(map(_all_in, LOOKS))

"""The words of the moderators' pages: labels, sentences, counts and times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from markupsafe import Markup

from ... import clock

QUEUES = {
    "reported": "Reported",
    "pending": "Pending",
    "new": "New",
    "published": "Published",
    "rejected": "Rejected",
    "spam": "Spam",
}
ORDERS = {
    "reported": "Most reported first",
    "pending": "Oldest first",
    "new": "Newest first",
    "published": "Newest first",
    "rejected": "Newest first",
    "spam": "Newest first",
}
# What becomes of a new comment; the words are those of the settings and of the API.
MODES = {
    "open": "open: published at once",
    "first": "first: an author’s first comments wait",
    "premoderated": "premoderated: all comments wait",
    "closed": "closed: no new comments",
}
STATUSES = {
    "published": "Published",
    "pending": "Pending",
    "rejected": "Rejected",
    "spam": "Spam",
    "withdrawn": "Withdrawn",
}
REASONS = {
    "abuse": "Abuse",
    "spam": "Spam",
    "off_topic": "Off topic",
    "personal_data": "Personal data",
    "impersonation": "Impersonation",
    "misinformation": "Misinformation",
    "duplicate": "A duplicate",
    "illegal": "Illegal",
    "other": "Something else",
}
# What the menu offers, in the order of its keys; spam has a button of its own.
OFFERED = (
    "abuse",
    "off_topic",
    "personal_data",
    "impersonation",
    "misinformation",
    "duplicate",
    "illegal",
    "other",
)
PAST = {
    "approve": "Approved",
    "reject": "Rejected",
    "spam": "Marked as spam",
    "hold": "Held",
    "discard": "Discarded as spam",
    "reverse": "Undone",
}
DONE = {"approve": "approved", "reject": "rejected", "spam": "marked as spam"}
NAMES = {"approve": "approval", "reject": "rejection", "spam": "spam decision"}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
MOST_COUNTED = 1000
ARTICLES = ("the", "der", "die", "das", "le", "la", "les", "el", "los", "las")
# What a check looks for, for people; a check without an entry goes by its own name.
CHECKS = {
    "words": "held words",
    "links": "links",
    "first": "first comment",
    "mode": "article is premoderated",
    "names": "name of the staff",
    "honeypot": "filled a hidden field",
    "form_time": "form sent too fast",
    "duplicate": "duplicate",
    "near": "near duplicate",
    "personal_data": "personal data",
    "record": "author often refused",
    "reports": "hidden by reports",
}


def capped(count: int) -> str:
    """A queue's count as it is shown: `–` for none, `1000+` at the cap."""
    if count <= 0:
        return "–"
    return f"{MOST_COUNTED}+" if count >= MOST_COUNTED else str(count)


def number(count: int) -> str:
    """Small numbers as words."""
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else str(count)


def times(count: int) -> str:
    """`once`, `twice`, `three times`."""
    return {1: "once", 2: "twice"}.get(count, f"{number(count)} times")


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 report`, `2 reports`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def reason(code: str | None) -> str:
    """A reason code inside a sentence."""
    return REASONS.get(code or "", code or "").lower().replace("something else", "other")


def grounds(code: str | None) -> str:
    """A reason after the verb: `as abuse`, `for another reason`."""
    return "for another reason" if code == "other" else f"as {reason(code)}"


def check(name: str) -> str:
    """What a check looks for."""
    return CHECKS.get(name, name.replace("_", " "))


def by_reason(reasons: Iterable[str]) -> str:
    """`abuse twice, personal data once`."""
    counted = Counter(reasons).most_common()
    return ", ".join(
        f"{'another reason' if code == 'other' else reason(code)} {times(count)}" for code, count in counted
    )


def when(moment: datetime | None) -> Markup:
    """A time as a `<time>`: the hour if it is today, else the day. The script shows it in local time."""
    if moment is None:
        return Markup("")
    return _time(moment, _short(moment), "short")


def when_at(moment: datetime | None) -> Markup:
    """A time inside a sentence: `today at 13:12`, `9 Nov at 13:12`."""
    if moment is None:
        return Markup("")
    day = "today" if _is_today(moment) else _short(moment)
    return _time(moment, f"{day} at {moment:%H:%M}", "at")


def until(moment: datetime) -> str:
    """When something ends, with its zone: on this page no script makes it local."""
    day = "today" if _is_today(moment) else _short(moment)
    return f"{moment:%H:%M} UTC {day}"


def hour(moment: datetime) -> Markup:
    """The hour alone, below a heading that names the day."""
    return _time(moment, f"{moment:%H:%M}", "hour")


def ago(moment: datetime | None) -> str:
    """A rough distance: `today`, `3 weeks ago`."""
    if moment is None:
        return ""
    days = (clock.now() - moment).days
    if days < 1:
        return "today"
    for size, unit in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        if days >= size:
            return f"{plural(days // size, unit)} ago"
    raise AssertionError("unreachable")  # a day is the smallest unit


def lasting(seconds: float | None) -> str:
    """A length of time, roughly: `9 s`, `21 min`, `3 h`, `2 days`; nothing for None."""
    if seconds is None:
        return ""
    for size, unit in ((172_800, "days"), (5_400, "h"), (90, "min")):
        if seconds >= size:
            return f"{round(seconds / LASTING[unit])} {unit}"
    return f"{round(seconds)} s"


LASTING = {"days": 86_400, "h": 3_600, "min": 60}


def day(moment: datetime) -> str:
    """`Today, Sunday 22 November`."""
    spelled = f"{moment:%A} {moment.day} {moment:%B}"
    if moment.year != clock.now().year:
        spelled += f" {moment.year}"
    return f"Today, {spelled}" if _is_today(moment) else spelled


def initials(name: str) -> str:
    """Up to two letters for the round face."""
    words = [word for word in name.split() if word[0].isalnum()] or [name]
    return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper()


def short_names(site_names: Iterable[str]) -> dict[str, str]:
    """For each site the word that tells it from the others; its first letter stands for it in lists.

    `Harbour Gazette`, `Horizons Sport`, `The Horizons Times` become Harbour, Sport, Times.
    """
    taken: set[str] = set()
    found = {}
    for name in site_names:
        words = [word for word in name.split() if word.casefold() not in ARTICLES] or [name]
        word = next((word for word in words if word[0].casefold() not in taken), words[0])
        taken.add(word[0].casefold())
        found[name] = word
    return found


def _is_today(moment: datetime) -> bool:
    return moment.date() == clock.now().date()


def _short(moment: datetime) -> str:
    if _is_today(moment):
        return f"{moment:%H:%M}"
    day = f"{moment.day} {moment:%b}"
    return day if moment.year == clock.now().year else f"{day} {moment.year}"


def _time(moment: datetime, text: str, form: str) -> Markup:
    return Markup('<time datetime="{}" title="{:%d %B %Y, %H:%M} UTC" data-form="{}">{}</time>').format(
        clock.rfc3339(moment), moment, form, text
    )

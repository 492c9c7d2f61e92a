"""A site's policy: every key with its type, default and reason, and how a thread's own wishes join it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from .. import clock
from ..config import origin_of
from ..errors import FieldError, Invalid
from ..text.words import WordList
from .site import Site

MODES = ("open", "first", "premoderated", "closed")
THREADS = ("open", "registered")
VOTES = ("none", "up", "both")
FORM_TOKENS = ("ignore", "hold")
LANGUAGES = ("en", "de", "fr", "es", "uk", "ar")
LONGEST_WORD = 100
MOST_WORDS = 10_000
MOST_ORIGINS = 50
LONGEST_URL = 2_000

_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True)
class Policy:
    """What a site decided about its comments; the defaults are what a new site gets."""

    mode: str = "open"
    threads: str = "open"
    origins: tuple[str, ...] = ()
    article_url: str = ""
    words_refused: tuple[str, ...] = ()
    words_held: tuple[str, ...] = ()
    links_max: int = 2
    links_allowed: tuple[str, ...] = ()
    edit_minutes: int = 15
    depth_drawn: int = 5
    close_after_days: int = 0
    votes: str = "both"
    form_token: str = "ignore"  # noqa: S105 (a choice, not a password)
    hide_after_reports: int = 0
    name_reserved: tuple[str, ...] = ()
    rules_url: str = ""
    privacy_url: str = ""
    contact: str = ""
    language: str = "en"
    _matchers: dict[str, WordList] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, site: Site) -> Policy:
        """The policy of a site; parsed once per version of the site."""
        return _policy_of(site.id, site.version, _Document(site.policy))

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Policy:
        """Check a whole policy document. Raises Invalid naming each bad or unknown key."""
        values, errors = {}, []
        for name, value in document.items():
            try:
                values[name] = KEYS[name].read(value) if name in KEYS else _unknown()
            except ValueError as error:
                errors.append(FieldError(name, "unknown" if name not in KEYS else "invalid", str(error)))
        if errors:
            raise Invalid(*errors, message="Some settings of the site are not valid.")
        return cls(**values)

    def document(self) -> dict[str, Any]:
        """All keys with their values, as the API and the CLI show them."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in KEYS
        }

    def for_readers(self) -> dict[str, Any]:
        """What whoever draws a thread must know of it; never what helps to get around a check."""
        return {name: getattr(self, name) for name in PUBLIC_KEYS}

    def refused_words(self) -> WordList:
        """The words that refuse a comment, ready to match."""
        return self._matcher("refused", self.words_refused)

    def held_words(self) -> WordList:
        """The words that hold a comment, ready to match."""
        return self._matcher("held", self.words_held)

    def _matcher(self, name: str, words: tuple[str, ...]) -> WordList:
        if name not in self._matchers:
            self._matchers[name] = WordList(words)
        return self._matchers[name]

    def article(self, url: str | None, slug: str) -> str | None:
        """Where an article stands: at `url`, or where the template says; only a web address, or None."""
        address = url or self.article_url.replace("{slug}", quote(slug, safe="/"))
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        return address if parts.scheme in ("http", "https") and parts.hostname else None

    def closing_time(self, closes_at: datetime | None, opened_at: datetime | None) -> datetime | None:
        """When a thread closes: its own time, or `close_after_days` after it opened."""
        if closes_at is not None or opened_at is None or self.close_after_days == 0:
            return closes_at
        return opened_at + timedelta(days=self.close_after_days)

    def mode_of(self, mode: str | None, closes_at: datetime | None, opened_at: datetime | None) -> str:
        """A thread's mode now: its own or the site's, and `closed` once its time has come."""
        closing = self.closing_time(closes_at, opened_at)
        if closing is not None and closing <= clock.now():
            return "closed"
        return mode or self.mode


@dataclass(frozen=True)
class Key:
    """One key of the policy: how its value is checked, and why it exists."""

    read: Callable[[Any], Any]
    type: str
    why: str


def _choice(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return str(value)

    return read


def _number(lowest: int, highest: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)  # the command line has only text
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return value

    return read


def _list(read_item: Callable[[str], str], most: int) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ValueError("must be a list of texts")
        if len(value) > most:
            raise ValueError(f"holds {len(value)} entries; the limit is {most}")
        return tuple(dict.fromkeys(read_item(item) for item in value))

    return read


def _word(value: str) -> str:
    value = value.strip()
    if not 1 <= len(value) <= LONGEST_WORD or not value.isprintable():
        raise ValueError(f"each word needs 1 to {LONGEST_WORD} printable characters")
    return value


def origin(value: str) -> str:
    """A site's origin as browsers send it, such as `https://news.example`; raises ValueError."""
    try:
        found = origin_of(value)
    except ValueError:
        found = ""
    parts = urlsplit(value)
    is_more = parts.path.rstrip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if not found or is_more or not value.isascii() or not value.isprintable():
        raise ValueError(f"{value!r} is not an origin; write it like https://news.example")
    return found


def _domain(value: str) -> str:
    value = value.strip().lower().rstrip(".")
    if not _DOMAIN.fullmatch(value):
        raise ValueError(f"{value!r} is not a domain; write it like example.org")
    return value


def _url(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_URL or not value.isprintable():
        raise ValueError("must be an address")
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise ValueError("must be an http or https address, or empty")
    return value


def _article_url(value: Any) -> str:
    value = _url(value)
    if value and "{slug}" not in value:
        raise ValueError("must contain {slug}, such as https://news.example/{slug}")
    return str(value)


def _contact(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise ValueError("must be a text of at most 200 characters")
    return value


KEYS: dict[str, Key] = {
    "mode": Key(_choice(*MODES), "|".join(MODES), "What happens to a new comment."),
    "threads": Key(_choice(*THREADS), "|".join(THREADS), "Whether a reader's first post makes the thread."),
    "origins": Key(_list(origin, MOST_ORIGINS), "list", "The pages' origins that may post."),
    "article_url": Key(_article_url, "text", "Where an article stands; {slug} is replaced."),
    "words_refused": Key(_list(_word, MOST_WORDS), "list", "Words that refuse a comment."),
    "words_held": Key(_list(_word, MOST_WORDS), "list", "Words that hold a comment for a moderator."),
    "links_max": Key(_number(0, 100), "0-100", "More links than this hold a comment."),
    "links_allowed": Key(_list(_domain, 1_000), "list", "Domains whose links do not count."),
    "edit_minutes": Key(_number(0, 10_080), "0-10080", "How long an author may edit; 0 = never."),
    "depth_drawn": Key(_number(1, 10), "1-10", "How deep the widget indents replies."),
    "close_after_days": Key(_number(0, 36_500), "0-36500", "Days until a thread closes; 0 = never."),
    "votes": Key(_choice(*VOTES), "|".join(VOTES), "Which votes readers may give."),
    "form_token": Key(_choice(*FORM_TOKENS), "|".join(FORM_TOKENS), "What a missing form token means."),
    "hide_after_reports": Key(_number(0, 1_000), "0-1000", "Distinct reports that hide a comment; 0 = off."),
    "name_reserved": Key(_list(_word, 1_000), "list", "Names of the staff, which hold a comment."),
    "rules_url": Key(_url, "text", "The house rules, linked under the form."),
    "privacy_url": Key(_url, "text", "The privacy page, linked under the form."),
    "contact": Key(_contact, "text", "How to reach the site."),
    "language": Key(_choice(*LANGUAGES), "|".join(LANGUAGES), "What pages and fragments speak."),
}
PUBLIC_KEYS = ("language", "votes", "depth_drawn", "edit_minutes", "rules_url", "privacy_url", "contact")
assert {f.name for f in fields(Policy)} - {"_matchers"} == set(KEYS)


def _unknown() -> Any:
    raise ValueError(f"is not a setting of a site; they are: {', '.join(KEYS)}")


class _Document:
    """Carries a document past the cache key: (site, version) already says which one it is."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Document) and self.content == other.content


@lru_cache(maxsize=256)
def _policy_of(site_id: int, version: int, document: _Document) -> Policy:
    return Policy.parse(document.content)

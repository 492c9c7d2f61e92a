"""Links: which addresses a comment may lead to, and how they are shown."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import ada_url

from . import folding

WEB = ("http:", "https:")
# One plain address: no header fields (?bcc=, ?body=), which would put words into the writer's mouth, no list,
# no escapes.
_MAILTO = re.compile(r"mailto:([A-Za-z0-9.!#$&'*+/=^_`{|}~-]+@[A-Za-z0-9.-]+)", re.IGNORECASE)
_WEB_TEXT = re.compile(r"(?:https?:/{2}|www\.)\S+", re.IGNORECASE)


# While a link is judged the same address is asked for again and again, and hardly ever later.
_remembered = lru_cache(maxsize=32)


@_remembered
def safe(url: str) -> str | None:
    """The address in its canonical form if it is absolute http, https or mailto; None for all else.

    Read by the rules that browsers follow (WHATWG), so that both see the same host. User and password are
    dropped (`http://bank.example@evil.example` goes to evil.example), and so are a mailto's header fields.
    """
    try:
        parsed = ada_url.URL(url)
    except (ValueError, UnicodeEncodeError):
        return None
    if parsed.protocol in WEB and parsed.hostname.strip("."):
        return _without_user(parsed)
    if parsed.protocol == "mailto:":
        return _mail_address(str(parsed.href))
    return None


@_remembered
def domain(url: str) -> str:
    """The host a link leads to: lower case, punycode, no final dot; of a mailto what follows `@`; else ""."""
    address = safe(url)
    if address is None:
        return ""
    if address.startswith("mailto:"):
        return address.rpartition("@")[2].lower().rstrip(".")
    return str(ada_url.URL(address).hostname).rstrip(".")


def shown(text: str, href: str) -> str:
    """What a kept link shows: its text, or the address itself when the text misleads or is empty.

    A text that is itself an address misleads when it names another host than the link leads to, hides the
    host behind a user name, or has a label that mixes scripts or is drawn wholly of letters that look Latin
    (shown as punycode). `href` is an address that `safe` has returned.
    """
    if not folding.plain(text).text.strip():
        return href
    if not _WEB_TEXT.fullmatch(text.strip()):
        return text
    claimed = claimed_address(text.strip())
    if claimed is None or "@" in _authority(text) or _site(claimed) != _site(href):
        return href
    if any(_looks_like_another(label) for label in domain(href).split(".")):
        return href
    return text


def claimed_address(text: str) -> str | None:
    """The safe address that a bare `https://...` or `www....` in a text stands for."""
    return safe(text if ":" in text[:6] else f"http://{text}")


def _site(address: str) -> str:
    return domain(address).removeprefix("www.")


def _authority(text: str) -> str:
    return re.split(r"[/?#\\]", text.strip().partition("//")[2] or text.strip(), maxsplit=1)[0]


def _without_user(parsed: ada_url.URL) -> str:
    parsed.username = ""
    parsed.password = ""
    return str(parsed.href)


def _mail_address(href: str) -> str | None:
    found = _MAILTO.fullmatch(re.split(r"[?#]", href, maxsplit=1)[0])
    if found is None:
        return None
    return f"mailto:{found.group(1)}"


def _looks_like_another(label: str) -> bool:
    """Whether a host's label mixes scripts, or is not Latin but drawn only of letters that look so."""
    if not label.startswith("xn--"):
        return False
    letters = [letter for letter in ada_url.idna_to_unicode(label) if letter.isalpha()]
    scripts = {_script(letter) for letter in letters}
    if len(scripts - _JAPANESE) > 1 or (scripts & _JAPANESE and scripts - _JAPANESE - {"LATIN"}):
        return True
    return scripts != {"LATIN"} and folding.plain("".join(letters)).text.isascii()


# Written together in every Japanese text, Latin included.
_JAPANESE = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"})


def _script(letter: str) -> str:
    """The script by the first word of the letter's Unicode name: "LATIN SMALL LETTER A" is LATIN."""
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]

"""Names: how a commenter is called, and when two names look the same."""

from __future__ import annotations

import unicodedata

from ..errors import Invalid
from . import characters, folding

LONGEST = 60
# See slugs: NFC never makes fewer than a quarter, and a long run of marks is quadratic to order.
_LONGEST_RAW = 4 * LONGEST


def normalise(raw: str) -> str:
    """The name as it is stored: NFC, white space collapsed and trimmed, 1-60 characters. ZWJ and ZWNJ stay.

    Raises Invalid (field `name`, code `required`, `too_long`, `characters` or `marks`).
    """
    if not characters.is_visible(raw) and not characters.LONE_SURROGATE.search(raw):
        raise Invalid.field("name", "required", "Enter a name.")
    collapsed = " ".join(raw.split())
    if len(collapsed) > _LONGEST_RAW:
        raise _too_long()
    _refuse_characters(collapsed)
    name = " ".join(unicodedata.normalize("NFC", collapsed).split())
    if len(name) > LONGEST:
        raise _too_long()
    if characters.stacks_marks(name):
        raise Invalid.field("name", "marks", "Use fewer accents on one letter of the name.")
    return name


def fold(name: str) -> str:
    """The comparable form: names that look alike fold to the same string, `Adm1n` to that of `admin`.

    Case, width, accents, zero-width characters, spaces, punctuation, look-alike letters and leet digits are
    levelled, and `l` falls together with `i`: a name held for a second look costs less than an impostor.
    """
    plain = folding.unleet(folding.plain(name).text, always=True).replace("l", "i")
    letters = "".join(character for character in plain if character.isalnum())
    return letters or " ".join(plain.split())


def _refuse_characters(name: str) -> None:
    if (
        characters.CONTROL.search(name)
        or characters.LONE_SURROGATE.search(name)
        or characters.BIDI_CONTROL.search(name)
    ):
        message = "The name contains control characters that cannot be shown; type it again without them."
        raise Invalid.field("name", "characters", message)


def _too_long() -> Invalid:
    return Invalid.field("name", "too_long", f"Use a name of at most {LONGEST} characters.")

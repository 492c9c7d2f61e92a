"""Slugs: the opaque keys of articles."""

from __future__ import annotations

import unicodedata

from ..errors import Invalid
from . import characters

LONGEST = 512
# NFC never makes fewer than a quarter of the characters; what is longer needs no normalising to be refused,
# and canonical ordering of a long run of marks is quadratic.
_LONGEST_RAW = 4 * LONGEST


def normalise(raw: str) -> str:
    """The slug as it is stored: NFC, outer slashes and spaces trimmed, 1-512 characters, case kept.

    Raises Invalid (field `slug`, code `required`, `too_long` or `characters`).
    """
    trimmed = raw.strip("/ ")
    if len(trimmed) > _LONGEST_RAW:
        raise _too_long()
    if characters.CONTROL.search(trimmed) or characters.LONE_SURROGATE.search(trimmed):
        raise Invalid.field(
            "slug", "characters", "The slug must not contain control characters; remove them."
        )
    slug = unicodedata.normalize("NFC", trimmed).strip("/ ")
    if not slug:
        raise Invalid.field("slug", "required", "Name the article: give its slug.")
    if len(slug) > LONGEST:
        raise _too_long()
    return slug


def _too_long() -> Invalid:
    return Invalid.field("slug", "too_long", f"Use a slug of at most {LONGEST} characters.")

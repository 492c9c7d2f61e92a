"""What single characters may do: control, hide, stack; shared by names, slugs and bodies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
C0_EXCEPT_TAB_AND_NEWLINE = re.compile(r"[\x00-\x08\x0b-\x1f]")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
BIDI_CONTROL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

MARKS_PER_BASE = 3
# Marks that are letters of their own (Tibetan subjoined, Burmese medials), recitation signs (Hebrew accents,
# Qur'anic annotation) and variation selectors: real words carry several on top of three, so they have a wider
# bound.
_LIGHT_MARKS = re.compile(
    "[\u0591-\u05af\u05bd\u06d6-\u06ed\u0f8d-\u0fbc\u103b-\u103e\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
ALL_MARKS_PER_BASE = 8

# Characters that draw nothing although their category says letter, mark or symbol (fillers, braille blank,
# ...).
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"


# Every process that starts asks for the category of each of these. Left out is what has but letters (Chinese,
# Korean, Tangut), is for private use, or lies beyond the first two planes and the tags.
_LOOKED_AT = (
    range(0x3400),
    range(0xA000, 0xAC00),
    range(0xF900, 0x17000),
    range(0x1BC00, 0x20000),
    range(0xE0000, 0xE0200),
)


def _classes(*categories: str) -> Iterator[str]:
    """For each of these patterns of categories ("M.") the inside of a regex class, as ranges."""
    looked_at = [(points, "".join(map(unicodedata.category, map(chr, points)))) for points in _LOOKED_AT]
    for category in categories:
        runs = re.compile(f"{category}(?:{category})*")  # two letters each, the first one a capital
        yield "".join(
            f"{chr(points[run.start() // 2])}-{chr(points[run.end() // 2 - 1])}"
            for points, found in looked_at
            for run in runs.finditer(found)
        )


_ABOVE, MARKS, FORMAT = _classes("M[en]", "M.", "Cf")
_STACK = re.compile(f"[{_ABOVE}{FORMAT}]{{{MARKS_PER_BASE + 1},}}")
_FORMAT = re.compile(f"[{FORMAT}]+")
_VISIBLE = re.compile(f"[^\\s\x00-\x1f\x7f-\x9f{FORMAT}{_BLANK}]")
INVISIBLE = re.compile(f"[{FORMAT}{_BLANK}]")


def is_visible(text: str) -> bool:
    """Whether anything is drawn: not only spaces, format and zero-width characters, fillers."""
    return _VISIBLE.search(text) is not None


def stacks_marks(text: str) -> bool:
    """Whether some base carries more combining marks than any living script needs ("zalgo").

    Counted after NFC, so a mark that is part of a letter is free: Vietnamese counts none, Thai up to two
    (vowel and tone), Hindi two (nukta, anusvara; a spacing vowel sign stands beside its base and is a base
    here), Hebrew with niqqud three (shin dot, dagesh, vowel), Arabic two. Marks that are consonants or
    recitation signs in their script (Tibetan, Burmese, Hebrew accents) do not count towards the three, but
    all together may be eight at most. Joiners between marks do not begin a new base.
    """
    if text.isascii():
        return False  # most English text; looking at each of its letters costs more than all other rules
    for run in _STACK.findall(unicodedata.normalize("NFC", text)):
        marks = _FORMAT.sub("", run)
        heavy = _LIGHT_MARKS.sub("", marks)
        if len(heavy) > MARKS_PER_BASE or len(marks) > ALL_MARKS_PER_BASE:
            return True
    return False

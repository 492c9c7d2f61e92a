"""Folding: the comparable form of text: case, width, look-alikes, zero-width characters and leet levelled."""

# ruff: noqa: RUF001 - look-alike letters are what this file is about

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate

from . import characters

# Letters that are drawn like a Latin one in common fonts. Small on purpose: only what is hard to tell apart,
# or is used for that end, after NFKD and case folding (full-width, circled and mathematical letters are
# levelled by NFKD already).
_LOOK_ALIKE = {
    # Cyrillic
    **dict(zip("авекмнорстухіјѕһԁԛԝѵӏҽ", "abekmhopctyxijshdqwvle", strict=True)),
    # Greek
    **dict(zip("αβγεζηικμνορστυχω", "abyeznikuvopotuxw", strict=True)),
    # Armenian, Cherokee (case folding makes it capital), Latin beyond NFKD
    **dict(zip("հոսցօᎪᏴᏟᎬᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ", "hnugoabcehjklmprstvwz", strict=True)),
    **dict(zip("ıłøđħŧɑɡɩʟɴʀʏʙɢʜᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢɪꜰꜱ", "ilodhtagilnrybghacdejkmoptuvwzifs", strict=True)),
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ð": "d",
}
# A word list folds in the same way, so lists in these scripts still work.

LEET_SYMBOLS = "@$!|"
_MAY_BE_LEET = re.compile(f"[013457{re.escape(LEET_SYMBOLS)}]")
_LEET = str.maketrans("013457@$!|", "oieastasii")
_LEET_ONE_IS_L = str.maketrans("013457@$!|", "oleastasll")
# A run of letters and digits with symbols that stand for letters: `@` before or inside, `$` anywhere, `!` and
# `|` inside only, or every "clown!" would end in an i.
_RUN = re.compile(rf"(?:(?<![@$])[@$]*[^\W_](?:[^\W_]|[{LEET_SYMBOLS}]+(?=[^\W_])|\$+)*)")
_LEAST_LETTERS = 2


class Folded:
    """A folded text that knows where each of its characters came from."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self._source = source

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the source that folded to `text[start:end]`, zero-width characters inside included."""
        if end <= start:
            origin = self._origin(start)
            return origin, origin
        return self._origin(start), self._origin(end - 1) + 1

    def _origin(self, position: int) -> int:
        if position >= len(self.text):
            return len(self._source)
        return bisect_right(self._ends, position)

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(len(_FOLDS[ord(character)]) for character in self._source))


def fold(text: str) -> Folded:
    """Case, width, zero-width characters, accents, look-alike letters and leet levelled; linear in the text.

    Digits become letters only in a run with two letters or more: `h4te` is "hate", while 1951, A55 and 4
    stay.
    """
    folded = plain(text)
    folded.text = unleet(folded.text)
    return folded


def plain(text: str) -> Folded:
    """All of `fold` but leet."""
    return Folded(text.translate(_FOLDS), text)


def unleet(folded: str, *, one_is: str = "i", always: bool = False) -> str:
    """Digits and symbols read as letters, one for one, so positions stay; `1`, `!` and `|` become `one_is`.

    Only in runs with two letters or more (a `@` or `$` counts once there is a letter), unless `always`.
    """
    table = _LEET_ONE_IS_L if one_is == "l" else _LEET
    if always:
        return folded.translate(table)
    if _MAY_BE_LEET.search(folded) is None:
        return folded
    return _RUN.sub(lambda run: _read(run.group(), table), folded)


def _read(run: str, table: dict[int, int]) -> str:
    if run.isalpha():
        return run
    letters = sum(map(str.isalpha, run))
    if letters and letters + run.count("@") + run.count("$") >= _LEAST_LETTERS:
        return run.translate(table)
    return run


class _Folds(dict[int, str]):
    """Each character's fold by its number, worked out when it is first met."""

    def __missing__(self, point: int) -> str:
        folded = _fold_character(chr(point))
        self[point] = folded
        return folded


def _fold_character(character: str) -> str:
    if characters.INVISIBLE.match(character):
        return ""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    # The marks of Latin, Greek and Cyrillic only: vowel signs of other scripts make other words.
    letters = [part for part in decomposed if not "\u0300" <= part <= "\u036f"]
    alike = "".join(_LOOK_ALIKE.get(letter, letter) for letter in letters)
    return unicodedata.normalize("NFC", alike)


_FOLDS = _Folds()

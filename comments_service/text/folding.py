"""Folding: the comparable form of text: case, width, look-alikes, zero-width characters and leet levelled."""

# ruff: noqa: RUF001 - look-alike letters are what this file is about

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cached_property, lru_cache
from itertools import accumulate

from . import characters

# What is drawn like a Latin letter in common fonts, after NFKD and case folding (which level full-width,
# circled and mathematical letters already, and make Cherokee capital). Mostly from the data of UTS #39. Word
# lists fold in the same way, so lists in these scripts still work.
_DRAWN_LIKE = {
    "a": "αаɑᴀᎪꓮᗩᗅ",
    "b": "βвʙᏴᏏꓐᗷᑲ",
    "c": "сᴄᏟⲥꓚᑕ𐐽",
    "d": "ԁðđᴅᎠꓓᗪᗞᑯ",
    "e": "εеҽᴇᎬꓰᕮ",
    "f": "ꜰꞙꓝᖴ",
    "g": "ɡɢԍᏀꓖᶃ",
    "h": "һհħʜнᎻᏂꓧᕼ",
    "i": "ιіıɩɪӏᎥꙇ",
    "j": "јϳᴊᎫꓙᒍ",
    "k": "κкᴋᏦⲕꓗ",
    "l": "łʟᏞꓡᒪ",
    "m": "мᴍᎷⲙꓟᗰ",
    "n": "ηոɴⲛꓠᑎ",
    "o": "οоσօøᴏⲟꓳ𐐬𐓪⭕",
    "p": "ρрᴘᏢⲣꓑᑭ",
    "q": "ԛգ",
    "r": "ʀᎡᏒꓣᖇꭇꭈ",
    "s": "ѕꜱᏚꓢᔕ",
    "t": "τтŧᴛᎢⲧꓔ",
    "u": "μυսᴜꓴᑌꭎꭒ𐓶",
    "v": "νѵᴠᏙꓦᐯ",
    "w": "ωԝѡᴡᎳᏔꓪᗯ",
    "x": "χхⲭꓫ᙭ᕁᕽ",
    "y": "γуүʏᎩꓬ",
    "z": "ζᴢᏃꓜ",
    "ae": "æ",
    "oe": "œ",
    "th": "þ",
    # Quotation marks and dashes, so that most Latin text folds to ASCII, which is quicker to take apart.
    "'": "‘’ʼ′",
    '"': "“”„",
    "-": "‐–—−",
    # Arabic: the same letter as Persian, Urdu and old hands write it.
    "ي": "یى",
    "ك": "کڪ",
    "ا": "ٱ",
}
_LOOK_ALIKE = {
    **{letter: latin for latin, letters in _DRAWN_LIKE.items() for letter in letters},
    # White on black, which NFKD leaves alone: negative circled and squared letters, flags' letters.
    **{chr(first + place): chr(97 + place) for first in (0x1F150, 0x1F170, 0x1F1E6) for place in range(26)},
}
# Greek capitals look like other Latin letters than their small ones; who mixes scripts means what is seen.
_GREEK_CAPITAL = re.compile("[ΗΜΝΥ]")
_GREEK_AS_SEEN = str.maketrans("ΗΜΝΥ", "HMNY")
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z]")

# `LEADING` ones may begin a word.
LEET_SYMBOLS, LEADING_SYMBOLS = "@$!|¡€®", "@$¡€"
# A symbol stands for a letter before another one only, but for `$`: "Well!" has none.
HAS_SYMBOL = re.compile(rf"[{re.escape(LEET_SYMBOLS)}](?=[^\W_])|\$")
_MAY_BE_LEET = re.compile(rf"[013457]|{HAS_SYMBOL.pattern}")
_LEET = str.maketrans("013457@$!|¡€®", "oieastasiiier")
_LEET_ONE_IS_L = str.maketrans("013457@$!|¡€®", "oleastasllier")
# A run of letters and digits with symbols that stand for letters: some before or inside, `$` anywhere, `!`,
# `|` and `®` inside only, or every "clown!" would end in an i.
_RUN = re.compile(
    rf"(?:(?<![{LEADING_SYMBOLS}])[{LEADING_SYMBOLS}]*[^\W_](?:[^\W_]|[{LEET_SYMBOLS}]+(?=[^\W_])|\$+)*)"
)
_LEAST_LETTERS = 2
# A few threads may judge at the same time; more would keep readers' words for nothing.
KEPT = 4
# The marks of Latin, Greek and Cyrillic, what encloses or strikes out a letter, and the vowel signs and the
# lengthening stroke that Arabic and Hebrew may leave out. Vowel signs of other scripts make other words.
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]"
)


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


@lru_cache(maxsize=KEPT)
def fold(text: str) -> Folded:
    """Case, width, zero-width characters, accents, look-alike letters and leet levelled; linear in the text.

    Digits become letters only in a run with two letters or more: `h4te` is "hate", while 1951, A55 and 4
    stay. Several checks ask for the same text one after the other, so the last few are kept.
    """
    folded = plain(text)
    folded.text = unleet(folded.text)
    return folded


def plain(text: str) -> Folded:
    """All of `fold` but leet."""
    if not text.isascii() and _GREEK_CAPITAL.search(text):
        text = _LETTERS.sub(_as_seen, text)
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
    # No run holds a space: only the parts that need it are taken apart.
    parts = folded.split(" ")
    return " ".join([part if part.isalpha() else _read_runs(part, table) for part in parts])


def _as_seen(letters: re.Match[str]) -> str:
    run = letters.group()
    return run.translate(_GREEK_AS_SEEN) if _LATIN.search(run) else run


def _read_runs(part: str, table: dict[int, int]) -> str:
    return _RUN.sub(lambda run: _read(run.group(), table), part) if _MAY_BE_LEET.search(part) else part


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
    letters = _LEFT_OUT.sub("", decomposed)
    alike = "".join(_LOOK_ALIKE.get(letter, letter) for letter in letters)
    return unicodedata.normalize("NFC", alike)


_FOLDS = _Folds()

"""Terms: the words of a text as the search keeps them, and what somebody looks for in them.

Both databases are given words that are folded and cut here, so that they find the same in every language.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from . import characters

# A word's beginning is enough; the rest of a long one is not looked for.
LONGEST_TERM = 60

# Signs that only colour a letter: accents, Hebrew points, Arabic vowels and the stroke that stretches a word.
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c2\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
# What parts words: spaces, everything of ASCII but letters and digits, the punctuation of many scripts.
_BETWEEN = (
    r"\s\x00-\x2f:-@\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7"
    "\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u060c\u061b\u061e\u061f\u066a-\u066d\u06d4"
    "\u0964\u0965\u0f0b-\u0f14\u104a-\u104f\u1361-\u1368\u17d4-\u17da\u2000-\u206f\u2190-\u23ff\u2500-\u25ff"
    "\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d\u30a0\u30fb\ufe10-\ufe1f\ufe30-\ufe6f"
)
# Scripts that put no spaces between words, and Korean, which glues endings to them; without punctuation.
_UNSPACED = (
    "\u0e00-\u0eff\u0f18-\u0fff\u1000-\u1049\u1050-\u109f\u1100-\u11ff\u1780-\u17d3\u17db-\u17ff\u2e80-\u2fdf"
    "\u3005-\u3007\u3021-\u302f\u3031-\u303c\u3041-\u309f\u30a1-\u30fa\u30fc-\u312f\u31a0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PICTURES = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_WORD = re.compile(f"([{_UNSPACED}]+)|[{_PICTURES}]|[^{_BETWEEN}{_UNSPACED}{_PICTURES}]+")
# What parts them in ASCII, for a way that takes a fifth of the time: most texts need no more.
_ASCII_BETWEEN = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum()})
_UNSPACED_ONE = re.compile(f"[{_UNSPACED}]")
_ENDS = re.compile(f"[{_BETWEEN}]$")
_QUOTES = str.maketrans("“”„«»", '"""""')
_PIECE = re.compile(r'"([^"]*)("?)|([^\s"]+)')


class Term(NamedTuple):
    """Words that must stand one after the other; of the last one the beginning is enough if `is_open`."""

    words: tuple[str, ...]
    is_open: bool


def words(text: str) -> str:
    """The words of a text, folded (case, width, accents), with a space between two.

    Text without spaces becomes overlapping pairs of its characters, so that any part of it is found.
    """
    return " ".join(_words(_folded(text)))


def asked(question: str) -> tuple[Term, ...]:
    """What a person looks for: every term must be found, in any order.

    Quotation marks keep words together. The last word may be the beginning of one, unless a quotation mark,
    a space or a full stop ends it.
    Nothing a person may type is an error; what holds no word asks for nothing.
    """
    pieces = list(_PIECE.finditer(question.translate(_QUOTES)))
    terms = []
    for piece in pieces:
        is_quoted, is_closed = piece[1] is not None, bool(piece[2])
        may_grow = piece is pieces[-1] and not (is_quoted and is_closed) and not question[-1:].isspace()
        if (term := _term(piece[1] if is_quoted else piece[3], may_grow)) is not None:
            terms.append(term)
    return tuple(terms)


def _words(folded: str) -> list[str]:
    if folded.isascii():
        return [word[:LONGEST_TERM] for word in folded.translate(_ASCII_BETWEEN).split()]
    found: list[str] = []
    for match in _WORD.finditer(folded):
        if match[1] is None:
            found.append(match[0][:LONGEST_TERM])
        else:
            run = match[1]
            found += (run[at : at + 2] for at in range(len(run)))
    return found


def _term(text: str, may_grow: bool) -> Term | None:
    folded = _folded(text)
    found = _words(folded)
    if not found:
        return None
    if _UNSPACED_ONE.fullmatch(found[-1]):
        # The text that is looked for may go on here, and then its last character stands in a pair.
        if len(found) > 1 and len(found[-2]) == 2 and found[-2][1] == found[-1]:
            return Term(tuple(found[:-1]), is_open=False)
        return Term(tuple(found), is_open=True)
    return Term(tuple(found), is_open=may_grow and not _ENDS.search(folded))


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _MARKS.sub("", characters.INVISIBLE.sub("", decomposed)))

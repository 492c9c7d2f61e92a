"""Personal details: phone numbers, e-mail addresses and bank accounts in a text, plain or in disguise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from . import folding

PHONE, MAIL, BANK = "phone number", "e-mail address", "bank account"


class Detail(NamedTuple):
    """One detail: its kind, its comparable form (digits, or an address in lower case), its span."""

    kind: str
    value: str
    start: int
    end: int


_LINK = re.compile(r"(?:https?:/{2}|www\.)\S+")

# E-mail addresses: what may stand for `@` and for dots. A bare " at " needs a dot in words as well, or
# "look at example.org" would be one.
_MAY_BE_MAIL = ("@", "dot", "at)", "at]", "at}", "at-sign", "at sign", "&#", "&commat")
# Of a run of spaces twenty are looked at, or ten thousand would be looked at from each.
_AT = re.compile(
    r"\s?@\s?|\s?[(\[{<]\s?at\s?[)\]}>]\s?|\s{1,20}at[- ]sign\s+|&#0*64;|&commat;|(?P<bare>\s{1,20}at\s+)"
)
_DOT_IN_WORDS = r"\s?[(\[{<]\s?dot\s?[)\]}>]\s?|\s+dot\s+"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP = r"[^\W\d_]{2,24}(?![\w-])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.|\s\.\s|{_DOT_IN_WORDS})){{1,8}}{_TOP}")
_DOMAIN_IN_WORDS = re.compile(rf"(?:{_LABEL}(?:\.|{_DOT_IN_WORDS})){{0,7}}{_LABEL}(?:{_DOT_IN_WORDS}){_TOP}")
# Backwards from the `@`, over text turned round.
_LOCAL_BACKWARDS = re.compile(r"[\w.+'’-]{1,64}")
_SPACED_BACKWARDS = re.compile(r"(?: [\w.+-]){3,32}(?![^\W_])")
_SPACED_DOMAIN = re.compile(r"(?: [\w-]){2,32}(?: \.(?: [\w-]){2,24}){1,4}(?![^\W_])")
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 253

# Phone numbers. `_GAP` is what may stand between two digits.
_GAP = r"[ \t\xa0().\-/–]{0,3}"
_INTERNATIONAL = re.compile(rf"(?<![\w+])(?:\+|00(?=[1-9]))[ (]?[1-9](?:{_GAP}\d){{7,13}}(?!\d)")
_NATIONAL = re.compile(rf"(?<![\w.,/:+#-])\(?0(?!\.)(?:{_GAP}\d){{8,11}}(?![^\W_]|[.,:/-]\d)")
_AMERICAN = re.compile(
    r"(?<![\w.,/:+#-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?![^\W_]|[.,:/-]\d)"
)
_IN_THREES = re.compile(
    r"(?<![\w.,/:+#$£€-])(?<![$£€] )[5-9]\d{2} \d{3} \d{3}(?![^\W_]|[.,:/ -]?\d| ?[%$£€])"
)
_DIGIT = re.compile(r"\d")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_PHONES = (_INTERNATIONAL, _NATIONAL, _AMERICAN, _IN_THREES)
_DATE = re.compile(r"(?<![\d./-])(?:\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2})(?![./-]?\d)")
_BOOK = re.compile(r"(?:isbn|issn|doi)\W{0,3}\Z")
_WITH_LETTER_O = re.compile(r"(?<![^\W_])[o\d]{3,16}(?![^\W_])")
# Numbers in words: "zero seven seven double zero", "07700 nine hundred 461".
_SPOKEN = {
    **{word: str(digit) for digit, word in enumerate(("zero", "one", "two", "three", "four"))},
    **{word: str(digit) for digit, word in enumerate(("five", "six", "seven", "eight", "nine"), 5)},
    "oh": "0",
    "nought": "0",
    "hundred": "00",
}
_TIMES = {"double": 2, "triple": 3}
_SPOKEN_WORD = rf"(?:{'|'.join((*_SPOKEN, *_TIMES))}|\d{{1,11}})"
_SPOKEN_RUN = re.compile(rf"(?<![^\W_]){_SPOKEN_WORD}(?:[ ,.-]{{1,2}}{_SPOKEN_WORD}){{2,15}}(?![^\W_])")
_MAY_BE_SPOKEN = ("zero", "nought", " oh ", "hundred", *_TIMES)
_FEWEST_SPOKEN, _MOST_SPOKEN = 9, 15

# Bank accounts: countries by the length of their IBAN; its check digits leave one chance in 97.
_IBAN = re.compile(r"(?<![^\W_])[a-z]{2}\d\d(?=[ -]?[a-z\d])")
_IBAN_COUNTRIES = {
    15: "no",
    16: "be",
    18: "dk fi fk fo gl nl sd",
    19: "mk si",
    20: "at ba ee kz lt lu mn xk",
    21: "ch cr hr li lv",
    22: "bg bh de gb ge ie me rs va",
    23: "ae gi il iq om so tl",
    24: "ad cz dj es md pk ro sa se sk st tn vg",
    25: "ly pt",
    26: "is tr",
    27: "bi fr gr it mc mr sm",
    28: "al az by cy do gt hu lb ni pl sv",
    29: "br eg ps qa ua",
    30: "jo kw mu yt",
    31: "mt sc",
    32: "lc",
    33: "ru",
}
_AS_NUMBERS = {ord("a") + place: str(10 + place) for place in range(26)}
_IBAN_LENGTHS = {
    country: length for length, countries in _IBAN_COUNTRIES.items() for country in countries.split()
}


def find(text: str) -> tuple[Detail, ...]:
    """The personal details in the text, in order, each with its place in the text as given."""
    folded = folding.plain(text)
    plain = folded.text
    if "/" in plain or "www" in plain:
        plain = _LINK.sub(_blank, plain)
    has_digits = _DIGIT.search(plain) is not None
    found = list(_mails(plain))
    if has_digits:
        plain = _OTHER_DIGIT.sub(_ascii_digit, plain) if not plain.isascii() else plain
        found += _banks(plain)
    if has_digits or any(word in plain for word in _MAY_BE_SPOKEN):
        found += _phones(_hidden(plain, found))
    placed = (_placed(folded, detail) for detail in found)
    return tuple(sorted(placed, key=lambda detail: (detail.start, detail.end)))


def _mails(text: str) -> Iterator[Detail]:
    if not any(sign in text for sign in _MAY_BE_MAIL):
        return
    for at in _AT.finditer(text):
        domain = _DOMAIN_IN_WORDS if at.group("bare") else _DOMAIN
        host = domain.match(text, at.end(), at.end() + _LONGEST_DOMAIN)
        local = _LOCAL_BACKWARDS.match(_backwards(text, at.start())) if host else None
        name = local.group()[::-1].lstrip(".+'’-") if local else ""
        if name and host:
            value = f"{name}@{re.sub(_DOT_IN_WORDS, '.', host.group()).replace(' ', '')}"
            yield Detail(MAIL, value, at.start() - len(name), host.end())
        elif at.group() == " @ ":
            yield from _spaced_mail(text, at)


def _spaced_mail(text: str, at: re.Match[str]) -> Iterator[Detail]:
    """`a n n a @ e x a m p l e . o r g`"""
    local = _SPACED_BACKWARDS.match(_backwards(text, at.start() + 1))
    host = _SPACED_DOMAIN.match(text, at.end() - 1, at.end() + _LONGEST_DOMAIN)
    if local and host:
        start = at.start() + 1 - local.end()
        yield Detail(MAIL, text[start : host.end()].replace(" ", ""), start, host.end())


def _backwards(text: str, end: int) -> str:
    return text[max(0, end - _LONGEST_LOCAL) : end][::-1]


def _banks(text: str) -> Iterator[Detail]:
    for head in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(head.group()[:2])
        if length is None:
            continue
        compact = re.sub("[ -]", "", text[head.start() : head.start() + 2 * length])
        value = compact[:length]
        if len(value) == length and value.isascii() and value.isalnum() and _is_iban(value):
            yield Detail(BANK, value, head.start(), _end_of(text, head.start(), length))


def _end_of(text: str, start: int, length: int) -> int:
    """Where the last of so many letters and digits ends, spaces and hyphens not counted."""
    signs = (place for place in range(start, len(text)) if text[place] not in " -")
    return next(islice(signs, length - 1, None)) + 1


def _is_iban(value: str) -> bool:
    """Whether the check digits are right: ISO 13616, the remainder by 97."""
    return int((value[4:] + value[:4]).translate(_AS_NUMBERS)) % 97 == 1


def _phones(text: str) -> Iterator[Detail]:
    text = _DATE.sub(_blank, _WITH_LETTER_O.sub(_with_zeros, text))
    end = 0
    for match in sorted(_numbers(text), key=re.Match.start):
        if match.start() >= end:
            end = match.end()
            yield Detail(PHONE, re.sub(r"\D", "", match.group()), match.start(), end)
    if any(word in text for word in _MAY_BE_SPOKEN):
        yield from _spoken(text)


def _numbers(text: str) -> Iterator[re.Match[str]]:
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            groups = re.split(r"\D+", match.group())
            counts_up = " " in match.group() and max(map(len, groups)) == 1
            if not counts_up and _BOOK.search(text, max(0, match.start() - 8), match.start()) is None:
                yield match


def _spoken(text: str) -> Iterator[Detail]:
    for run in _SPOKEN_RUN.finditer(text):
        digits, times = "", 1
        for word in re.split(r"[ ,.-]+", run.group()):
            digits += times * _SPOKEN.get(word, word if word.isdigit() else "")
            times = _TIMES.get(word, 1)
        if digits[:1] == "0" and _FEWEST_SPOKEN <= len(digits) <= _MOST_SPOKEN:
            yield Detail(PHONE, digits, run.start(), run.end())


def _ascii_digit(match: re.Match[str]) -> str:
    return str(unicodedata.digit(match.group()))


def _with_zeros(match: re.Match[str]) -> str:
    run = match.group()
    return run.replace("o", "0") if sum(map(str.isdigit, run)) > 1 else run


def _hidden(text: str, found: list[Detail]) -> str:
    """The text with blanks where a detail was found, so that nothing is found twice."""
    for detail in found:
        text = text[: detail.start] + " " * (detail.end - detail.start) + text[detail.end :]
    return text


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _placed(folded: folding.Folded, detail: Detail) -> Detail:
    """The detail with its span in the text before folding."""
    start, end = folded.source_span(detail.start, detail.end)
    return detail._replace(start=start, end=end)

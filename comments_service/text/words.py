"""Word lists: finding a site's words in a text, however they are dressed up, and only whole words."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import NamedTuple

from . import characters, folding

# Scripts written without spaces: each letter is a token of its own, so that a listed word is found inside a
# sentence.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PICTURES = "\u2190-\u2bff\U0001f000-\U0001faff"
_LETTER = rf"[^\W_{_UNSPACED}]"
_ALONE = rf"[{_UNSPACED}{_PICTURES}][{characters.MARKS}]*"
_WORD = re.compile(rf"{_ALONE}|{_LETTER}(?:{_LETTER}|[{characters.MARKS}])*")
_ASCII_WORD = re.compile("[a-z0-9]+")
_PICTURE = re.compile(f"[{_PICTURES}]")
# As _WORD, but symbols that stand for letters belong to the word; see folding for where they may stand (and
# that only the first of a run of leading ones is tried keeps it linear).
_LEADING = re.escape(folding.LEADING_SYMBOLS)
_WORD_WITH_SYMBOLS = re.compile(
    rf"{_ALONE}|(?<![{_LEADING}])[{_LEADING}]*{_LETTER}"
    rf"(?:{_LETTER}|[{characters.MARKS}]|[{re.escape(folding.LEET_SYMBOLS)}]+(?={_LETTER})|\$+)*"
)
_AMBIGUOUS = re.compile(r"[1!|]")
_DIGIT = re.compile(r"[013457]")
_STRETCHED = re.compile(r"(.)\1\1")
_HYPHENS_AT_LINE_ENDS = frozenset({"-\n", "-\r\n"})

# Letters that stand alone ("c l o w n"), always with the same short gap or with one sign each.
_SINGLE = rf"(?:[^\W_][{characters.MARKS}]*|[@$€])"
_APART = re.compile(
    rf"(?<![^\W_])(?:{_SINGLE}([\W_]{{1,3}}?)(?:{_SINGLE}\1)+{_SINGLE}"
    rf"|{_SINGLE}(?:[-._*~+|/,:;'’·•]{_SINGLE}){{2,}})(?![^\W_])"
)
_FEWEST_APART = 3
# Short tokens come again and again, and their readings are remembered.
LONGEST_REMEMBERED, MOST_REMEMBERED = 32, 4096
# English words of one letter that may stand before or after letters set apart: "a c l o w n".
_ONE_LETTER_WORDS = "ai"
# Parts of a word with one sign between them: "clo.wn", "cl_own".
# Begun at its first letter alone: begun at each, a long word would cost the square of its length.
_PARTED = re.compile(r"(?<![^\W_])[^\W_]+(?:[-._*~+][^\W_]+)+")
_MAY_BE_PARTED = re.compile(r"[-._*~+](?<=[^\W_].)[^\W_]")
_SHORTEST_PARTED = 4
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# Scripts with letters that are drawn like Latin ones.
_ALIKE = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "CANADIAN")


def tokens(folded: str) -> list[str]:
    """The words of a folded text in order; a picture, or a letter of a script without spaces, is one."""
    return (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)


@dataclass(frozen=True)
class Match:
    """A listed word and the span of the source text where it stands."""

    word: str
    start: int
    end: int


_short_unleet = lru_cache(maxsize=MOST_REMEMBERED)(folding.unleet)


class _Token(NamedTuple):
    text: str
    start: int
    end: int


class _Node(dict[str, "_Node"]):
    """A step in the trie of tokens; `word` is set where a listed word ends."""

    word: str | None = None


class Reading:
    """A text, folded and taken apart into tokens in every way that a word may be dressed up.

    ways: the whole text as tokens, read in one way each. phrase_ways: readings too bold for single words.
    joined: single words made of letters or parts set apart.
    """

    def __init__(self, text: str) -> None:
        self.source = text
        self.folded = folding.plain(text)
        folded = self.folded.text
        plain = _plain_tokens(folded)
        self.ways = list(_readings(folded, plain))
        self.phrase_ways: list[list[_Token]] = []
        self.joined: list[_Token] = []
        if _DIGIT.search(folded):
            self.phrase_ways.append([_read_whole(token) for token in plain])
        if not folded.isascii() and _PICTURE.search(folded):
            self.ways.append([token for token in plain if not _PICTURE.match(token.text)])
        apart = _letters_apart(folded, plain)
        if apart:
            self.joined += [word for run in apart for word in _words_apart(run)]
            self.phrase_ways += _with_runs(plain, apart)
        self.joined += _parted(folded)

    def is_honest(self, word: str, start: int, end: int) -> bool:
        """Whether what looks like a listed Latin word is one of another script, in a text of that script."""
        if not word.isascii():
            return False
        script = _script_alike(self.source[start:end])
        if script is None:
            return False
        elsewhere = self._scripts - Counter({script: end - start})
        return elsewhere[script] > 0 and elsewhere[script] * 2 >= elsewhere.total()

    @cached_property
    def _scripts(self) -> Counter[str]:
        return Counter(_script(letter) for letter in self.source if letter.isalpha())


class WordList:
    """Words and phrases to look for. Built once, in time linear in the words; kept between texts."""

    def __init__(self, words: Iterable[str]) -> None:
        self._root = _Node()
        self._squeezed: dict[str, list[str]] = {}
        for word in words:
            self._add(word)

    def find(self, text: str) -> tuple[Match, ...]:
        """The listed words in the text, in order, each with its place in the text as given.

        A word is met whole, after folding: in other case, width, accents, look-alike letters, leet ("cl0wn"),
        with letters repeated three times or more ("clooown"), spaced out ("c l o w n", "c.l-o-w.n"), parted
        by one sign ("clo.wn"), or broken at a line's end. Words that merely contain a listed one are left
        alone, and so are numbers, unless the number itself is listed, and honest words of a script whose
        letters look Latin.
        """
        return self.find_in(Reading(text))

    def find_in(self, reading: Reading) -> tuple[Match, ...]:
        """As `find`, for a text that several lists look at: it is folded and taken apart once."""
        if not self._root:
            return ()
        found: dict[tuple[int, int], str] = {}
        for word, start, end in self._all(reading):
            found.setdefault((start, end), word)
        matches = (Match(word, *reading.folded.source_span(*span)) for span, word in found.items())
        honest = (match for match in matches if not reading.is_honest(match.word, match.start, match.end))
        return tuple(sorted(honest, key=lambda match: (match.start, match.end, match.word)))

    def _add(self, word: str) -> None:
        spelt = unicodedata.normalize("NFC", word).lower()
        for spelling in dict.fromkeys((spelt, spelt.translate(_UMLAUTS))):
            folded = folding.plain(spelling).text
            for tokens in _readings(folded, _tokens(_WORD, folded), listed=True):
                self._add_tokens(word, tokens)

    def _add_tokens(self, word: str, tokens: list[_Token]) -> None:
        node = self._root
        for token in tokens:
            node = node.setdefault(token.text, _Node())
            self._remember(token.text)
        if tokens and node.word is None:
            node.word = word

    def _remember(self, token: str) -> None:
        alike = self._squeezed.setdefault(_squeeze(token), [])
        if token not in alike:
            alike.append(token)

    def _all(self, reading: Reading) -> Iterator[tuple[str, int, int]]:
        for tokens in reading.ways:
            yield from self._in_tokens(tokens)
        for tokens in reading.phrase_ways:
            yield from self._in_tokens(tokens, fewest=2)
        for text, start, end in reading.joined:
            node = self._root.get(self._unstretched(text))
            if node is not None and node.word is not None:
                yield node.word, start, end

    def _in_tokens(self, tokens: list[_Token], *, fewest: int = 1) -> Iterator[tuple[str, int, int]]:
        """The longest listed word that begins at each token, of so many tokens or more."""
        texts = [token.text for token in tokens]
        if _STRETCHED.search(" ".join(texts)):
            texts = [self._unstretched(text) for text in texts]
        if self._root.keys().isdisjoint(texts):
            return  # as nearly always
        for first, token in enumerate(tokens):
            node = self._root
            if texts[first] not in node:
                continue
            longest = None
            for place in range(first, len(tokens)):
                step = node.get(texts[place])
                if step is None:
                    break
                node = step
                if node.word is not None and place - first + 1 >= fewest:
                    longest = node.word, token.start, tokens[place].end
            if longest is not None:
                yield longest

    def _unstretched(self, token: str) -> str:
        """The listed token that this one is with letters repeated, or the token itself.

        Only three or more of a letter count as repeated: "as" is never "ass", nor "ass" "as".
        """
        if not token.isalpha() or _STRETCHED.search(token) is None:
            return token
        for listed in self._squeezed.get(_squeeze(token), ()):
            if _is_stretched(token, listed):
                return listed
        return token


def _readings(folded: str, plain: list[_Token], *, listed: bool = False) -> Iterator[list[_Token]]:
    """The ways to read a text as tokens: as it stands, with leet digits, with leet symbols; `1` is i or l.

    A listed word with symbols is read with them only: `a$$` must not put "a" on the list.
    """
    has_symbols = folding.HAS_SYMBOL.search(folded) is not None
    with_symbols = _tokens(_WORD_WITH_SYMBOLS, folded) if has_symbols else plain
    if not (listed and len(with_symbols) and with_symbols != plain):
        yield plain
        if _DIGIT.search(folded):
            yield from _unleet(plain, folded)
    if with_symbols != plain:
        yield from _unleet(with_symbols, folded)


def _unleet(tokens: list[_Token], folded: str) -> Iterator[list[_Token]]:
    yield [_unleet_token(token) for token in tokens]
    if _AMBIGUOUS.search(folded):
        yield [_unleet_token(token, one_is="l") for token in tokens]


def _unleet_token(token: _Token, *, one_is: str = "i") -> _Token:
    return token if token.text.isalpha() else _reread(token, one_is, always=False)


def _read_whole(token: _Token) -> _Token:
    """Digits read as letters wherever a letter stands beside them: `0f` is "of", in a phrase."""
    return token if token.text.isalpha() or token.text.isdigit() else _reread(token, "i", always=True)


def _reread(token: _Token, one_is: str, *, always: bool) -> _Token:
    # A text of ten thousand fractions and pictures has nine readings, which took half a second.
    read = _short_unleet if len(token.text) <= LONGEST_REMEMBERED else folding.unleet
    text = read(token.text, one_is=one_is, always=always)
    return token if text == token.text else _Token(text, token.start, token.end)


def _plain_tokens(folded: str) -> list[_Token]:
    tokens = _tokens(_ASCII_WORD if folded.isascii() else _WORD, folded)
    if any(hyphen in folded for hyphen in _HYPHENS_AT_LINE_ENDS):
        return _unbroken(folded, tokens)
    return tokens


def _unbroken(folded: str, tokens: list[_Token]) -> list[_Token]:
    """Words that a hyphen broke at the end of a line, whole again."""
    whole: list[_Token] = []
    for token in tokens:
        if whole and folded[whole[-1].end : token.start] in _HYPHENS_AT_LINE_ENDS:
            whole[-1] = _Token(whole[-1].text + token.text, whole[-1].start, token.end)
        else:
            whole.append(token)
    return whole


def _tokens(pattern: re.Pattern[str], folded: str) -> list[_Token]:
    return [_Token(match.group(), match.start(), match.end()) for match in pattern.finditer(folded)]


def _letters_apart(folded: str, tokens: list[_Token]) -> list[list[_Token]]:
    """Runs of letters that stand alone with the same short gap, or one sign each, between them."""
    alone = "".join(["1" if len(token.text) == 1 else " " for token in tokens])
    if "1" * _FEWEST_APART not in alone and not any(symbol in folded for symbol in "@$€"):
        return []
    return [
        [
            _Token(single.group(), run.start() + single.start(), run.start() + single.end())
            for single in re.finditer(_SINGLE, run.group())
        ]
        for run in _APART.finditer(folded)
    ]


def _words_apart(run: list[_Token]) -> Iterator[_Token]:
    """What the letters of a run may spell, with and without words of one letter beside them."""
    for begin, end in ((0, len(run)), (1, len(run)), (0, len(run) - 1), (1, len(run) - 1)):
        cut = run[:begin] + run[end:]
        if end - begin >= _FEWEST_APART and all(letter.text in _ONE_LETTER_WORDS for letter in cut):
            for spelt in _spellings("".join(letter.text for letter in run[begin:end])):
                yield _Token(spelt, run[begin].start, run[end - 1].end)


def _with_runs(tokens: list[_Token], runs: list[list[_Token]]) -> Iterator[list[_Token]]:
    """The tokens with a word in place of each run of letters, for phrases: "g o  h o m e"."""
    words = [_Token("".join(letter.text for letter in run), run[0].start, run[-1].end) for run in runs]
    starts = [word.start for word in words]
    rest = []
    for token in tokens:
        place = bisect_right(starts, token.start) - 1
        if place < 0 or token.start >= words[place].end:
            rest.append(token)
    whole = sorted(rest + words, key=lambda token: token.start)
    for one_is in ("i", "l"):
        yield [_unleet_token(token, one_is=one_is) for token in whole]


def _parted(folded: str) -> Iterator[_Token]:
    if _MAY_BE_PARTED.search(folded) is None:
        return
    for match in _PARTED.finditer(folded):
        joined = "".join(filter(str.isalnum, match.group()))
        if len(joined) >= _SHORTEST_PARTED:
            for spelt in _spellings(joined):
                yield _Token(spelt, match.start(), match.end())


def _spellings(joined: str) -> Iterable[str]:
    if joined.isalpha():
        return (joined,)
    always = not any(map(str.isalnum, joined))  # "@.$.$"
    readings = (folding.unleet(joined, one_is=one_is, always=always) for one_is in ("i", "l"))
    return dict.fromkeys((joined, *readings))


def _script_alike(text: str) -> str | None:
    """The one script of all its letters, if it is one whose letters look Latin."""
    scripts = {_script(letter) for letter in text if letter.isalpha()}
    script = scripts.pop() if len(scripts) == 1 else None
    return script if script in _ALIKE else None


def _script(letter: str) -> str:
    """The script by the first word of the letter's Unicode name."""
    return "LATIN" if letter.isascii() else unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]


def _squeeze(token: str) -> str:
    return "".join(letter for letter, _ in groupby(token))


def _is_stretched(token: str, listed: str) -> bool:
    """Whether the token is the listed one with runs of three letters or more for shorter runs of the same."""
    runs = zip(_run_lengths(token), _run_lengths(listed), strict=True)
    return all(listed_run <= run if run > 2 else listed_run == run for run, listed_run in runs)


def _run_lengths(token: str) -> list[int]:
    return [len(list(run)) for _, run in groupby(token)]

"""Word lists: finding a site's words in a text, however they are dressed up, and only whole words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
_SYMBOL = re.compile(f"[{re.escape(folding.LEET_SYMBOLS)}]")
# As _WORD, but symbols that stand for letters belong to the word; see folding for where they may stand (and
# that only the first of a run of `@` is tried keeps it linear).
_WORD_WITH_SYMBOLS = re.compile(
    rf"{_ALONE}|(?<![@$])[@$]*{_LETTER}(?:{_LETTER}|[{characters.MARKS}]|[{re.escape(folding.LEET_SYMBOLS)}]+(?={_LETTER})|\$+)*"
)
_AMBIGUOUS = re.compile(r"[1!|]")
_DIGIT = re.compile(r"[013457]")
_STRETCHED = re.compile(r"(.)\1\1")

_WIDEST_GAP = 3
_SHORTEST_SPACED = 3
# English words of one letter that may stand before or after letters spaced out: "a c l o w n".
_ONE_LETTER_WORDS = "ai"


def tokens(folded: str) -> list[str]:
    """The words of a folded text in order; a picture, or a letter of a script without spaces, is one."""
    return (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)


@dataclass(frozen=True)
class Match:
    """A listed word and the span of the source text where it stands."""

    word: str
    start: int
    end: int


class _Token(NamedTuple):
    text: str
    start: int
    end: int


class _Node(dict[str, "_Node"]):
    """A step in the trie of tokens; `word` is set where a listed word ends."""

    word: str | None = None


class Reading:
    """A text, folded and taken apart into tokens in every way that a word may be dressed up."""

    def __init__(self, text: str) -> None:
        self.folded = folding.plain(text)
        folded = self.folded.text
        self.ways = [(tokens, list(_single_letters(folded, tokens))) for tokens in _readings(folded)]


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
        with letters repeated three times or more ("clooown") or spaced out ("c l o w n", "c.l.o.w.n"). Words
        that merely contain a listed one are left alone, and so are numbers, unless the number itself is
        listed.
        """
        return self.find_in(Reading(text))

    def find_in(self, reading: Reading) -> tuple[Match, ...]:
        """As `find`, for a text that several lists look at: it is folded and taken apart once."""
        if not self._root:
            return ()
        found: dict[tuple[int, int], str] = {}
        for tokens, spaced in reading.ways:
            for word, start, end in (*self._in_tokens(tokens), *self._spaced_out(spaced)):
                found.setdefault((start, end), word)
        matches = (Match(word, *reading.folded.source_span(*span)) for span, word in found.items())
        return tuple(sorted(matches, key=lambda match: (match.start, match.end, match.word)))

    def _add(self, word: str) -> None:
        for tokens in _readings(folding.plain(word).text, listed=True):
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

    def _in_tokens(self, tokens: list[_Token]) -> Iterator[tuple[str, int, int]]:
        """The longest listed word that begins at each token."""
        texts = [token.text for token in tokens]
        if _STRETCHED.search(" ".join(texts)):
            texts = [self._unstretched(text) for text in texts]
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
                if node.word is not None:
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

    def _spaced_out(self, runs: list[list[_Token]]) -> Iterator[tuple[str, int, int]]:
        for run in runs:
            for letters in _without_one_letter_words(run):
                joined = "".join(letter.text for letter in letters)
                for reading in dict.fromkeys(
                    (joined, folding.unleet(joined), folding.unleet(joined, one_is="l"))
                ):
                    node = self._root.get(self._unstretched(reading))
                    if node is not None and node.word is not None:
                        yield node.word, letters[0].start, letters[-1].end


def _readings(folded: str, *, listed: bool = False) -> Iterator[list[_Token]]:
    """The ways to read a text as tokens: as it stands, with leet digits, with leet symbols; `1` is i or l.

    A listed word with symbols is read with them only: `a$$` must not put "a" on the list.
    """
    has_symbols = _SYMBOL.search(folded) is not None
    plain = _tokens(_WORD, folded)
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
    if token.text.isalpha():
        return token
    return token._replace(text=folding.unleet(token.text, one_is=one_is))


def _tokens(pattern: re.Pattern[str], folded: str) -> list[_Token]:
    return [_Token(match.group(), match.start(), match.end()) for match in pattern.finditer(folded)]


def _single_letters(text: str, tokens: list[_Token]) -> Iterator[list[_Token]]:
    """Runs of letters that stand alone with the same short gap between them all."""
    if [len(token.text) for token in tokens].count(1) < _SHORTEST_SPACED:
        return
    run: list[_Token] = []
    gap = ""
    for token in tokens:
        between = text[run[-1].end : token.start] if run else ""
        if len(token.text) == 1 and gap and between == gap:
            run.append(token)
            continue
        if len(run) >= _SHORTEST_SPACED:
            yield run
        if len(token.text) > 1:
            run, gap = [], ""
        elif run and 0 < len(between) <= _WIDEST_GAP:
            # Another gap: the letter before it may be the first of this run ("I  c-l-o-w-n").
            run, gap = [run[-1], token], between
        else:
            run, gap = [token], ""
    if len(run) >= _SHORTEST_SPACED:
        yield run


def _without_one_letter_words(run: list[_Token]) -> Iterator[list[_Token]]:
    yield run
    for begin, end in ((1, len(run)), (0, len(run) - 1), (1, len(run) - 1)):
        cut = run[:begin] + run[end:]
        if end - begin >= _SHORTEST_SPACED and all(letter.text in _ONE_LETTER_WORDS for letter in cut):
            yield run[begin:end]


def _squeeze(token: str) -> str:
    return "".join(letter for letter, _ in groupby(token))


def _is_stretched(token: str, listed: str) -> bool:
    """Whether the token is the listed one with runs of three letters or more for shorter runs of the same."""
    runs = zip(_run_lengths(token), _run_lengths(listed), strict=True)
    return all(listed_run <= run if run > 2 else listed_run == run for run, listed_run in runs)


def _run_lengths(token: str) -> list[int]:
    return [len(list(run)) for _, run in groupby(token)]

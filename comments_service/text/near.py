"""Near duplicates: what finds a text that was nearly said before, and how alike two texts are.

What counts is the text's content words after folding, in runs: case, look-alikes, invisible characters,
punctuation, pictures, numbers, links, quoted lines and short words ("and", "the") may all change. Each run
has a hash. Of a text the two least are stored, and another is looked for by its three least: as the order of
hashes has nothing to do with the text, a run that both have is likely to be among the least of both. So a
copy with some words changed is found by six looks into two indexes, among any number of comments.
"""

from __future__ import annotations

import re
from typing import TypeAlias
from zlib import crc32

from . import folding, words

Bands: TypeAlias = tuple[int | None, int | None, int | None]

# Folded characters without quotes: shorter texts ("Well said!") are alike by chance.
SHORTEST = 80
ALIKE = 0.4
NO_BANDS: Bands = (None, None, None)

_RUN, _PAIR = 3, 2
_FEWEST_RUNS = 3
_SHORT_WORD = 3
_QUOTE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_LINK = re.compile(r"(?:https?:/{2}|www\.)\S+")
_BITS = 63
_MASK = (1 << _BITS) - 1
_SPREAD = 0x9E3779B97F4A7C15


def bands(body: str) -> Bands:
    """The three least hashes of 63 bits, the least first; short texts have none (NO_BANDS).

    Stored hashes rely on how they are made.
    """
    text = _own(body)
    if len(text) < SHORTEST:
        return NO_BANDS
    runs = _runs(_content(text), _RUN)
    if len(runs) < _FEWEST_RUNS:
        return NO_BANDS
    first, second, third = sorted(
        [crc32(run.encode("utf-8", "surrogatepass")) * _SPREAD & _MASK for run in runs]
    )[:_FEWEST_RUNS]
    return first, second, third


def pairs(body: str) -> frozenset[str]:
    """What `likeness` compares: the pairs of content words that stand together."""
    return frozenset(_runs(_content(_own(body)), _PAIR))


def likeness(ours: frozenset[str], theirs: frozenset[str]) -> float:
    """From 0 (nothing in common) to 1: the share of the pairs of two texts that both of them have."""
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0


def _own(body: str) -> str:
    """The folded text without what it quotes and where it links."""
    text = folding.fold(body).text
    if ">" in text:
        text = _QUOTE.sub("", text)
    if "/" in text or "www" in text:
        text = _LINK.sub("", text)
    return text


def _content(text: str) -> list[str]:
    """The words that carry the content: no numbers or pictures; Latin words from four letters up."""
    return [
        word
        for word in words.tokens(text)
        if word[0].isalpha() and (len(word) > _SHORT_WORD or not word.isascii())
    ]


def _runs(content: list[str], length: int) -> set[str]:
    shifted = (content[start:] for start in range(length))
    return set(map(" ".join, zip(*shifted, strict=False)))

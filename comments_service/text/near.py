"""Near duplicates: what finds a text that was nearly said before, and how alike two texts are.

What counts is the text's content words after folding, in runs: case, look-alikes, invisible characters,
punctuation, pictures, numbers, links, quoted lines and short words ("and", "the") may all change. A text's
bands are the least of its runs' hashes in four orders (MinHash): two texts that share a part p of their runs
agree in each band with the chance p, so a copy with a few words changed is found through one of four equal
numbers, by four looks into an index, among any number of comments.
"""

from __future__ import annotations

import re
from random import Random
from typing import TypeAlias
from zlib import crc32

from . import folding, words

Bands: TypeAlias = tuple[int | None, int | None, int | None, int | None]

# Folded characters without quotes: shorter texts ("Well said!") are alike by chance.
SHORTEST = 80
ALIKE = 0.4
NO_BANDS: Bands = (None, None, None, None)

_RUN, _PAIR = 3, 2
_FEWEST_RUNS = 3
_SHORT_WORD = 3
_QUOTE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_LINK = re.compile(r"(?:https?:/{2}|www\.)\S+")
_BITS = 63
_MASK = (1 << _BITS) - 1
_SPREAD = 0x9E3779B97F4A7C15
# What one hash is mixed with to be ordered in four ways; stored bands rely on the seed.
_ORDERS = [Random(order).getrandbits(_BITS) for order in range(4)]  # noqa: S311 (mixing, no secret)


def bands(body: str) -> Bands:
    """Four numbers of 63 bits; a near duplicate shares one at least. Short texts have none (NO_BANDS)."""
    text = _own(body)
    if len(text) < SHORTEST:
        return NO_BANDS
    runs = _runs(_content(text), _RUN)
    if len(runs) < _FEWEST_RUNS:
        return NO_BANDS
    hashes = [crc32(run.encode("utf-8", "surrogatepass")) * _SPREAD & _MASK for run in runs]
    first, second, third, fourth = (min(map(order.__xor__, hashes)) for order in _ORDERS)
    return first, second, third, fourth


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

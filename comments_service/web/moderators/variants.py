"""What differs between near duplicates: one text shown once, with how many versions each place has."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

WORDS = re.compile(r"\s+|\w+(?:[.-]\w+)*|[^\w\s]", re.UNICODE)
# Comparing costs the product of both lengths: an advert is shorter, and more copies say nothing new.
MOST_TOKENS = 400
MOST_COMPARED = 40
JOINED_BELOW = 3  # fewer common tokens between two differences join them

Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True)
class Piece:
    """A stretch of the text; `versions` are what stands there in the copies, none where all agree."""

    text: str
    versions: tuple[str, ...] = ()


def pieces(texts: Sequence[str]) -> list[Piece]:
    """The first text in pieces, those that vary with their versions, the first text's own first."""
    tokens = [WORDS.findall(text)[:MOST_TOKENS] for text in texts[:MOST_COMPARED]]
    base = tokens[0]
    # As in `diffs`, what fills a text joins no stretches: forty copies made to cost took as many seconds.
    changes = [SequenceMatcher(None, base, other).get_opcodes() for other in tokens[1:]]
    found, at = [], 0
    for start, end in _varying(base, changes):
        if start > at:
            found.append(Piece("".join(base[at:start])))
        own = "".join(base[start:end])
        others = (
            "".join(other[_begin(opcodes, start) : _end(opcodes, end)])
            for other, opcodes in zip(tokens[1:], changes, strict=True)
        )
        versions = tuple(dict.fromkeys(text.strip() for text in (own, *others) if text.strip()))
        lead, trail = len(own) - len(own.lstrip()), len(own.rstrip())
        found += [Piece(own[:lead]), Piece(own[lead:trail], versions), Piece(own[trail:])]
        at = end
    found.append(Piece("".join(base[at:])))
    return [piece for piece in found if piece.text]


def _varying(base: Sequence[str], changes: Sequence[Sequence[Opcode]]) -> list[tuple[int, int]]:
    """The stretches of `base` that some copy changes, those that nearly touch as one."""
    spans = sorted(
        # What a copy inserts belongs to the word before it.
        (max(0, first - (first == last)), last)
        for opcodes in changes
        for kind, first, last, _, _ in opcodes
        if kind != "equal" and last > 0
    )
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1] + JOINED_BELOW and not _has_word(base[joined[-1][1] : start]):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _has_word(tokens: Sequence[str]) -> bool:
    return any(token[0].isalnum() for token in tokens)


def _begin(opcodes: Sequence[Opcode], place: int) -> int:
    """Where in the copy the stretch begins that begins at `place` in the first text."""
    kind, first, _, start, _ = opcodes[bisect_right(opcodes, place, key=lambda one: one[1]) - 1]
    return start + (place - first if kind == "equal" else 0)


def _end(opcodes: Sequence[Opcode], place: int) -> int:
    """Where it ends."""
    ended = 0
    for kind, first, last, start, end in opcodes:
        if last <= place:
            ended = end
        elif first < place and kind == "equal":
            return start + place - first
    return ended

"""What changed between two revisions of a text, word by word, as prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from markupsafe import Markup, escape

WORDS = re.compile(r"\s+|\w+|[^\w\s]", re.UNICODE)
# Beyond this, comparing costs seconds: then the whole text counts as replaced.
MOST_TOKENS = 3_000
CONTEXT = 12  # tokens kept on each side of a change
DEL, INS = Markup("<del>{}</del>"), Markup("<ins>{}</ins>")
LONE_TOKENS = 3  # fewer unchanged ones between two changes join them

Change = tuple[str, int, int, int, int]


@dataclass(frozen=True)
class Diff:
    """Old and new in one text with `<del>` and `<ins>`, and how many words went and came."""

    html: Markup
    removed: int
    added: int


def diff(old: str, new: str) -> Diff:
    """Compare two texts; unchanged stretches are shortened to `…`."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    pieces: list[Markup] = []
    removed = added = 0
    changes = _changes(before, after)
    for place, (kind, first, last, start, end) in enumerate(changes):
        if kind == "equal":
            kept = _shortened(
                before[first:last], first_piece=place == 0, last_piece=place == len(changes) - 1
            )
            pieces.append(escape(kept))
            continue
        removed += _words(before[first:last])
        added += _words(after[start:end])
        pieces.append(_tagged(DEL, before[first:last]))
        if pieces[-1] and start != end:
            pieces.append(Markup(" "))
        pieces.append(_tagged(INS, after[start:end]))
    return Diff(Markup("").join(pieces), removed, added)


def _changes(before: list[str], after: list[str]) -> list[Change]:
    if len(before) + len(after) > MOST_TOKENS:
        return [("replace", 0, len(before), 0, len(after))]
    # What fills a text (its "autojunk") joins no stretches: with it a text of full stops costs half a minute.
    matcher = SequenceMatcher(None, before, after)
    joined: list[Change] = []
    for change in matcher.get_opcodes():
        kind, first, last, start, end = change
        lone = kind == "equal" and last - first <= LONE_TOKENS and joined and last != len(before)
        if joined and (lone or (kind != "equal" and joined[-1][0] != "equal")):
            _, was_first, _, was_start, _ = joined.pop()
            joined.append(("replace", was_first, last, was_start, end))
        else:
            joined.append((kind, first, last, start, end))
    return joined


def _shortened(tokens: list[str], *, first_piece: bool, last_piece: bool) -> str:
    head = 0 if first_piece else CONTEXT
    tail = 0 if last_piece else CONTEXT
    if len(tokens) <= head + tail + CONTEXT:
        return "".join(tokens)
    return "".join(tokens[:head]) + "…" + "".join(tokens[len(tokens) - tail :] if tail else [])


def _tagged(tag: Markup, tokens: list[str]) -> Markup:
    text = "".join(tokens)
    if not text:
        return Markup("")
    stripped = text.strip()
    if not stripped:
        return escape(text)
    lead = text[: len(text) - len(text.lstrip())]
    trail = text[len(text.rstrip()) :]
    # Only the words are marked; the space around them is not news.
    return escape(lead) + tag.format(stripped) + escape(trail)


def _words(tokens: list[str]) -> int:
    return sum(1 for token in tokens if token[:1].isalnum())

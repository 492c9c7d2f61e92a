"""Word lists: words that refuse a comment and words that hold it, in the body or in the name."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..errors import Invalid
from ..text.words import Reading, WordList
from .draft import PUBLISH, Draft, Found, Verdict, hold, refuse

HELD = "Some words are read by a moderator before they appear."
MOST_MARKED = 20


def check(session: Session, draft: Draft) -> Verdict:
    """Refuses with the words the site refuses, holds with the words it wants to read first."""
    policy = draft.policy
    if not (policy.words_refused or policy.words_held):
        return PUBLISH
    body, name = Reading(draft.body), Reading(draft.name)
    # Without markup both are the same text, which need not be looked through twice.
    shown = Reading(draft.shown) if draft.shown != draft.body else None
    refused = policy.refused_words()
    for field, reading in (("body", body), ("body", shown), ("name", name)):
        matches = refused.find_in(reading) if reading else ()
        if matches:
            message = f"Please leave out “{matches[0].word}”."
            return refuse(Invalid.field(field, "word", message))
    evidence = _evidence(policy.held_words(), body, shown, name)
    return hold(HELD, *evidence) if evidence else PUBLISH


def _evidence(words: WordList, body: Reading, shown: Reading | None, name: Reading) -> list[Found]:
    in_body = [
        Found("words", match.word, f"“{match.word}” is on the list of held words.", match.start, match.end)
        for match in words.find_in(body)[:MOST_MARKED]
    ]
    marked = {found.rule for found in in_body}
    in_rendering = [
        Found("words", match.word, f"“{match.word}”, hidden by formatting, is on the list of held words.")
        for match in (words.find_in(shown) if shown else ())[:MOST_MARKED]
        if match.word not in marked
    ]
    in_name = [
        Found("words", match.word, f"“{match.word}” in the name is on the list of held words.")
        for match in words.find_in(name)[:1]
    ]
    return in_body + in_rendering + in_name

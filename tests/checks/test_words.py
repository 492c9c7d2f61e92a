"""Word lists against the labelled set: what is caught, what is held without reason, what is marked."""

from __future__ import annotations

import pytest

from comments_service.text.render import render
from comments_service.text.words import Match, WordList

from .labels import LABELLED, documented

WORDS = WordList(LABELLED["words_held"])
LEAST_CAUGHT = 0.95
MOST_HELD_INNOCENT = 0.005


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[Match, ...]]:
    """What is found in each labelled line, as sent or as a reader sees it."""
    return {
        line["id"]: WORDS.find(line["text"]) or WORDS.find(render(line["text"]).text)
        for line in LABELLED["lines"]
    }


def test_disguised_words_are_caught_and_innocent_ones_left_alone(found: dict[str, tuple[Match, ...]]) -> None:
    missed = [line for line in _lines("held") if not found[line["id"]]]
    falsely = [line for line in _lines("innocent") if found[line["id"]]]
    held, innocent = len(_lines("held")), len(_lines("innocent"))
    assert len(missed) <= (1 - LEAST_CAUGHT) * held, missed
    assert len(falsely) <= MOST_HELD_INNOCENT * innocent, falsely
    assert documented("word lists") == [f"{held - len(missed)} of {held}", f"{len(falsely)} of {innocent}"]


def test_what_is_marked_is_the_disguised_word_itself() -> None:
    marked = [(line["text"], match) for line in _lines("held") for match in WORDS.find(line["text"])]
    assert len(marked) > 400
    for text, match in marked:
        word = text[match.start : match.end]
        assert (match.word, 0, len(word)) in [
            (again.word, again.start, again.end) for again in WORDS.find(word)
        ], (text, match)


def _lines(label: str) -> list[dict[str, str]]:
    return [line for line in LABELLED["lines"] if line["label"] == label]

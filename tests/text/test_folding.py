"""Folding."""

from __future__ import annotations

import pytest
from hypothesis import given

from comments_service.text.folding import fold

from .samples import any_text, quick


@pytest.mark.parametrize(
    ("source", "folded"),
    [
        ("CLOWN", "clown"),
        ("Ｃｌｏｗｎ", "clown"),
        ("сlоwn", "clown"),
        ("c\u200bl\u00adown", "clown"),
        ("clówn clo\u0301wn", "clown clown"),
        ("𝓬𝓵𝓸𝔀𝓷 ⓒⓛⓞⓦⓝ", "clown clown"),
        ("h4t3 a$$ @ss sh!t", "hate ass ass shit"),
        ("Straße ﬁn", "strasse fin"),
        ("κλόουν", "kλoouv"),
    ],
)
def test_disguises_fold_to_the_plain_word(source: str, folded: str) -> None:
    assert fold(source).text == folded


@pytest.mark.parametrize(
    "text", ["1951", "section 4", "a55", "m25", "4", "$500", "hello!", "10:30", "3.14", "wow!!", "50%"]
)
def test_numbers_and_marks_stay(text: str) -> None:
    assert fold(text).text == text


def test_vowel_signs_of_other_scripts_stay() -> None:
    assert fold("हिन्दी").text == "हिन्दी"


def test_a_folded_span_leads_back_to_its_source() -> None:
    source = "ﬁne c\u200bl\u0301OWN."
    folded = fold(source)
    assert folded.text == "fine clown."
    assert source[slice(*folded.source_span(5, 10))] == "c\u200bl\u0301OWN"
    assert folded.source_span(0, 1) == folded.source_span(1, 2) == (0, 1)
    assert folded.source_span(11, 11) == (len(source), len(source))
    assert folded.source_span(0, 0) == (0, 0)


@quick
@given(any_text)
def test_spans_are_inside_the_source_and_in_order(source: str) -> None:
    folded = fold(source)
    before = 0
    for place in range(len(folded.text)):
        start, end = folded.source_span(place, place + 1)
        assert before <= start < end <= len(source)
        assert folded.text[place] in fold(source).text
        before = start
    assert folded.source_span(0, len(folded.text))[1] <= len(source)


@quick
@given(any_text)
def test_folding_again_changes_nothing_for_words(source: str) -> None:
    word = "".join(letter for letter in fold(source).text if letter.isascii() and letter.isalpha())
    assert fold(word).text == word

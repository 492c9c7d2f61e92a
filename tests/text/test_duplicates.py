"""Duplicates."""

from __future__ import annotations

import pytest

from comments_service.text.duplicates import fingerprint


def test_a_fingerprint_has_sixteen_bytes() -> None:
    assert len(fingerprint("")) == len(fingerprint("a" * 10_000)) == 16


@pytest.mark.parametrize(
    "same", ["hello world", " Hello \n\n WORLD ", "he\u200bllo world", "ｈｅｌｌｏ world", "hеllо world"]
)
def test_the_same_words_in_disguise_have_the_same_fingerprint(same: str) -> None:
    assert fingerprint(same) == fingerprint("Hello world")


@pytest.mark.parametrize("other", ["Hello", "Hello worlds", "world Hello", "Hello world!"])
def test_other_words_have_another_fingerprint(other: str) -> None:
    assert fingerprint(other) != fingerprint("Hello world")


def test_numbers_stay_apart() -> None:
    assert fingerprint("It was 1951.") != fingerprint("It was 1957.")

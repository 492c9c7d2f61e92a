"""Slugs."""

from __future__ import annotations

import pytest
from hypothesis import given

from comments_service.errors import Invalid
from comments_service.text import slugs

from .samples import any_text, quick, refusal


def test_outer_slashes_and_spaces_are_trimmed_and_case_is_kept() -> None:
    assert slugs.normalise(" //Politics/Coalition-Talks/ / ") == "Politics/Coalition-Talks"


def test_inner_slashes_and_spaces_stay() -> None:
    assert slugs.normalise("a//b  c") == "a//b  c"


def test_a_slug_is_stored_composed() -> None:
    assert slugs.normalise("cafe\u0301") == "café"


@pytest.mark.parametrize("raw", ["", "/", " ", " / / "])
def test_a_slug_of_nothing_is_required(raw: str) -> None:
    assert refusal(lambda: slugs.normalise(raw)) == ("slug", "required")


def test_a_slug_has_at_most_512_characters_after_trimming_and_composing() -> None:
    assert len(slugs.normalise("/" + "a" * 512 + "/")) == 512
    assert len(slugs.normalise("e\u0301" * 512)) == 512
    assert refusal(lambda: slugs.normalise("a" * 513)) == ("slug", "too_long")
    assert refusal(lambda: slugs.normalise("e\u0301" * 513)) == ("slug", "too_long")


@pytest.mark.parametrize(
    "control", ["\0", "\t", "\n", "\x1f", "\x7f", "\x85", "\x9f", "\u2028", "\u2029", "\ud800"]
)
def test_control_characters_and_lone_surrogates_are_refused(control: str) -> None:
    assert refusal(lambda: slugs.normalise(f"a{control}b")) == ("slug", "characters")
    assert refusal(lambda: slugs.normalise(f"a{control}")) == ("slug", "characters")


def test_a_huge_slug_of_marks_is_refused_before_it_is_normalised() -> None:
    assert refusal(lambda: slugs.normalise("a" + "\u0301\u0323" * 500_000)) == ("slug", "too_long")


@quick
@given(any_text)
def test_normalising_again_changes_nothing(raw: str) -> None:
    try:
        slug = slugs.normalise(raw)
    except Invalid:
        return
    assert slugs.normalise(slug) == slug
    assert 1 <= len(slug) <= slugs.LONGEST

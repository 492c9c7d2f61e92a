"""Names."""

from __future__ import annotations

import pytest
from hypothesis import given

from comments_service.errors import Invalid
from comments_service.text import names

from .samples import any_text, quick, refusal


def test_white_space_is_collapsed_and_trimmed() -> None:
    assert names.normalise("  Ada \t\n\u00a0 Lovelace\u3000") == "Ada Lovelace"


def test_a_name_is_stored_composed() -> None:
    assert names.normalise("Zoe\u0308") == "Zoë"


@pytest.mark.parametrize(
    "raw", ["", " ", "\u200b", "\u200d\u200c", "\u3164", "\u2800", "\u00ad \u2060", "\n"]
)
def test_a_name_with_nothing_to_see_is_required(raw: str) -> None:
    assert refusal(lambda: names.normalise(raw)) == ("name", "required")


def test_a_name_has_at_most_60_characters() -> None:
    assert len(names.normalise(" " + "a" * 60 + " ")) == 60
    assert len(names.normalise("e\u0301" * 60)) == 60
    assert refusal(lambda: names.normalise("a" * 61)) == ("name", "too_long")
    assert refusal(lambda: names.normalise("e\u0301" * 61)) == ("name", "too_long")
    assert names.normalise("a" + " " * 5000 + "b") == "a b"


@pytest.mark.parametrize(
    "bad",
    ["\0", "\x01", "\x7f", "\x9f", "\ud800", chr(0xDFFF)]
    + [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)],
)
def test_control_bidi_and_surrogates_are_refused(bad: str) -> None:
    assert refusal(lambda: names.normalise(f"A{bad}da")) == ("name", "characters")


def test_three_marks_on_a_letter_are_fine_and_four_are_not() -> None:
    assert names.normalise("x" + "\u0336" * 3)
    assert refusal(lambda: names.normalise("x" + "\u0336" * 4)) == ("name", "marks")


def test_joiners_between_marks_do_not_begin_a_new_letter() -> None:
    assert refusal(lambda: names.normalise("x" + "\u0336\u200d" * 4)) == ("name", "marks")


@pytest.mark.parametrize(
    "name", ["علی‌رضا", "👩‍🚀 Sally", "நா. முத்துக்குமார்", "Nguyễn Thị Ánh", "מֹשֶׁה", "ณัฐฐ์ณิชา", "O’Brien-Smith"]
)
def test_names_of_the_world_stay_as_they_are(name: str) -> None:
    assert names.normalise(name) == name


@pytest.mark.parametrize(
    "disguise",
    [
        "ADMIN",
        "Ａｄｍｉｎ",
        "Adm1n",
        "adm!n",
        "аdmin",
        "A d m i n",
        "ad\u200bmin",
        "@dmin",
        "𝓐𝓭𝓶𝓲𝓷",
        "admín",
        "Admln",
        "-=admin=-",
        "ⓐⓓⓜⓘⓝ",
    ],
)
def test_a_disguised_name_folds_like_the_reserved_one(disguise: str) -> None:
    assert names.fold(disguise) == names.fold("admin")


@pytest.mark.parametrize(
    ("one", "other"), [("Anna", "Hanna"), ("Bob", "Rob"), ("张伟", "王伟"), ("🎈", "🎉")]
)
def test_different_names_fold_apart(one: str, other: str) -> None:
    assert names.fold(one) != names.fold(other)


@quick
@given(any_text)
def test_normalising_again_changes_nothing(raw: str) -> None:
    try:
        name = names.normalise(raw)
    except Invalid:
        return
    assert names.normalise(name) == name
    assert names.fold(name)

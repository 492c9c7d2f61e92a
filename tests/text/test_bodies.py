"""Bodies."""

from __future__ import annotations

import time

import pytest
from hypothesis import given

from comments_service.errors import Invalid
from comments_service.text import bodies

from .samples import any_text, quick, refusal


def normalise(raw: str) -> str:
    return bodies.normalise(raw, longest=10_000)


def test_line_ends_become_line_feeds_and_all_else_stays() -> None:
    assert normalise("  a\r\nb\rc\n\r\td e\u0301 \u200d ") == "  a\nb\nc\n\n\td e\u0301 \u200d "


def test_the_limit_counts_characters_after_line_ends_are_joined() -> None:
    assert bodies.normalise("ab\r\nc", longest=4) == "ab\nc"
    assert refusal(lambda: bodies.normalise("ab\r\ncd", longest=4)) == ("body", "too_long")
    assert len(normalise("😀" * 10_000)) == 10_000
    assert refusal(lambda: normalise("😀" * 10_001)) == ("body", "too_long")


@pytest.mark.parametrize("raw", ["", " \n\t ", "\u200b", "\u2060\ufeff", "\u3164\u2800", "\u00ad"])
def test_a_body_with_nothing_to_see_is_required(raw: str) -> None:
    assert refusal(lambda: normalise(raw)) == ("body", "required")


@pytest.mark.parametrize("bad", ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\ud800", chr(0xDC00)])
def test_control_characters_and_lone_surrogates_are_refused(bad: str) -> None:
    assert refusal(lambda: normalise(f"a{bad}b")) == ("body", "characters")


def test_three_marks_on_a_letter_are_fine_and_four_are_not() -> None:
    assert normalise("x" + "\u0336" * 3 + "y" + "\u0336" * 3)
    assert refusal(lambda: normalise("fine x" + "\u0336" * 4)) == ("body", "marks")


def test_letters_among_the_marks_have_a_wider_bound() -> None:
    subjoined = "\u0f90"
    assert normalise("\u0f40" + subjoined * 8)
    assert refusal(lambda: normalise("\u0f40" + subjoined * 9)) == ("body", "marks")


@pytest.mark.parametrize(
    "text",
    [
        "ที่นี่มีน้ำผึ้งป่า",
        "हिन्दी में क़ानूनों का ढाँचा और ज़्यादातर पढ़ाई",
        "Tiếng Việt có dấu nặng: ộ ệ ặ",
        "Tie\u0302\u0301ng Vie\u0323\u0302t",
        "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים אֵ֥ת הַשָּׁמַ֖יִם וְאֵ֥ת הָאָֽרֶץ׃",
        "بِسْمِ ٱللَّهِ ٱلرَّحْمَٰنِ ٱلرَّحِيمِ",
        "ညှို့ငင်သော မြွှေးများ",
        "བསྒྲུབས་པ། ཧཱུྃ",
        "👩🏽‍❤️‍💋‍👨🏿 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣",
        "தமிழ் മലയാളം తెలుగు বাংলা ភាសាខ្មែរ",
    ],
)
def test_the_scripts_of_the_world_pass(text: str) -> None:
    assert normalise(text) == text


def test_a_flood_of_marks_is_refused_in_bounded_time() -> None:
    begin = time.process_time()
    assert refusal(lambda: normalise("a" + "\u0301\u0323" * 4_999)) == ("body", "marks")
    assert time.process_time() - begin < 0.5


@quick
@given(any_text)
def test_what_is_accepted_is_kept(raw: str) -> None:
    try:
        body = normalise(raw)
    except Invalid:
        return
    assert body == raw.replace("\r\n", "\n").replace("\r", "\n") == normalise(body)

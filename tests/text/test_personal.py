"""Personal details in a text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given

from comments_service.text import personal
from comments_service.text.personal import BANK, MAIL, PHONE

from .samples import any_text, quick


def found(text: str) -> list[tuple[str, str, str]]:
    return [(detail.kind, detail.value, text[detail.start : detail.end]) for detail in personal.find(text)]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("Ring 07700 900461, then.", (PHONE, "07700900461", "07700 900461")),
        ("Ring (212) 555-0147.", (PHONE, "2125550147", "(212) 555-0147")),
        ("+44\u200b7700\u200b900461!", (PHONE, "447700900461", "+44\u200b7700\u200b900461")),
        ("٠١٠٠ ١٢٣ ٤٥٦٧", (PHONE, "01001234567", "٠١٠٠ ١٢٣ ٤٥٦٧")),
        (
            "on oh double seven zero, nine hundred 461 ok",
            (PHONE, "0770900461", "oh double seven zero, nine hundred 461"),
        ),
        ("(Anna_B@Example.org)", (MAIL, "anna_b@example.org", "Anna_B@Example.org")),
        ("it is anna AT example DOT com!", (MAIL, "anna@example.com", "anna AT example DOT com")),
        ("...anna [at] mail.example.org.", (MAIL, "anna@mail.example.org", "anna [at] mail.example.org")),
        ("see: a n n a @ e x . o r g", (MAIL, "anna@ex.org", "a n n a @ e x . o r g")),
        (
            "to DE89 3704 0044 0532 0130 00 now",
            (BANK, "de89370400440532013000", "DE89 3704 0044 0532 0130 00"),
        ),
    ],
)
def test_a_detail_is_found_with_its_place(text: str, detail: tuple[str, str, str]) -> None:
    assert found(text) == [detail]


@pytest.mark.parametrize(
    "text",
    [
        *("DE88370400440532013000", "https://news.example/07700900461", "Look at example.org, please"),
        *("0 1 2 3 4 5 6 7 8 9", "01.02.2024 03.04.2025 05.06.2026", "0.1234567890", "ISBN 0-306-40615-2"),
        *(
            "£612 345 678",
            "612 345 678 €",
            "one two three four five six seven eight nine ten",
            "@anna and @tom",
        ),
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_several_are_found_once_each_and_in_order() -> None:
    text = "0770 0900461 or anna@example.org or GB82 WEST 1234 5698 7654 32"
    assert [kind for kind, _, _ in found(text)] == [PHONE, MAIL, BANK]


def test_hostile_texts_take_linear_time() -> None:
    hostile = (
        *("1", "0 ", "0-", "(0", "+1", "000 ", "555 555 ", "1/1/2024", "o1", "zero ", "double "),
        *("a@", "@", "a@a.", "a.", "a at ", "at dot ", "a dot ", "a @ ", "gb82 ", "de8", "www", "http://"),
    )
    begin = time.process_time()
    for text in hostile:
        personal.find((text * 10_000)[:10_000])
    assert time.process_time() - begin < len(hostile) * 0.1


@quick
@given(any_text)
def test_every_detail_lies_inside_the_text(text: str) -> None:
    for detail in personal.find(f"{text} 07700 900461 {text}"):
        assert 0 <= detail.start < detail.end <= 2 * len(text) + 14

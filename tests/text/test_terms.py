"""Terms: how text is cut into words, and how a question is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comments_service.text import terms
from comments_service.text.terms import Term

CUT = {
    "Hello, World! It's http://a.example/b_c?d=1": "hello world it s http a example b c d 1",
    "GRÖSSE Größe ＷＩＤＥ ﬁne naïve": "grosse grosse wide fine naive",
    "東京都に行く。iPhone": "東京 京都 都に に行 行く く iphone",
    "हिन्दी में।": "हिन्दी में",
    "ดีมาก": "ดี ีม มา าก ก",
    "한국어": "한국 국어 어",
    "שָׁלוֹם، السَّلام": "שלום السلام",
    "zero\u200bwidth so\u00adft": "zerowidth soft",
    "great🎉🎉": "great 🎉 🎉",
    "x" * 61: "x" * 60,
    "\"'\\*%_:()^-+&|!<>": "",
}
ASKED = {
    "cheap Boo": [(("cheap",), False), (("boo",), True)],
    "cheap boo ": [(("cheap",), False), (("boo",), False)],
    "100%": [(("100",), False)],
    '"cheap boo"': [(("cheap", "boo"), False)],
    '"cheap boo': [(("cheap", "boo"), True)],
    "„cheap boo“ x": [(("cheap", "boo"), False), (("x",), True)],
    "it's": [(("it", "s"), True)],
    "東": [(("東",), True)],
    "東 x": [(("東",), True), (("x",), True)],
    "京都": [(("京都",), False)],
    '"京都 x"': [(("京都", "都", "x"), False)],
    '%_\\"\'" "': [],
    "": [],
}


@pytest.mark.parametrize(("text", "words"), CUT.items())
def test_text_is_folded_and_cut(text: str, words: str) -> None:
    assert terms.words(text) == words


@pytest.mark.parametrize(("question", "found"), ASKED.items())
def test_a_question_is_read(question: str, found: list[tuple[tuple[str, ...], bool]]) -> None:
    assert terms.asked(question) == tuple(Term(*term) for term in found)


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_word_holds_a_sign_of_a_language_of_questions(text: str) -> None:
    words = [word for term in terms.asked(text) for word in term.words]
    signs = set("\"'\\*%_:()^-+&|!<> \0\n")
    assert not signs & set("".join(words) + terms.words(text).replace(" ", ""))


@given(st.text(st.characters(max_codepoint=127), max_size=90))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_ascii_is_cut_as_it_is_among_other_scripts(text: str) -> None:
    assert terms.words(f"{text} ж") == f"{terms.words(text)} ж".lstrip()


@given(st.text("東京都 ", max_size=8), st.integers(0, 8), st.integers(1, 8))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_part_of_unspaced_text_is_found_in_it(text: str, start: int, length: int) -> None:
    part = text[start : start + length]
    kept = f" {terms.words(text)} "
    for term in terms.asked(part):
        assert f" {' '.join(term.words)}{'' if term.is_open else ' '}" in kept

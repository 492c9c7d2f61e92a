"""Word lists."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.text import words as words_module
from comments_service.text.words import Match, WordList

from .samples import any_text, quick


def found(words: list[str], text: str) -> list[tuple[str, str]]:
    return [(match.word, text[match.start : match.end]) for match in WordList(words).find(text)]


def test_a_listed_word_is_found_where_it_stands() -> None:
    assert WordList(["clown"]).find("You clown, you!") == (Match("clown", 4, 9),)


@pytest.mark.parametrize(
    "disguise",
    [
        *(
            "CLOWN",
            "Clówn",
            "ｃｌｏｗｎ",
            "cl0wn",
            "c1own",
            "сlоwn",
            "c\u200bl\u200bown",
            "clooown",
            "cLoOoOwNnNn",
            "𝓬𝓵𝓸𝔀𝓷",
        ),
        *(
            "c l o w n",
            "c.l.o.w.n",
            "c-l-o-w-n",
            "c_l_o_w_n",
            "C L O W N",
            "c 1 0 w n",
            "c  l  o  w  n",
            "c|own",
            "c!own",
        ),
    ],
)
def test_a_disguised_word_is_found_whole(disguise: str) -> None:
    assert found(["clown"], disguise) == [("clown", disguise)]
    assert found(["clown"], f"You {disguise} there") == [("clown", disguise)]


@pytest.mark.parametrize(
    ("word", "disguise"),
    [
        *(("clown", "cl-own"), ("clown", "clo.wn"), ("clown", "clo-\nwn"), ("clown", "c.l-o_w.n")),
        *(("clown", "🅲🅻🅾🆆🅽"), ("clown", "c⃝l⃝o⃝w⃝n"), ("clown", "c🎈l🎈o🎈w🎈n"), ("clown", "ᏟᏞOWꓠ")),
        *(("moron", "ΜΟRΟΝ"), ("ass", "@.$.$"), ("idiot", "¡d¡ot"), ("imbecile", "1mb€cile")),
        *(("gone home", "g o n e   h o m e"), ("go home", "go🎈home"), ("made of wood", "m4d3 0f w00d")),
        *(("Blödmann", "BLOEDMANN"), ("أحمق", "احمـــق"), ("كازينو", "کازِینو")),
    ],
)
def test_words_set_apart_restyled_or_respelt_are_found(word: str, disguise: str) -> None:
    assert (word, disguise) in found([word], f"So, {disguise}, then")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        *(("tit", "Тіт Лівій писав про Рим."), ("cock", "a pea-\ncock feather"), ("moron", "more on")),
        *(("hell", "he'll be"), ("ass", "as-s"), ("peacock", "P E A C O C K S")),
        *(("ss", "$ 5, $ 6, $ 7"), ("legor", "Lego® bricks")),
    ],
)
def test_honest_neighbours_signs_and_scripts_are_left_alone(word: str, text: str) -> None:
    assert found([word], text) == []


def test_a_look_alike_word_is_held_where_its_script_is_not_the_texts() -> None:
    assert found(["tit"], "What a Тіт he is") == [("tit", "Тіт")]


@pytest.mark.parametrize("text", ["You are a c l o w n", "c l o w n a day", "I  c l o w n", "c l o w n-x"])
def test_one_letter_words_beside_letters_spaced_out_do_not_hide_them(text: str) -> None:
    assert found(["clown"], text) == [("clown", "c l o w n")]


@pytest.mark.parametrize(
    ("word", "disguise"),
    [("ass", "a$$"), ("ass", "@ss"), ("shit", "$h!t"), ("hell", "he11"), ("clown", "clown!")],
)
def test_symbols_stand_for_letters(word: str, disguise: str) -> None:
    assert [match for match, _ in found([word], disguise)] == [word]


@pytest.mark.parametrize(
    "text", ["@clown hi", "me@clown.example", "$clown", "clown|fool", "(clown)", "clown's"]
)
def test_symbols_beside_a_word_do_not_hide_it(text: str) -> None:
    assert ("clown", "clown") in found(["clown"], text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Scunthorpe",
            "assess the class, pass the bass",
            "Essex and Sussex",
            "shitake",
            "cockpit",
            "as good as it gets",
        ),
        *(
            "he'll go",
            "U S A S S R",
            "A S A P",
            "a s",
            "rhino",
            "Penistone",
            "A55 to Holyhead",
            "section 4",
            "5 3 x",
            "B0 or C0",
        ),
        *(
            "In 1951 and 455",
            "Therapist",
            "grass ass-ess",
            "a counterpart",
        ),
    ],
)
def test_innocent_text_is_left_alone(text: str) -> None:
    words = ["cunt", "sex", "shit", "cock", "hell", "penis", "rapist", "sass", "iasi", "rhin", "arse"]
    assert found(words, text) == []


def test_numbers_match_only_themselves() -> None:
    assert found(["1488", "ass"], "in 1488, not 14888, 455 or 1 4 8 8") == [
        ("1488", "1488"),
        ("1488", "1 4 8 8"),
    ]


def test_a_double_letter_is_not_a_stretched_one() -> None:
    assert found(["as"], "ass") == []
    assert found(["ass"], "as") == []
    assert found(["ass"], "asssss") == [("ass", "asssss")]
    assert found(["good"], "goood gooood god") == [("good", "goood"), ("good", "gooood")]


def test_phrases_are_found_across_punctuation_and_lines() -> None:
    words = ["go home", "do not go"]
    assert found(words, "Go  home! go-home go\nhome, go h0me") == [
        *[("go home", "Go  home"), ("go home", "go-home"), ("go home", "go\nhome"), ("go home", "go h0me")]
    ]
    assert found(words, "Do not go home") == [("do not go", "Do not go"), ("go home", "go home")]
    assert found(words, "go to home, homego") == []


def test_a_word_with_symbols_lists_no_shorter_word() -> None:
    assert found(["a$$hat"], "a hat, an a$$hat and an asshat") == [("a$$hat", "a$$hat"), ("a$$hat", "asshat")]


def test_scripts_without_spaces_are_searched_inside_sentences() -> None:
    assert found(["傻瓜"], "你是傻瓜吧") == [("傻瓜", "傻瓜")]
    assert found(["傻"], "傻傻傻") == [("傻", "傻")] * 3
    assert found(["ควาย"], "คุณเป็นควายนะ") == [("ควาย", "ควาย")]


def test_other_alphabets_and_pictures_are_found() -> None:
    assert found(["дурак"], "Ты ДУРАК!") == [("дурак", "ДУРАК")]
    assert found(["बेवकूफ"], "तुम बेवकूफ हो") == [("बेवकूफ", "बेवकूफ")]
    assert found(["🖕"], "so 🖕🏽 there") == [("🖕", "🖕")]


@pytest.mark.parametrize("words", [[], ["", " ", "!!!", "\u200b"]])
def test_a_list_of_nothing_finds_nothing(words: list[str]) -> None:
    assert found(words, "anything! at all \u200b") == []


def test_matches_come_in_order_and_once() -> None:
    matches = WordList(["b", "a b", "a"]).find("a b 4 b a")
    assert list(matches) == sorted(set(matches), key=lambda match: (match.start, match.end))
    assert [match.word for match in matches] == ["a b", "b", "b", "a"]


def test_the_work_grows_with_the_text_and_not_with_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    class Counting(dict[str, Any]):
        word = None

        def get(self, key: str, default: Any = None) -> Any:
            steps.append(key)
            return super().get(key, default)

        def __contains__(self, key: Any) -> bool:
            steps.append(key)
            return super().__contains__(key)

    monkeypatch.setattr(words_module, "_Node", Counting)
    chance = random.Random(1)
    spelt = ["".join(chance.choices("abcdefghij", k=chance.randint(3, 9))) for _ in range(10_000)]
    short, long = WordList([*spelt[:100], "a b c d e"]), WordList([*spelt, "a b c d e"])

    def work(words: WordList, text: str) -> int:
        steps.clear()
        words.find(text)
        return len(steps)

    assert work(long, "a b c d ") > 0
    for hostile in ("a ", "a b c d ", "a.b.c.d-", "a1$ ", "abc de-\nf 🎈 4 "):
        once, tenfold = ((hostile * length)[:length] for length in (1_000, 10_000))
        assert work(long, tenfold) <= 11 * work(long, once)
        # The list is 100 times as long; of a short one the text may hold no word, which costs no step.
        assert work(long, tenfold) <= 3 * max(work(short, tenfold), len(tenfold))


def test_ten_thousand_words_and_hostile_texts_take_linear_time() -> None:
    chance = random.Random(1)
    words = WordList("".join(chance.choices("abcdefghij", k=chance.randint(3, 9))) for _ in range(10_000))
    begin = time.process_time()
    for hostile in (
        "a ",
        "1a! ",
        "a",
        "$a",
        "@",
        "$",
        "!a",
        "@$!|",
        "a$!",
        "aa1",
        "\u0301",
        "a\u0301",
        "傻",
        "a b c d ",
        "a.b-c_",
        "a🎈",
        "ab-\n",
        "ab-",
        "$ ",
        "a  b ",
    ):
        words.find((hostile * 10_000)[:10_000])
    words.find("a" * 9_990 + "@a.b")
    assert time.process_time() - begin < 20 * 0.1


@quick
@given(any_text, st.sampled_from(["clown", "go home", "傻瓜"]), any_text)
def test_a_listed_word_is_found_between_anything(before: str, word: str, after: str) -> None:
    text = f"{before}\n.\n{word}\n.\n{after}"
    place = len(before) + 3
    assert any(m.start <= place and m.end >= place + len(word) for m in WordList([word]).find(text))


@quick
@given(any_text, st.lists(st.text(max_size=6), max_size=8))
def test_every_match_lies_inside_the_text(text: str, words: list[str]) -> None:
    words = [word for word in words if word.isprintable()]
    for match in WordList(words).find(text):
        assert 0 <= match.start < match.end <= len(text)
        assert match.word in words

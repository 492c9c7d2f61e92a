"""Diffs as prose, marked paragraphs, and the words of the page."""

from __future__ import annotations

import pytest

from comments_service import checks
from comments_service.models.policy import MODES, Policy
from comments_service.web.moderators import phrases
from comments_service.web.moderators.cards import Span, paragraphs
from comments_service.web.moderators.diffs import MOST_TOKENS, diff
from comments_service.web.moderators.variants import pieces


def test_every_check_has_words_for_moderators() -> None:
    refusing = {"closed", "banned", "slow", "duplicate"}  # these leave no evidence
    names = {check.__module__.rpartition(".")[2] for check in checks.CHAIN} - refusing | {"reports"}
    assert names <= phrases.CHECKS.keys()


def test_every_mode_has_words_for_moderators() -> None:
    assert tuple(phrases.MODES) == MODES


def test_a_diff_marks_words_and_counts_them() -> None:
    change = diff("We met twice in May.", "We met three times in May.")
    assert str(change.html) == "We met <del>twice</del> <ins>three times</ins> in May."
    assert (change.removed, change.added) == (1, 2)


def test_a_diff_of_equal_texts_marks_nothing() -> None:
    change = diff("Same.", "Same.")
    assert str(change.html) == "Same."
    assert (change.removed, change.added) == (0, 0)


def test_a_diff_shortens_what_did_not_change() -> None:
    same = " ".join(f"word{n}" for n in range(100))
    html = str(diff(f"{same} old", f"{same} new").html)
    assert html.startswith("…")
    assert "word99" in html
    assert "word50" not in html


def test_a_diff_of_code_stays_text() -> None:
    html = str(diff("<b>x</b>", "<script>y</script>").html)
    assert "<script>" not in html
    assert "<b>" not in html


def test_a_diff_of_texts_made_to_cost_replaces_the_whole() -> None:
    # Compared sign by sign these two keep a processor busy for half a minute.
    change = diff("." * 1_499, ",." * 749)
    assert str(change.html) == f"<del>{'.' * 1_499}</del> <ins>{',.' * 749}</ins>"


def test_copies_made_to_cost_differ_as_a_whole() -> None:
    first = "." * 300 + " sold by friends of mine"
    found = pieces([first, ",." * 150 + " sold by friends of mine"])
    assert "".join(piece.text for piece in found) == first
    assert sum(bool(piece.versions) for piece in found) == 1


def test_a_diff_of_huge_texts_replaces_the_whole() -> None:
    old, new = "a " * MOST_TOKENS, "b " * MOST_TOKENS
    change = diff(old, new)
    assert (change.removed, change.added) == (MOST_TOKENS, MOST_TOKENS)


def test_paragraphs_are_split_escaped_and_marked() -> None:
    body = "A <b> clown.\n\n\nNext one\nline."
    found = [str(one) for one in paragraphs(body, [Span(6, 11)])]
    assert found == ["A &lt;b&gt; clown.".replace("clown", "<mark>clown</mark>"), "Next one\nline."]


@pytest.mark.parametrize("span", [Span(-5, 3), Span(2, 999), Span(4, 4), Span(9, 2), Span(50, 60)])
def test_a_span_outside_of_the_text_harms_nothing(span: Span) -> None:
    text = "".join(map(str, paragraphs("A clown.", [span])))
    assert text.replace("<mark>", "").replace("</mark>", "") == "A clown."


def test_overlapping_spans_become_one_mark() -> None:
    assert [str(one) for one in paragraphs("A clown car.", [Span(2, 7), Span(5, 11)])] == [
        "A <mark>clown car</mark>."
    ]


def test_a_mark_may_cross_a_paragraph() -> None:
    assert [str(one) for one in paragraphs("ab\n\ncd", [Span(1, 5)])] == [
        "a<mark>b</mark>",
        "<mark>c</mark>d",
    ]


def test_sites_are_told_apart_by_one_word() -> None:
    names = ["Harbour Gazette", "Horizons Sport", "The Horizons Times"]
    assert list(phrases.short_names(names).values()) == ["Harbour", "Sport", "Times"]
    assert phrases.short_names(["The", "The"]) == {"The": "The"}


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//x.example", "data:text/html,x", "", None, "http://[", "/a"]
)
def test_only_web_addresses_are_linked(url: str | None) -> None:
    assert Policy().article(url, "tarn") is None
    assert Policy().article("https://news.example/a", "tarn") == "https://news.example/a"


def test_an_article_without_an_address_stands_where_the_template_says() -> None:
    policy = Policy(article_url="https://news.example/{slug}?from=comments")
    assert policy.article(None, "north/ä tarn") == "https://news.example/north/%C3%A4%20tarn?from=comments"
    assert policy.article("javascript:alert(1)", "tarn") is None


@pytest.mark.parametrize("name", ["Tom Albright", "  ", "‮", "🦊", "-", "a b c"])
def test_any_name_has_initials(name: str) -> None:
    assert len(phrases.initials(name)) <= 3

"""Rendering."""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

import nh3
import pytest
from bleach.sanitizer import Cleaner
from hypothesis import given
from hypothesis import strategies as st

from comments_service.text import render as rendering
from comments_service.text.render import ALLOWED_ATTRIBUTES, ALLOWED_TAGS, REL, Rendered, render

from .samples import FRAGMENTS, StrictReader, any_text, few, markdown, markup, pieces, quick

LONGEST = 10_000
# Mostly just text, with now and then something that is more.
few_marks = st.text(st.sampled_from("ab 1.\n-_*<&'\"w/:é\u00a0\u200b\ufffe\x85"), max_size=60)
CANONICAL = re.compile(
    rf"""</?(?:{"|".join(ALLOWED_TAGS)})>|<a href="(?:https?://|mailto:)[^"<>\s]+" rel="{REL}">"""
)
BY_BLEACH = Cleaner(ALLOWED_TAGS, {"a": list(ALLOWED_ATTRIBUTES["a"])}, {"http", "https", "mailto"})


def a(href: str, text: str) -> str:
    return f'<a href="{href}" rel="{REL}">{text}</a>'


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("Hello", "<p>Hello</p>"),
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("> said\n\nno", "<blockquote>\n<p>said</p>\n</blockquote>\n<p>no</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("```py\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        ("[a](https://b.example)", f"<p>{a('https://b.example/', 'a')}</p>"),
        ("<mailto:a@b.example>", f"<p>{a('mailto:a@b.example', 'mailto:a@b.example')}</p>"),
        ("<a@b.example>", f"<p>{a('mailto:a@b.example', 'a@b.example')}</p>"),
    ],
)
def test_the_small_markdown_of_comments(body: str, html: str) -> None:
    assert render(body).html == html


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("<b>hi</b>", "<p>&lt;b&gt;hi&lt;/b&gt;</p>"),
        ("# 1 fan", "<p># 1 fan</p>"),
        ("a\n---\nb\n===", "<p>a<br>\n---<br>\nb<br>\n===</p>"),
        ("    indented", "<p>indented</p>"),
        ("1951. What a year", "<p>1951. What a year</p>"),
        ("- a\n\n7. b", "<ul>\n<li>a</li>\n</ul>\n<p>7. b</p>"),
        (
            "[a]: http://b.example\n\n[a]",
            f"<p>[a]: {a('http://b.example/', 'http://b.example')}</p>\n<p>[a]</p>",
        ),
        ("the end.So what a@b.example", "<p>the end.So what a@b.example</p>"),
        ("![a](http://b.example/c.png)", f"<p>!{a('http://b.example/c.png', 'a')}</p>"),
        ("|a|b|\n|-|-|\n|1|2|", "<p>|a|b|<br>\n|-|-|<br>\n|1|2|</p>"),
    ],
)
def test_what_is_switched_off_stays_text(body: str, html: str) -> None:
    assert render(body).html == html


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("`&lt;` and `&amp;lt;`", "&lt; and &amp;lt;"),
        ("&amp;lt; &amp;amp; &copy; AT&T &copy", "&lt; &amp; © AT&T &copy"),
        ("a < b > c & d \" e ' f", "a < b > c & d \" e ' f"),
        ('[a < "b" &amp; *c*](javascript:x)', 'a < "b" & c'),
        ("[x](/relative) [y](ftp://z.example) <tel:1>", "x y tel:1"),
    ],
)
def test_text_comes_through_unchanged(body: str, text: str) -> None:
    assert StrictReader(render(body).html).text == text


def test_links_are_told_in_order_as_they_lead() -> None:
    body = "[x](http://u:p@a.example?b=1&copy=2) www.b.example, <http://c.example>; [no](javascript:1) https://d.example/ä."
    assert render(body).links == (
        *("http://a.example/?b=1&copy=2", "http://www.b.example/", "http://c.example/"),
        "https://d.example/%C3%A4",
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("(see http://a.example/b_(c)).", "http://a.example/b_(c)"),
        ("(http://a.example), ok", "http://a.example"),
        ("http://a.example/?b=1&lt=2!", "http://a.example/?b=1&lt=2"),
        ("**https://a.example**", "https://a.example"),
        ("“https://a.example/b…” 见https://x", "https://a.example/b"),
        ("见https://a.example。", "https://a.example"),
        ("\"http://a.example\" 'x'", "http://a.example"),
    ],
)
def test_a_bare_address_ends_where_people_think_it_ends(body: str, shown: str) -> None:
    reader = StrictReader(render(body).html)
    assert shown in reader.words


@pytest.mark.parametrize(
    "body", ["`http://a.example`", "```\nhttp://a.example\n```", "xhttp://a.example", "http://"]
)
def test_code_and_fragments_are_not_linked(body: str) -> None:
    assert render(body).links == ()


def test_a_misleading_link_text_is_replaced_and_an_empty_one_filled() -> None:
    assert render("[http://bank.example](http://evil.example)").html == (
        f"<p>{a('http://evil.example/', 'http://evil.example/')}</p>"
    )
    assert (
        render("[](http://evil.example)").html
        == f"<p>{a('http://evil.example/', 'http://evil.example/')}</p>"
    )
    assert "xn--pple-43d.example/</a>" in render("https://аpple.example/").html


@pytest.mark.parametrize(
    "body",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](java&#10;script:alert(1))",
        "[x](<java\tscript:alert(1)>)",
        "<javascript:alert(1)>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:msgbox)",
        "[x](//evil.example)",
        "[x](\\\\evil.example)",
        '[x](http://a.example/"onmouseover="alert(1))',
        "[x](http://a.example 'y\" onclick=alert(1) z=\"')",
        "http://a.example/'onmouseover='alert(1)",
        '<http://a.example/"><script>alert(1)</script>>',
        "<svg><style><!--</style><img src=x onerror=alert(1)>",
        "<math><mtext></p><style><a title='</style><img src onerror=alert(1)>'>",
        '```"><script>alert(1)</script>\nx\n```',
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        '![x](javascript:alert(1)) ![" onerror=alert(1)](x)',
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<!--><img src=x onerror=alert(1)>-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<a href=javascript:alert(1)>x</a>",
    ],
)
def test_attacks_stay_text(body: str) -> None:
    rendered = render(body)
    StrictReader(rendered.html)
    assert all(link.startswith("http://a.example/") for link in rendered.links)


@quick
@given(markdown | any_text | markup)
def test_only_the_policy_comes_through_and_stays_when_sanitised_again(body: str) -> None:
    rendered = render(body)
    StrictReader(rendered.html)
    assert is_canonical(rendered.html)
    assert BY_BLEACH.clean(rendered.html) == rendered.html
    assert len(rendered.html) <= 12 * len(body) + 1000


@pytest.mark.parametrize(
    "body",
    [
        "*a*",
        "a & b",
        "a < b",
        "a > b",
        "a &amp; b",
        "`a`",
        "- a",
        "[a](b)",
        "see www.a.example",
        "HTTPS://a.example",
        "a\x7fb",
    ],
)
def test_whatever_is_not_just_text_is_cleaned_by_bleach(body: str, cleaned: list[str]) -> None:
    render(body)
    assert len(cleaned) == 1


@pytest.mark.parametrize(
    "body", ["Hello", "one\ntwo\n\n“three”, isn't it? 1. (a) [b] x_y $5 10% ~ é 日本 👍"]
)
def test_just_text_needs_no_cleaning(body: str, cleaned: list[str]) -> None:
    render(body)
    assert cleaned == []


@quick
@given(few_marks | markdown | any_text)
def test_what_is_not_cleaned_would_have_stayed_as_it_is(body: str) -> None:
    without = render(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_has_nothing_to_clean", lambda markup: False)
        assert render(body) == without


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bleach was given to clean."""
    given: list[str] = []
    clean = rendering._tools.cleaner.clean

    def note(markup: str) -> str:
        given.append(markup)
        return str(clean(markup))

    monkeypatch.setattr(rendering._tools.cleaner, "clean", note)
    return given


def is_canonical(html: str) -> bool:
    """Only the policy's own spellings of its tags, nested as browsers nest them; quick for long texts too."""
    again = nh3.clean(
        html, tags=set(ALLOWED_TAGS), attributes={"a": {"href"}}, link_rel=REL, url_relative="deny"
    )
    return again == html and not re.search("[<>]", CANONICAL.sub("", html))


@few
@given(pieces, pieces, pieces)
def test_no_shape_grows_or_costs_beyond_the_bounds(first: str, repeated: str, last: str) -> None:
    body = (first + repeated * LONGEST)[: LONGEST - len(last)] + last
    seconds, rendered = timed(body)
    assert seconds < 0.5 or timed(body)[0] < 0.5
    assert len(rendered.html) <= 12 * len(body) + 1000
    assert is_canonical(rendered.html)


@quick
@given(
    st.lists(
        st.sampled_from([part for part in FRAGMENTS if "```" not in part and "](" not in part]), max_size=80
    )
)
def test_no_word_gets_lost(parts: list[str]) -> None:
    body = "".join(f"{part}q" for part in parts if "&" not in part and "@" not in part and "www" not in part)
    assert StrictReader(render(body).html).text.count("q") == body.count("q")


@pytest.mark.parametrize("depth", [9, 10, 11, 30, 200])
@pytest.mark.parametrize("mark", ["> ", "- ", "1. ", "> - ", ">"])
def test_text_is_kept_however_deep_it_is_nested(mark: str, depth: int) -> None:
    reader = StrictReader(render(mark * depth + "deep").html)
    assert "deep" in reader.text


def test_nesting_ends_at_the_bounds() -> None:
    deepest = rendering.DEEPEST_BLOCK
    assert render(">" * deepest + "a").html.count("<blockquote>") == deepest
    assert render(">" * (deepest + 1) + "a").html.count("<blockquote>") == deepest
    assert "<p>&gt;a</p>" in render(">" * (deepest + 1) + "a").html
    inline = "".join(f"{mark}a " for mark in ["**", "*"] * 5) + "".join(
        f" b{mark}" for mark in ["*", "**"] * 5
    )
    html = render(inline).html
    assert html.count("<em>") + html.count("<strong>") == rendering.DEEPEST_INLINE
    assert StrictReader(html).text.count("*") == 3 * 4


def test_siblings_of_a_deep_list_stay_its_siblings() -> None:
    assert render("- - - - - - a\n- b").html.endswith("<li>b</li>\n</ul>")


def hostile() -> dict[str, str]:
    """Ten thousand characters each of what has slowed down or blown up Markdown, sanitisers or linkifiers."""
    repeated = [
        *(
            ">",
            "> ",
            "- ",
            "-\n+\n",
            "> - > 1. ",
            ">>>>>>>>>>\n\n",
            ">>>>>>>>>>a\n\n",
            "- - - - -\n+ + + + +\n",
            "1)\n1.\n",
        ),
        *(
            "*",
            "*a ",
            "a* ",
            "**a",
            "*_",
            "*a_ ",
            "a**b",
            "*a**b ",
            "_a* __b** ",
            "~~a",
            "*a **b ***c _d __e ~~f [g `h ",
        ),
        *(
            "[",
            "](",
            "[](",
            "[a](",
            "[a](b ",
            "[[a]]",
            "[](http:a)",
            "[x](http:a)",
            "![",
            "[a](<b",
            '[a](b "',
            "[a]: b\n",
        ),
        *(
            "`",
            "`a",
            "```\n",
            "<",
            "<a ",
            "<!--",
            "<?",
            "<![CDATA[",
            "<x@y>",
            "<http:b>",
            "<a:",
            "<a@b.example>",
        ),
        *(
            "&",
            "&amp;",
            "&quot;",
            "&#",
            "&#x41;",
            "&lt;",
            '"',
            "a.",
            "www.",
            "www.a ",
            "http://",
            "http://a ",
            "http://(",
        ),
        *(
            "a\n",
            "a\n\n",
            " ",
            "\t",
            "\\",
            "\\\n",
            "a",
            "@",
            "a@b.c ",
            "|a|\n",
            "👨‍👩‍👧",
            "http://аa ",
            "> a\nb\n",
            "-\t",
        ),
        *(
            "[a [b](http:x)](http:y) ",
            "**[a](http:b)** ",
            "- a\n  - b\n    - c\n",
            "www.a.",
            "http://a.b/?c&d;e",
        ),
        *(
            "[[***",
            '"***',
            "www.\N{LATIN SMALL LETTER E WITH ACUTE} ",
            "~~~\nwww.\N{LATIN SMALL LETTER E WITH ACUTE} ",
            "[[~",
            "a  \n",
            "> > > a\n\n",
            "|a|b|\n|-|-|\n",
            "  * a\n\n    > b\n\n",
            "<!--a-->",
            "<!---->",
            "<!DOCTYPE a>",
            "</p>",
            "<svg><style>",
            "&#0;",
            "&CounterClockwiseContourIntegral;",
            "&NotEqualTilde;",
            "\N{HANGUL SYLLABLE GAG}*",
            "``` a\n",
            "~~~~\n",
            "=\n",
            "a\n=\n",
        ),
    ]
    texts = {piece: (piece * LONGEST)[:LONGEST] for piece in repeated}
    texts["nested strong"] = "**" * 2_490 + "a" + "**" * 2_490
    texts["nested em"] = "*_" * 2_400 + "a" + "_*" * 2_400
    texts["nested links"] = "[" * 4_000 + "a" + "](http:b)" * 660
    texts["growing code marks"] = "".join("`" * length + " " for length in range(1, 140))
    texts["growing indent"] = "\n".join(" " * (2 * depth) + "- a" for depth in range(98))[:LONGEST]
    texts["dots"] = "www." + "a." * 4_900
    texts["brackets"] = "http://a" + ")" * 9_900
    texts["brackets and dots"] = "http://a" + ").(" * 3_300
    texts["closing tildes"] = "[[~" * 2_000 + "&copy;**" + "\N{ARABIC-INDIC DIGIT ONE}>\\\n" * 900
    texts["deep brackets"] = "[" * 5_000 + "]" * 5_000
    texts["deep links"] = "[" * 1_600 + "](a)" * 1_600
    texts["open code"] = "```" + "a`" * 4_990
    texts["code in code"] = "".join("`" * (1 + place % 90) + "a" for place in range(220))[:LONGEST]
    texts["bangs"] = "http://a" + "!" * 9_900
    texts["pictures in a link"] = "[a](http://a/" + "😀" * 9_900 + ")"
    chance = random.Random(5)
    texts["noise"] = "".join(chance.choices(FRAGMENTS, k=LONGEST))[:LONGEST]
    return texts


@pytest.mark.parametrize("body", [pytest.param(text, id=repr(name)) for name, text in hostile().items()])
def test_hostile_text_costs_bounded_time_and_space(body: str) -> None:
    seconds, rendered = timed(body)
    # Up to three tries: what a busy machine adds is not the text's.
    assert seconds < 0.5 or any(timed(body)[0] < 0.5 for _ in range(2))
    assert len(rendered.html) <= 12 * len(body) + 1000
    assert is_canonical(rendered.html)


def timed(body: str) -> tuple[float, Rendered]:
    """Seconds of CPU that rendering took, and what came of it."""
    begin = time.thread_time()
    rendered = render(body)
    return time.thread_time() - begin, rendered


def test_a_text_of_too_many_blocks_is_shown_plain_with_nothing_lost() -> None:
    body = "- a < b\n+ c\n\n" * 700
    reader = StrictReader(render(body).html)
    assert reader.text.count("a < b") == 700
    assert "<li>" not in render(body).html
    assert "<li>" in render("- a < b\n+ c\n\n" * 70).html


@pytest.mark.parametrize("body", ["a\n" * 2_500 + "*b*", "- a\n" * 1_000, "`a` " * 2_000])
def test_a_text_of_too_many_small_parts_keeps_its_lines_and_words(body: str) -> None:
    rendered = render(body)
    assert "<em>" not in rendered.html
    assert rendered.text.split() == body.split()


@pytest.mark.parametrize("mark", ["*", "_", "**", "~~"])
def test_marks_by_the_thousand_stay_text_after_the_first(mark: str) -> None:
    reader = StrictReader(render(f"{mark}a{mark} " * 900).html)
    assert reader.text.count("a") == 900
    # Each word has two of the marks that were looked at; what is over stands there as it was typed.
    assert reader.text.count(mark) == 2 * 900 - rendering.MOST_MARKS


def test_a_long_comment_with_many_marks_and_links_is_formatted_to_its_end() -> None:
    paragraph = "**Note** that _this_ is [a link](http://a.example) and `code`; see www.b.example (*sic*).\n"
    body = "\n".join([paragraph, f"> {paragraph}", f"- {paragraph}- {paragraph}"] * 27)
    assert 9_500 < len(body) < LONGEST
    html = render(body).html
    assert html.count("<strong>") == html.count("<code>") == html.count(">a link</a>") == 4 * 27
    assert html.count("<em>") == 8 * 27


def test_a_text_that_grows_too_much_is_shown_plain() -> None:
    body = "[](http://" + "😀" * 900 + ")"
    body = body + " " + f"[](http://a/{'😀' * 5_000})"
    rendered = render(body)
    assert len(rendered.html) <= 12 * len(body) + 1000
    assert rendered.links == ()
    assert StrictReader(rendered.html).text == body


@pytest.mark.parametrize("body", ["&nbsp;", "```\n```", "&#8203;", ">", "-", "&zwnj;"])
def test_a_rendering_with_nothing_to_see_says_so(body: str) -> None:
    assert render(body).is_blank


@pytest.mark.parametrize("body", ["a", "&lt;", "`-`", "[](http://a.example)", "***"])
def test_a_rendering_with_something_to_see_is_not_blank(body: str) -> None:
    assert not render(body).is_blank


def test_the_text_is_what_a_reader_sees() -> None:
    assert render("cl**ow**n &#99;lown c\\lown\nnext\n\n- a\n- b").text.split() == [
        *("clown", "clown", "c\\lown", "next", "a", "b")
    ]
    assert render("cl*o*w\\_n `<b>`").text == "clow_n <b>"


def test_many_threads_render_the_same() -> None:
    bodies = [f"**{n}** [x](http://a{n}.example) www.b{n}.example\n\n- {n}" for n in range(60)] * 3
    alone = [render(body) for body in bodies]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(render, bodies)) == alone


def test_the_policy_has_a_version() -> None:
    assert rendering.POLICY_VERSION >= 1

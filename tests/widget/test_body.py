"""The strict little reader of bodies: the canonical subset becomes nodes, all else stays text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.servers.chromium import PageErrors
from tests.widget.host import Host

REL = 'rel="nofollow ugc noopener"'


@pytest.fixture(scope="module")
def module_host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture(scope="module")
def empty_page(module_host: Host, browser: Browser) -> Iterator[Page]:
    """A page of the host's origin without any element; what tests draw is attached nowhere."""
    errors, context = PageErrors(), browser.new_context()
    errors.watch(context)
    page = context.new_page()
    page.goto(module_host.origin + "/v1.js")
    yield page
    context.close()
    assert not errors


@pytest.fixture
def drawn(empty_page: Page) -> Callable[[str], str]:
    """What the browser holds after the reader has read a body, as HTML."""
    script = """async (html) => {
        const { readBody } = await import('/v1.js');
        const place = document.createElement('div');
        place.append(readBody(html));
        return place.innerHTML;
    }"""
    return lambda html: str(empty_page.evaluate(script, html))


CANONICAL = [
    "<p>one<br>two</p>",
    "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>",
    "<pre><code>x &lt; y &amp;&amp; z\n</code></pre>",
    "<blockquote><p>said</p></blockquote><ul><li>a</li></ul><ol><li>b</li></ol>",
    f'<p><a href="https://example.org/?a=1&amp;b=2" {REL}>a link</a></p>',
    f'<p><a href="mailto:desk@example.org" {REL}>write</a></p>',
    "<p>ليلى ﷽ 👩‍👩‍👧</p>",
]


@pytest.mark.parametrize("html", CANONICAL)
def test_the_canonical_subset_is_drawn_as_it_is(drawn: Callable[[str], str], html: str) -> None:
    assert drawn(html) == html


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<p onclick="alert(1)">x</p>',
    '<p class="a">x',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    '<a href="/relative">x</a>',
    '<a href="https://example.org" onclick="alert(1)">x</a>',
    '<a onclick="alert(1)" href="https://example.org">x</a>',
    '<a href="https://example.org" style="position:fixed">x</a>',
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='x'></iframe>",
    "<!--<p>x--><style>*{}</style>",
    "<P>big</P>",
    "</p></div></p>",
    "<p",
    "<<p>>",
    "&nosuch; &#0; &#x110000;",
]


@pytest.mark.parametrize("html", HOSTILE)
def test_what_the_reader_does_not_know_becomes_text(drawn: Callable[[str], str], html: str) -> None:
    allowed = {"<p>", "</p>"}
    written = drawn(html)
    for piece in written.replace("<", "\0<").split("\0"):
        tag = piece[: piece.find(">") + 1] if piece.startswith("<") else ""
        assert not tag or tag in allowed, written


def test_links_do_not_nest_and_rel_is_always_ours(drawn: Callable[[str], str]) -> None:
    inner = drawn('<a href="https://a.example"><a href="https://b.example">x</a></a>')
    assert inner.count("<a ") == 1
    assert (
        drawn('<a href="https://a.example" rel="opener">x</a>') == f'<a href="https://a.example" {REL}>x</a>'
    )


def test_very_deep_markup_stays_text_and_harms_nothing(drawn: Callable[[str], str]) -> None:
    written = drawn("<blockquote>" * 5_000 + "deep")
    assert written.count("<blockquote>") == 40
    assert "deep" in written


def test_reading_a_long_body_is_linear(drawn: Callable[[str], str]) -> None:
    assert drawn("<" * 60_000) == "&lt;" * 60_000

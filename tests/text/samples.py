"""What the text tests share: fragments that make trouble, a strict reader of HTML, a refusal in short."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

from comments_service.errors import Invalid
from comments_service.text.render import ALLOWED_ATTRIBUTES, ALLOWED_TAGS, REL

quick = settings(max_examples=120, deadline=None, derandomize=True, database=None)

FRAGMENTS = (
    *"*_`~[]()<>!\\&#|\"'@:/.-+=\n\t a1",
    *(
        "**",
        "~~",
        "```\n",
        "> ",
        "- ",
        "1. ",
        "2) ",
        "](",
        "[x](http://a.example)",
        "<http://b.example>",
        "</p>",
    ),
    *(
        "<script>",
        "<img src=x onerror=alert(1)>",
        "javascript:",
        "http://u:p@c.example/?a=1&lt=2",
        "&lt;",
        "&#0;",
    ),
    *(
        "&copy;",
        "https://",
        "www.d.example",
        "mailto:e@f.example",
        "<a href='x'>",
        "<!--",
        "\u200b",
        "é",
        "😀",
        "שּׁ",
    ),
)
markdown = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)
few = settings(quick, max_examples=15, phases=[Phase.generate])  # making a long text smaller takes long

TAGS = (
    *("svg", "math", "mtext", "mglyph", "annotation-xml", "foreignObject", "style", "title", "textarea"),
    *("noscript", "template", "table", "select", "option", "iframe", "xmp", "noembed", "plaintext", "form"),
    *("p", "a", "pre", "code", "ul", "li", "br", "img", "script"),
)
ATTRIBUTES = (
    "",
    " onerror=alert(1)",
    " id=x name=y",
    " href='javascript:alert(1)'",
    ' title="</style><img src>"',
)
markup = st.lists(
    st.builds(
        "<{}{}{}>{}".format,
        st.sampled_from(["", "/"]),
        st.sampled_from(TAGS),
        st.sampled_from(ATTRIBUTES),
        markdown,
    ),
    max_size=12,
).map("".join)
"""Tags of HTML, foreign and raw ones too, with Markdown between them."""
pieces = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4).map("".join)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


class StrictReader(HTMLParser):
    """Fails on any tag or attribute outside the policy, on comments and on tags that do not nest."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    @property
    def text(self) -> str:
        return "".join(self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED_TAGS
        assert {name for name, _ in attrs} <= ALLOWED_ATTRIBUTES.get(tag, frozenset())
        if tag == "a":
            values = dict(attrs)
            assert values["rel"] == REL
            assert str(values["href"]).startswith(("http://", "https://", "mailto:"))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment came through: {data}")

    def handle_decl(self, decl: str) -> None:
        pytest.fail(f"a declaration came through: {decl}")


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    """The field and code that the act is refused with; its message is a whole sentence."""
    with pytest.raises(Invalid) as caught:
        act()
    (error,) = caught.value.errors
    assert error.message.endswith(".")
    return error.field, error.code

"""Rendering: from a comment's Markdown to the only HTML that is ever stored or shown.

markdown-it turns the source into HTML, bleach cleans it and makes links of bare addresses in the same pass
(but for paragraphs of nothing but text, which it would leave alone), nh3 has the last word with the same
allowlist. What is switched off, and why:

- raw HTML and images: a comment is text (`![a](b)` still leads to b as a link);
- headings and rulers: a comment has no part in the outline of the page it stands on, and "# 1" is a hashtag;
- indented code: a paragraph that begins with spaces is no program; fences remain;
- reference definitions: ten kilobytes of them became megabytes of HTML;
- ordered lists that begin with another number than 1: "1951. What a year" stays as written, and `<ol>`
  needs no `start`;
- quotes, lists and emphasis nested beyond any use, and brackets and emphasis by the thousand: the marks stay
  as text, nothing gets lost;
- addresses without `http://`, `https://` or `www.`: "the end.So what" is no link.
"""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import nh3
from bleach.linkifier import LinkifyFilter
from bleach.sanitizer import Cleaner
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, emphasis, link, strikethrough
from markdown_it.token import Token

from . import characters, links

POLICY_VERSION = 2
"""Raised whenever the same source may give other HTML: `comments-service render` looks for lower ones."""

ALLOWED_TAGS = frozenset({"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"})
ALLOWED_ATTRIBUTES = {"a": frozenset({"href", "rel"})}
REL = "nofollow ugc noopener"

DEEPEST_BLOCK = 10
DEEPEST_INLINE = 6
# Ten thousand characters of prose make a few hundred; thousands of empty lists, or of lines of one letter,
# cost a hundred times as much and help nobody.
MOST_TOKENS = 4000
# Brackets and runs of `*`, `_` or `~` that may be marks; each `[` is looked for its `]` through many others.
MOST_MARKS = 1500
# Each character of the source may cost this much HTML; a text made to explode is shown as plain paragraphs
# instead.
GROWTH = 12
SLACK = 1000

# As Markdown's renderer writes it, so that words of two lines are two words without markup too.
LINE_END = "<br>\n"

# What Markdown makes of most comments: paragraphs of text, without one mark or entity.
_PLAIN = r"[^<>&\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]*"
_PLAIN_PARAGRAPHS = re.compile(rf"(?:<p>{_PLAIN}(?:<br>\n{_PLAIN})*</p>\n)*")
_HREF = re.compile(r'<a href="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
# One run of characters that hold no white space, quote or bracket, and end in something that belongs to an
# address.
_ADDRESS = re.compile(
    r"""(?<![A-Za-z0-9_@./:-])(?:https?://|www\.)"""
    r"""[^\s<>"`{}|\\\u3002\uff0c\u3001\u300d\uff09\u201c-\u201e\u00ab\u00bb]*"""
    r"""[^\s<>"`{}|\\\u3002\uff0c\u3001\u300d\uff09\u201c-\u201e\u00ab\u00bb.,;:!?'*_~\u2018\u2019\u2026]""",
    re.IGNORECASE,
)
_AFTER = ".,;:!?'*_~\u2018\u2019\u2026"
_NUMBER = re.compile(r"(\d{1,9})[.)]")

# bleach's attributes: (namespace, name) -> value, and "_text" for what the link shows.
_Attributes = dict[Any, str]
_InlineRule = Callable[[StateInline, bool], bool]


@dataclass(frozen=True)
class Rendered:
    """Safe HTML and the absolute addresses it links to, in order."""

    html: str
    links: tuple[str, ...]

    @property
    def text(self) -> str:
        """What a reader sees, without markup: "cl**ow**n" and "&#99;lown" read "clown" here."""
        return html.unescape(_TAG.sub("", self.html))

    @property
    def is_blank(self) -> bool:
        """Whether nothing would be seen, as with a source of `&nbsp;` or an empty fence."""
        return not characters.is_visible(self.text)


def render(body: str) -> Rendered:
    """The safe rendering of a normalised body. Of its text only the marks of Markdown are dropped."""
    safe = _formatted(body)
    if safe is None or len(safe) > GROWTH * len(body) + SLACK:
        safe = _last_word(_plain(body))
    return Rendered(safe, tuple(html.unescape(href) for href in _HREF.findall(safe)))


def _formatted(body: str) -> str | None:
    """The body as Markdown, or None if it has too many parts to be worth the time."""
    markdown = _tools.markdown
    tokens = markdown.parse(body)
    if sum(1 + len(token.children or ()) for token in tokens) > MOST_TOKENS:
        return None
    markup = markdown.renderer.render(tokens, markdown.options, {})
    return _last_word(markup if _has_nothing_to_clean(markup) else _tools.cleaner.clean(markup))


def _has_nothing_to_clean(markup: str) -> bool:
    """Whether bleach would give it back as it is, after a fifteenth of all that posting a comment costs."""
    return _PLAIN_PARAGRAPHS.fullmatch(markup) is not None and _ADDRESS.search(markup) is None


def _last_word(markup: str) -> str:
    return nh3.clean(
        markup,
        tags=set(ALLOWED_TAGS),
        clean_content_tags=set(),
        attributes={"a": {"href"}},  # nh3 writes the rel itself
        link_rel=REL,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
    ).strip()


def _plain(body: str) -> str:
    paragraphs = re.split(r"\n{2,}", body.strip())
    return "\n".join(
        f"<p>{html.escape(text, quote=False).replace(chr(10), LINE_END)}</p>" for text in paragraphs
    )


class _Links(LinkifyFilter):  # type: ignore[misc]  # bleach has no types
    """bleach's linkifier, mended: a link that is dropped leaves all its text; text is not unescaped twice."""

    def extract_entities(self, token: dict[str, Any]) -> Iterator[dict[str, Any]]:
        # The sanitiser before this filter has made tokens of the entities; what still looks like one is text.
        yield token

    def strip_non_url_bits(self, fragment: str) -> tuple[str, str, str]:
        # In linear time, and with brackets counted: "(see http://a.example/b_(c))" keeps one of the two.
        url = fragment
        surplus = url.count(")") - url.count("(")
        while surplus > 0 and url.endswith(")"):
            closing = min(surplus, len(url) - len(url.rstrip(")")))
            url = url[: len(url) - closing].rstrip(_AFTER)
            surplus -= closing
        return url, "", fragment[len(url) :]

    def handle_a_tag(self, token_buffer: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        opening, *inside, closing = token_buffer
        href = links.safe(html.unescape(opening["data"].get((None, "href"), "")))
        if href is None:
            yield from inside
            return
        opening["data"] = _attributes(href)
        text = "".join(map(_text, inside))
        shown = links.shown(text, href)
        yield opening
        yield from inside if shown == text else [{"type": "Characters", "data": shown}]
        yield closing


def _text(token: dict[str, Any]) -> str:
    if token["type"] == "Entity":
        return html.unescape(f"&{token['name']};")
    return token["data"] if token["type"] in ("Characters", "SpaceCharacters") else ""


def _link_bare_address(attributes: _Attributes, new: bool) -> _Attributes | None:
    text = attributes["_text"]
    href = links.claimed_address(text)
    if href is None:
        return None
    return {**_attributes(href), "_text": links.shown(text, href)}


def _attributes(href: str) -> _Attributes:
    # bleach's serialiser takes what looks like an entity for one: escape, so that `&copy=1` stays a
    # parameter.
    return {(None, "href"): html.escape(href), (None, "rel"): REL}


def _linkifier(source: Any) -> _Links:
    return _Links(source, callbacks=[_link_bare_address], skip_tags={"pre", "code"}, url_re=_ADDRESS)


class _Tools(threading.local):
    """The reused parsers, a set for each thread: html5lib's has inner state."""

    def __init__(self) -> None:
        self.markdown = _markdown()
        self.cleaner = Cleaner(
            tags=ALLOWED_TAGS,
            attributes={tag: sorted(names) for tag, names in ALLOWED_ATTRIBUTES.items()},
            protocols={"http", "https", "mailto"},
            strip=True,
            filters=[_linkifier],
        )


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": 20})
    markdown.enable("strikethrough")
    markdown.disable(["reference", "image", "heading", "lheading", "hr", "code", "html_block", "html_inline"])
    markdown.block.ruler.at(
        "blockquote", _shallow_quote, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    markdown.block.ruler.at("list", _shallow_list, {"alt": ["paragraph", "reference", "blockquote"]})
    markdown.inline.ruler.at("strikethrough", _bounded(strikethrough.tokenize, "~"))
    markdown.inline.ruler.at("emphasis", _bounded(emphasis.tokenize, "*_"))
    markdown.inline.ruler.at("link", _bounded(link, "["))
    markdown.core.ruler.after("inline", "flatten", _flatten)
    markdown.add_render_rule("text", _escaped)
    # Addresses are judged once, after Markdown, by text.links: here they pass as they are.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]  # the documented way to replace it
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return markdown


def _escaped(renderer: object, tokens: Sequence[Token], place: int, *_: object) -> str:
    """A text as bleach is to read it: quotes need no entity there, and every entity costs it much."""
    return tokens[place].content.replace("&", "&amp;").replace("<", "&lt;")


def _shallow_quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # Past maxNesting markdown-it would drop the text; refusing the mark before that keeps it.
    if _begins_here(state, start) and state.level >= DEEPEST_BLOCK:
        return False
    return blockquote(state, start, end, silent)


def _shallow_list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if _begins_here(state, start) and (state.level >= DEEPEST_BLOCK or _is_just_a_number(state, start)):
        return False
    return list_block(state, start, end, silent)


def _begins_here(state: StateBlock, line: int) -> bool:
    """Whether the line belongs to the block being read: one indented less ends it and begins further out."""
    return state.sCount[line] >= state.blkIndent


def _is_just_a_number(state: StateBlock, line: int) -> bool:
    number = _NUMBER.match(state.src, state.bMarks[line] + state.tShift[line])
    return number is not None and int(number[1]) != 1


def _bounded(rule: _InlineRule, marks: str) -> _InlineRule:
    """The rule for the first marks of a text; what is over the bound is left as text."""

    def bounded(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] not in marks:
            return False
        state.env["marks"] = state.env.get("marks", 0) + 1
        return state.env["marks"] <= MOST_MARKS and rule(state, silent)

    return bounded


def _flatten(state: StateCore) -> None:
    """Emphasis deeper than any use becomes its own marks again."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            _flatten_inline(token.children)


def _flatten_inline(tokens: Sequence[Token]) -> None:
    depth = 0
    for token in tokens:
        depth += max(token.nesting, 0)
        if token.nesting and depth > DEEPEST_INLINE and token.tag != "a":
            token.type, token.tag, token.content = "text", "", token.markup
        depth += min(token.nesting, 0)
        if token.type == "text":
            token.nesting = 0


_tools = _Tools()

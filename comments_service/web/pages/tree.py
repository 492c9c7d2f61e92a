"""A page of comments as the tree that a template draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

Comment = Mapping[str, Any]


@dataclass
class Node:
    """One comment (or tombstone) with what is drawn below it.

    `answers` is the comment it replies to (of one on another page only the id is known). `flat` says that
    the drawing does not show that: beyond the deepest level, or when that comment stands elsewhere.
    """

    comment: Comment
    depth: int
    children: list[Node] = field(default_factory=list)
    answers: Comment | None = None
    flat: bool = False
    more: str | None = None

    @property
    def left(self) -> int:
        """How many published replies of a root are not drawn."""
        return int(self.comment.get("replies_total", 0)) - _published(self.children)


def conversation(root: Comment, *, deepest: int) -> Node:
    """A root with its first replies; `more` is the cursor of the next ones."""
    top = Node(root, 1, more=root.get("replies_next"))
    _place(root.get("replies", ()), {root["id"]: top}, [], deepest)
    return top


def rest(replies: Sequence[Comment], *, deepest: int) -> list[Node]:
    """Further replies of a root, whose parents may stand on an earlier page."""
    tops: list[Node] = []
    _place(replies, {}, tops, deepest)
    return tops


def safe_html(comment: Comment) -> Markup:
    """The stored rendering, which was sanitised when it was written: the only text that is not escaped."""
    return Markup(comment["html"])  # noqa: S704 (see above)


def _place(replies: Sequence[Comment], nodes: dict[int, Node], tops: list[Node], deepest: int) -> None:
    # Parents come first: a reply's parent is in `nodes`, or on an earlier page. A child of the deepest
    # level joins its parent's own line.
    lines: dict[int, list[Node]] = {id: node.children for id, node in nodes.items()}
    for reply in replies:
        above = nodes.get(reply["parent"])
        if above is None:
            line, node = tops, Node(reply, 2, answers={"id": reply["parent"]}, flat=True)
        elif above.depth < deepest:
            line, node = above.children, Node(reply, above.depth + 1, answers=above.comment)
        else:
            line = lines[above.comment["id"]]
            node = Node(reply, above.depth, answers=above.comment, flat=True)
        line.append(node)
        nodes[reply["id"]] = node
        lines[reply["id"]] = line


def _published(nodes: Sequence[Node]) -> int:
    return sum(("removed" not in node.comment) + _published(node.children) for node in nodes)

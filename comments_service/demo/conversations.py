"""What the newspaper's readers say, read from one TOML file an article."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from .articles import CONTENT


@dataclass(frozen=True)
class Complaint:
    """A report that another reader makes."""

    reason: str
    text: str


@dataclass(frozen=True)
class Removal:
    """A moderator's rejection of a comment that had been published."""

    reason: str
    note: str


@dataclass(frozen=True)
class Comment:
    """One comment and all that happens to it; `id` and `parent` are names inside its conversation."""

    id: str
    name: str
    body: str
    parent: str | None
    up: int
    down: int
    edit: str | None
    withdrawn: bool
    reports: tuple[Complaint, ...]
    removal: Removal | None


@dataclass(frozen=True)
class Conversation:
    """The comments of one article, parents before their replies."""

    article: str
    comments: tuple[Comment, ...]


def read_conversations() -> list[Conversation]:
    """All conversations, ordered by the name of their file."""
    paths = sorted((CONTENT / "conversations").glob("*.toml"))
    return [_conversation(tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths]


def _conversation(fields: dict[str, Any]) -> Conversation:
    return Conversation(fields["article"], tuple(_comment(comment) for comment in fields["comment"]))


def _comment(fields: dict[str, Any]) -> Comment:
    removal = fields.get("removed_by_moderator")
    return Comment(
        id=fields["id"],
        name=fields["name"],
        body=fields["body"].strip(),
        parent=fields.get("parent"),
        up=fields.get("up", 0),
        down=fields.get("down", 0),
        edit=fields["edit"].strip() if "edit" in fields else None,
        withdrawn=fields.get("withdrawn", False),
        reports=tuple(
            Complaint(report["reason"], report.get("text", "")) for report in fields.get("reports", [])
        ),
        removal=Removal(removal["reason"], removal["note"]) if removal else None,
    )

"""Who may use a view: declared where its route is, and readable without calling it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

# An author proves with an author key or an edit token that a comment is theirs.
ANYONE, AUTHOR, MODERATOR, ADMIN = "anyone", "author", "moderator", "admin"
# Whoever runs the service, known by a token among its settings.
OPERATOR = "operator"

V = TypeVar("V", bound=Callable[..., Any])


def open_to(audience: str) -> Callable[[V], V]:
    """Declare the view's audience; keeping others out is the business of who reads the declaration."""

    def declare(view: V) -> V:
        view.audience = audience  # type: ignore[attr-defined]
        return view

    return declare


def declared(view: Callable[..., object]) -> str | None:
    """The audience that a view declared, or None."""
    return getattr(view, "audience", None)

"""The public addresses of our pages, and of comments: built from the setting, never from a Host header."""

from __future__ import annotations

from typing import Any
from urllib.parse import urldefrag

from flask import url_for

from . import asking


def page(endpoint: str, **values: Any) -> str:
    """The whole address of one of our pages."""
    return asking.settings().public_url + url_for(endpoint, **values)


def comment(site: str, article: str | None, comment_id: int) -> str:
    """Where a comment can be read: below its article, where the widget goes to it, or on our own page."""
    anchor = f"comment-{comment_id}"
    if article is not None:
        return f"{urldefrag(article).url}#{anchor}"
    return page("pages.permalink", site=site, comment=comment_id, _anchor=anchor)

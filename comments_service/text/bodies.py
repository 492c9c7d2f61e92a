"""Bodies: a reader's source text, kept as sent."""

from __future__ import annotations

from ..errors import Invalid
from . import characters


def normalise(raw: str, *, longest: int) -> str:
    """The body as it is stored: CRLF and CR become LF, all else stays as sent, up to `longest` characters.

    How many marks one letter may carry, and why that many, is told in `characters.stacks_marks`.
    Raises Invalid (field `body`, code `required`, `too_long`, `characters` or `marks`).
    """
    body = raw.replace("\r\n", "\n").replace("\r", "\n")
    if len(body) > longest:
        message = f"The comment has {len(body)} characters; shorten it to {longest}."
        raise Invalid.field("body", "too_long", message)
    if characters.C0_EXCEPT_TAB_AND_NEWLINE.search(body) or characters.LONE_SURROGATE.search(body):
        message = (
            "The comment contains control characters that cannot be shown; type them again or remove them."
        )
        raise Invalid.field("body", "characters", message)
    if not characters.is_visible(body):
        raise Invalid.field("body", "required", "Write something first.")
    if characters.stacks_marks(body):
        raise Invalid.field("body", "marks", "Use fewer accents on one letter.")
    return body

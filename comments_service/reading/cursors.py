"""Cursors: where a page ended, as an opaque text that is checked when it comes back."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from .. import clock
from ..errors import Invalid

LONGEST = 300
LARGEST = 2**63 - 1


def make(kind: str, *places: int) -> str:
    """A cursor for lists of this kind; `places` are whole numbers that a database can hold."""
    text = json.dumps([kind, *places], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def places(cursor: str, kind: str, count: int) -> list[int]:
    """What `make` was given. Raises Invalid (field `cursor`) for anything else, other kinds included."""
    try:
        found = json.loads(_decoded(cursor))
    except (ValueError, RecursionError) as error:
        raise _invalid() from error
    if not isinstance(found, list) or len(found) != count + 1 or found[0] != kind:
        raise _invalid()
    if not all(type(place) is int and 0 <= place <= LARGEST for place in found[1:]):
        raise _invalid()
    return found[1:]


def moment(microseconds: int) -> datetime:
    """The time that a place stands for. Raises Invalid beyond the calendar."""
    try:
        return clock.from_microseconds(microseconds)
    except OverflowError as error:
        raise _invalid() from error


def _decoded(cursor: str) -> bytes:
    if len(cursor) > LONGEST or not cursor.isascii():
        raise ValueError("not a cursor")
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not a cursor") from error


def _invalid() -> Invalid:
    return Invalid.field("cursor", "invalid", "This cursor is not one of ours; begin again without it.")

"""The few kinds of values that schemas are made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma

from ... import clock

LARGEST_ID = 2**63 - 1
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


class Schema(ma.Schema):
    """A shape that refuses fields it does not know."""

    class Meta:
        unknown = ma.RAISE


class Text(ma.fields.String):
    """A text of bounded length without NUL and lone surrogates."""

    default_error_messages = {
        "characters": "This contains characters that cannot be stored.",
        "too_long": "This may have at most {longest} characters.",
        "too_short": "This needs at least {shortest} characters.",
    }

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        bounds = {"maxLength": longest, **({"minLength": shortest} if shortest else {})}
        super().__init__(metadata={**bounds, **kwargs.pop("metadata", {})}, **kwargs)
        self.longest, self.shortest = longest, shortest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if not is_storable(text):
            raise self.make_error("characters")
        if len(text) > self.longest:
            raise self.make_error("too_long", longest=self.longest)
        if len(text) < self.shortest:
            raise self.make_error("too_short", shortest=self.shortest)
        return text


class Id(ma.fields.Integer):
    """The id of a row: a whole number from 1 that a database can hold; text from a form counts too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"minimum": 1, "maximum": LARGEST_ID}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
            raise self.make_error("invalid")
        return value


class Number(ma.fields.Integer):
    """A whole number between bounds; text from a form or query counts too."""

    def __init__(self, lowest: int, highest: int, **kwargs: Any) -> None:
        bounds = ma.validate.Range(lowest, highest)
        super().__init__(strict=True, validate=bounds, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or (isinstance(value, str) and not _is_small_number(value)):
            raise self.make_error("invalid")
        if isinstance(value, str):
            value = int(value)  # strict would refuse text even where it is a number
        return int(super()._deserialize(value, attr, data, **kwargs) or 0)


class Time(ma.fields.DateTime):
    """An aware time: RFC 3339 in, UTC with `Z` out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else clock.rfc3339(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **kwargs)
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:  # the first or the last day of the calendar, in another zone
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error


def is_storable(text: str) -> bool:
    """Whether every database can hold the text: no NUL, no half of a surrogate pair."""
    return _NOT_STORABLE.search(text) is None


def _is_small_number(value: str) -> bool:
    digits = value.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 10

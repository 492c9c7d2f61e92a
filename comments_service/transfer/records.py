"""The lines of the file: what each kind of record holds, and within which bounds; read and written here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from ..errors import Invalid
from ..models import STATUSES
from ..models.decision import ACTIONS, DISCARD, HOLD, REVERSE
from ..models.decision import REASONS as DECISION_REASONS
from ..models.notice import LONGEST_EMAIL, LONGEST_NAME
from ..models.policy import MODES, Policy
from ..models.report import REASONS as REPORT_REASONS
from ..text import characters, names, slugs

FORMAT = "comments-service"
VERSION = 1
# In this order they stand in the file; what belongs to a comment follows it.
KINDS = (
    *("header", "thread", "author", "comment", "revision", "evidence", "vote", "report"),
    *("decision", "ban", "footer"),
)
BELONGING = ("revision", "evidence", "vote", "report")
# Of what people are told how much there was.
COUNTED = ("thread", "author", "comment", "decision", "ban")
# A header with two lists of 10,000 words has a few megabytes; no other line comes near.
LONGEST_LINE = 16_000_000
# Far from where JavaScript begins to round, so that a file cannot use up a database's numbers.
HIGHEST_NUMBER = 10**15
HIGHEST_COUNT = 2**31 - 1

Record = dict[str, Any]
Check = Callable[[Any], Any]
Shape = Mapping[str, Check]


def bad(line: int, message: str) -> Invalid:
    """What a file is refused with."""
    return Invalid(message=f"Line {line:,}: {message}")


def encoded(record: Record) -> bytes:
    """A record as a line. Times are written in UTC with microseconds, bytes in hexadecimal digits."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=_plain).encode() + b"\n"


def decoded(line: bytes, number: int) -> Record:
    """The record of a line, each field in its stored form. Raises Invalid with the line's number."""
    try:
        record = _JSON.decode(line.decode())
    except (ValueError, RecursionError):
        raise bad(number, "this is not JSON in UTF-8.") from None
    kind = record.pop("type", None) if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in SHAPES:
        raise bad(number, f"a record has a type: {', '.join(KINDS)}.")
    if kind == "decision":
        record.setdefault("trusts", False)  # files of the time before there was trust have no such field
    try:
        return {"type": kind, **_checked(record, SHAPES[kind])}
    except ValueError as error:
        raise bad(number, f"in the {kind}, {error}.") from None


def in_words(counts: Counter[str]) -> str:
    """How many records there are of what people ask for: `2 threads, 0 authors, 1 comment, ...`."""
    kinds = [(kind, counts[kind]) for kind in COUNTED]
    return ", ".join(f"{count:,} {kind}{'' if count == 1 else 's'}" for kind, count in kinds)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    elif isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value)} has no place in a record")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _checked(record: Any, shape: Shape) -> Record:
    if not isinstance(record, dict):
        raise ValueError("an object is expected")
    if record.keys() != shape.keys():
        missing, unknown = sorted(shape.keys() - record.keys()), sorted(record.keys() - shape.keys())
        raise ValueError(f"fields are missing: {missing}" if missing else f"there are no fields {unknown}")
    try:
        return {name: check(record[name]) for name, check in shape.items()}
    except (Invalid, ValueError, OverflowError):
        # Again, to say in which field: millions of lines need not carry their names along.
        return {name: _field(name, check, record[name]) for name, check in shape.items()}


def _field(name: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except Invalid as error:
        sentence = " ".join(one.message for one in error.errors) or error.message
        raise ValueError(f"{name}: {sentence.rstrip('.')}") from None
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} {error}") from None


def _number(lowest: int, highest: int) -> Check:
    def check(value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValueError(f"is a whole number from {lowest} to {highest}")
        return value

    return check


def _text(longest: int | None = None) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or "\0" in value or characters.LONE_SURROGATE.search(value):
            raise ValueError("is a text without NUL and lone surrogates")
        if longest is not None and len(value) > longest:
            raise ValueError(f"has at most {longest} characters")
        return value

    return check


def _printable(shortest: int, longest: int) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not shortest <= len(value) <= longest or not value.isprintable():
            raise ValueError(f"is {shortest} to {longest} printable characters")
        return value

    return check


def _name(value: Any) -> str:
    """Empty where a name was erased, or never given."""
    text = str(_text()(value))
    return names.normalise(text) if text else ""


def _slug(value: Any) -> str:
    return slugs.normalise(_text()(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is true or false")
    return value


def _time(value: Any) -> datetime:
    if not isinstance(value, str) or not value.endswith("Z"):
        raise ValueError("is a time in UTC such as 2026-05-04T12:00:00.000000Z")
    return datetime.fromisoformat(value)


def _hex(*lengths: int) -> Check:
    def check(value: Any) -> bytes:
        if not isinstance(value, str) or len(value) not in {2 * length for length in lengths}:
            raise ValueError(f"is {' or '.join(str(2 * length) for length in lengths)} hexadecimal digits")
        return bytes.fromhex(value)

    return check


def _one_of(*values: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"is one of: {', '.join(values)}")
        return value

    return check


def _score(value: Any) -> float:
    if type(value) not in (int, float) or not isfinite(value):
        raise ValueError("is a number")
    return float(value)


def _vote(value: Any) -> int:
    if type(value) is not int or value not in (-1, 1):
        raise ValueError("is 1 or -1")
    return value


def _or_null(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _object(**shape: Check) -> Check:
    return lambda value: _checked(value, shape)


def _list_of(check: Check) -> Check:
    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("is a list")
        return [check(item) for item in value]

    return check_all


def _address(value: Any) -> str:
    """An http or https address, as the policy's."""
    return str(Policy.parse({"rules_url": _printable(1, 2000)(value)}).rules_url)


def _policy(value: Any) -> Record:
    """The document of a policy: what differs from the defaults."""
    if not isinstance(value, dict):
        raise ValueError("is an object")
    defaults = Policy().document()
    return {name: kept for name, kept in Policy.parse(value).document().items() if kept != defaults[name]}


_JSON = json.JSONDecoder(parse_constant=_no_constant)
_COUNT = _number(0, HIGHEST_COUNT)
_REVISION = _number(1, HIGHEST_COUNT)
_PLACE = _number(1, HIGHEST_NUMBER)
_NUMBER = _number(1, HIGHEST_NUMBER)
_STATUS = _one_of(*STATUSES)
_KEY_HASH = _hex(32)
_MODERATOR = _printable(1, 60)

SHAPES: Mapping[str, Shape] = {
    "header": {
        "format": _one_of(FORMAT),
        "version": _number(VERSION, VERSION),
        "source": _printable(1, 40),
        "site": _object(
            key=_printable(2, 40),
            name=_printable(1, 200),
            number=_NUMBER,
            policy=_policy,
            created_at=_time,
        ),
    },
    "thread": {
        "slug": _slug,
        "aliases": _list_of(_object(slug=_slug, created_at=_time)),
        "title": _or_null(_printable(0, 500)),
        "url": _or_null(_address),
        "mode": _or_null(_one_of(*MODES)),
        "closes_at": _or_null(_time),
        "slow_seconds": _number(0, 86_400),
        "last_n": _number(0, HIGHEST_NUMBER),
        "opened_at": _or_null(_time),
        "created_at": _time,
    },
    "author": {"key_hash": _KEY_HASH, "name": _name, "trusted_at": _or_null(_time), "created_at": _time},
    "comment": {
        "id": _NUMBER,
        "thread": _slug,
        "parent": _or_null(_NUMBER),
        "root": _or_null(_NUMBER),
        "author": _or_null(_KEY_HASH),
        "name": _name,
        "badge": _or_null(_printable(1, 40)),
        "status": _STATUS,
        "revision": _REVISION,
        "held_revision": _or_null(_REVISION),
        "reason": _or_null(_text(500)),
        "n": _or_null(_PLACE),
        "shown": _flag,
        "ups": _COUNT,
        "downs": _COUNT,
        "score": _number(-HIGHEST_COUNT, HIGHEST_COUNT),
        "reviewed": _flag,
        "created_at": _time,
        "edited_at": _or_null(_time),
        "withdrawn_at": _or_null(_time),
    },
    # The body's own rules come with the setting of its greatest length: see `checking`.
    "revision": {
        "comment": _NUMBER,
        "revision": _REVISION,
        "body": _text(),
        "salt": _hex(0, 16),
        "created_at": _time,
    },
    "evidence": {
        "comment": _NUMBER,
        "revision": _REVISION,
        "check": _printable(1, 40),
        "rule": _text(200),
        "start": _or_null(_COUNT),
        "end": _or_null(_COUNT),
        "score": _or_null(_score),
        "message": _text(500),
    },
    "vote": {"comment": _NUMBER, "author": _KEY_HASH, "value": _vote, "created_at": _time},
    "report": {
        "comment": _NUMBER,
        "revision": _REVISION,
        "reason": _one_of(*REPORT_REASONS),
        "text": _text(2000),
        "author": _or_null(_KEY_HASH),
        "created_at": _time,
        "closed_at": _or_null(_time),
        "decision": _or_null(_NUMBER),
        "notices": _list_of(
            _object(
                revision=_REVISION,
                text=_text(),
                name=_text(LONGEST_NAME),
                email=_text(LONGEST_EMAIL),
                receipt=_hex(32),
                created_at=_time,
            )
        ),
    },
    "decision": {
        "seq": _NUMBER,
        "comment": _NUMBER,
        "revision": _REVISION,
        "action": _one_of(*ACTIONS, HOLD, DISCARD, REVERSE),
        "reason": _or_null(_one_of(*DECISION_REASONS)),
        "by": _or_null(_MODERATOR),
        "reverses": _or_null(_NUMBER),
        "before_status": _STATUS,
        "before_revision": _REVISION,
        "before_held_revision": _or_null(_REVISION),
        "after_status": _STATUS,
        "trusts": _flag,
        "text_hash": _hex(32),
        "note_hash": _or_null(_hex(32)),
        "note": _or_null(_object(text=_text(2000), salt=_hex(16))),
        "created_at": _time,
        "chained": _object(
            site=_NUMBER, comment=_NUMBER, moderator=_or_null(_NUMBER), reverses=_or_null(_NUMBER)
        ),
        "hash": _hex(32),
    },
    "ban": {
        "author": _KEY_HASH,
        "reason": _text(2000),
        "by": _or_null(_MODERATOR),
        "created_at": _time,
        "expires_at": _or_null(_time),
        "lifted_at": _or_null(_time),
    },
    "footer": {
        "counts": _object(**dict.fromkeys(KINDS[1:-1], _number(0, HIGHEST_NUMBER))),
        "sha256": _hex(32),
    },
}
assert tuple(SHAPES) == KINDS

"""Reading what a request sent: strict JSON, strict forms, strict queries."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import flask_smorest
import marshmallow as ma
from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from ...errors import FieldError, Invalid

DEEPEST = 16
LONGEST_NUMBER = 20
MOST_PAIRS = 200
# An empty slug is a mistake, not an absence.
NEVER_ABSENT = "slug"

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

CODES = {
    "Missing data for required field.": "required",
    "Field may not be null.": "required",
    "Unknown field.": "unknown",
}
# Of messages that go on with a limit.
BEGINNINGS = {
    "This contains characters": "characters",
    "This may have at most": "too_long",
    "This needs at least": "length",
    "Length must be": "length",
}


class Parser(FlaskParser):
    """Reads JSON or a form as location `json`, and queries without repeats; says Invalid in our words."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": ma.RAISE, "query": ma.RAISE, "headers": ma.EXCLUDE}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body: JSON, or an urlencoded form whose empty fields count as absent.

        No body at all is fine where nothing is expected.
        """
        if not schema.fields and not req.content_length:
            return {}
        if req.mimetype == JSON_TYPE:
            return json_body(req.get_data(cache=False))
        if req.mimetype == FORM_TYPE:
            return _filled(once_each(_pairs(req.get_data(cache=False))), schema)
        raise UnsupportedMediaType

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The query; a parameter may come once, save those that are lists; an empty one counts as absent."""
        pairs = _pairs(req.query_string)
        lists = {name for name, field in schema.fields.items() if isinstance(field, ma.fields.List)}
        single = once_each((name, value) for name, value in pairs if name not in lists)
        return _filled(single, schema) | {
            name: [v for n, v in pairs if n == name] for name in lists & {n for n, _ in pairs}
        }

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Marshmallow's messages as our field errors."""
        messages = error.normalized_messages()
        raise Invalid(*(e for part in messages.values() for e in _field_errors(part))) from error


class Blueprint(flask_smorest.Blueprint):
    """A blueprint whose arguments are read by our parser."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """As the library's, but a schema is made once and not for every request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


def json_body(data: bytes) -> Any:
    """The value of a JSON text; BadRequest for broken, too deep, repeated or beyond reason."""
    try:
        text = data.decode("utf-8")
        _refuse_depth(text)
        return json.loads(
            text,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise BadRequest from error


def once_each(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A mapping of the pairs; raises Invalid naming a field that comes twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Invalid.field(name, "repeated", f"{name} may be given once.")
        found[name] = value
    return found


def _filled(found: dict[str, Any], schema: ma.Schema) -> dict[str, Any]:
    """Without the empty values of known fields; an unknown one stays, and is refused."""
    return {
        name: value
        for name, value in found.items()
        if value or name == NEVER_ABSENT or name not in schema.fields
    }


def _pairs(data: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            data.decode("utf-8"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_PAIRS,
        )
    except ValueError as error:
        raise BadRequest from error


def _refuse_depth(text: str) -> None:
    depth = deepest = 0
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    if deepest > DEEPEST:
        raise ValueError("nested too deep")


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("number beyond reason")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if len(text) > 2 * LONGEST_NUMBER or not math.isfinite(value):
        raise ValueError("number beyond reason")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Each unknown member is named in the answer, at ten times its bytes.
    if len(pairs) > MOST_PAIRS:
        raise ValueError("more members than anybody has use for")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a repeated member")
    return found


def _field_errors(messages: Any, path: str = "") -> Iterable[FieldError]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            name = path if key == "_schema" else f"{path}.{key}" if path else str(key)
            yield from _field_errors(inner, name)
    else:
        for message in messages:
            field = path.encode("utf-8", "replace").decode()[:100]
            yield FieldError(field or "body", _code(str(message)), str(message))


def _code(message: str) -> str:
    known = (code for beginning, code in BEGINNINGS.items() if message.startswith(beginning))
    return CODES.get(message) or next(known, "invalid")

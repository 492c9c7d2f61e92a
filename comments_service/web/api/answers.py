"""What each operation can answer: declared at its view, spelt out in the description."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar

from ..audience import ADMIN, ANYONE, MODERATOR, declared
from ..problem_types import PROBLEM_TYPES
from ..problems import CONTENT_TYPE, TYPE

V = TypeVar("V", bound=Callable[..., Any])

TYPES = {one.code: one for one in PROBLEM_TYPES}
# Whatever is asked, and of whoever reads or sends what.
ALWAYS = ("bad_request", "site_not_found", "invalid", "unavailable")
OF_WRITES = ("origin",)
OF_BODIES = ("length_required", "content_too_large", "unsupported_media_type")
OF_MODERATORS = ("unauthorised", "role")
# An id that no row can have leads to no operation at all.
OF_IDS = ("not_found",)

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "A strong tag of these very bytes.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "How long caches may keep it.", "schema": {"type": "string"}},
    "Link": {
        "description": 'The next page, if there is one: `<...>; rel="next"`.',
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where the comment can be read.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit": {
        "description": 'What is left: `"post";r=9;t=60`. Absent where limits are off.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'The limits: `"post";q=10;w=60`. Absent where limits are off.',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "Which scheme is asked for.", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "A name for the file.", "schema": {"type": "string"}},
}
OF_LIMITS = ("RateLimit", "RateLimit-Policy")
# Absent where an operator switched limits off, or where there is no further page.
OPTIONAL = (*OF_LIMITS, "Link")
OF_PROBLEMS = {401: ("WWW-Authenticate",), 429: ("Retry-After", *OF_LIMITS), 503: ("Retry-After",)}


def may_fail(*codes: str) -> Callable[[V], V]:
    """Declare the problems a view may answer beside those that all views of its kind share."""

    def declare(view: V) -> V:
        view.problems = codes  # type: ignore[attr-defined]
        return view

    return declare


def problems_of(view: Callable[..., Any], method: str, *, has_body: bool, has_id: bool) -> list[str]:
    """The codes of all problems that a view may answer, in the order of their list."""
    codes = {*ALWAYS, *getattr(view, "problems", ())}
    if method != "get":
        codes.update(OF_WRITES)
    if has_body:
        codes.update(OF_BODIES)
    if has_id:
        codes.update(OF_IDS)
    if declared(view) in (MODERATOR, ADMIN):
        codes.update(OF_MODERATORS)
    return [code for code in TYPES if code in codes]


def is_cached(view: Callable[..., Any], method: str) -> bool:
    """Whether an operation is a public read, which answers 304 to who has it already."""
    return method == "get" and declared(view) == ANYONE


def headers(names: Iterable[str]) -> dict[str, Any]:
    """References to headers, as a response of the description carries them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def header_components() -> dict[str, Any]:
    """The headers themselves."""
    return {name: {**about, "required": name not in OPTIONAL} for name, about in HEADERS.items()}


def problem_responses(codes: Iterable[str]) -> dict[str, list[str]]:
    """The codes by the status they are answered with."""
    by_status: dict[str, list[str]] = {}
    for code in codes:
        by_status.setdefault(str(TYPES[code].status), []).append(code)
    return by_status


def problem_response(status: int, codes: list[str]) -> dict[str, Any]:
    """One status of a problem: its headers, which codes it may have, and an example of each."""
    names = {"type": "string", "enum": codes}
    schema = {
        "allOf": [
            {"$ref": f"#/components/schemas/{'InvalidProblem' if status == 422 else 'Problem'}"},
            {"properties": {"code": names, "status": {"type": "integer", "const": status}}},
        ]
    }
    examples = {code: {"value": problem_example(code)} for code in codes}
    response: dict[str, Any] = {
        "description": " ".join(f"`{code}`: {TYPES[code].meaning}" for code in codes),
        "content": {CONTENT_TYPE: {"schema": schema, "examples": examples}},
    }
    if status in OF_PROBLEMS:
        response["headers"] = headers(OF_PROBLEMS[status])
    return response


def problem_example(code: str) -> dict[str, Any]:
    """A problem as it is answered."""
    one = TYPES[code]
    example: dict[str, Any] = {
        "type": TYPE.format(code=code),
        "title": HTTPStatus(one.status).phrase,
        "status": one.status,
        "detail": one.meaning,
        "code": code,
    }
    if one.status == 422:
        example["errors"] = [{"field": "name", "code": "required", "message": "Enter a name."}]
    return example


def problem_schemas(field_codes: Iterable[str]) -> dict[str, Any]:
    """The shapes of problems (RFC 9457)."""
    text = {"type": "string"}
    problem = {
        "type": "object",
        "description": "What went wrong (RFC 9457): branch on `code`, show `detail`.",
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "description": "Where it is explained."},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {**text, "description": "A sentence that a reader may see."},
            "code": {**text, "description": "Stable, for programs."},
        },
        "required": ["type", "title", "status", "detail", "code"],
    }
    field_error = {
        "type": "object",
        "description": "One value that is not valid.",
        "properties": {"field": text, "code": {**text, "enum": list(field_codes)}, "message": text},
        "required": ["field", "code", "message"],
    }
    return {
        "Problem": problem,
        "FieldError": field_error,
        "InvalidProblem": {
            **problem,
            "description": "Values that are not valid; `errors` names each.",
            "properties": {
                **problem["properties"],  # type: ignore[dict-item]
                "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
            },
            "required": ["type", "title", "status", "detail", "code", "errors"],
        },
    }

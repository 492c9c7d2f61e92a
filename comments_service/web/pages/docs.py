"""The documentation of a running service: its API, read from `/openapi.json`, and its problems.

Drawn on the server without any script; the description is the one that programs read, so the two
cannot differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup, escape

from .. import caching
from .. import problems as problems_edge
from ..api.documentation import METHODS, description
from ..audience import ANYONE, open_to
from ..problem_types import FIELD_CODES, PROBLEM_TYPES
from ..schemas.fields import LARGEST_ID
from .threads import CONTENT_TYPE

# Documentation changes with a release, not with a comment.
CACHED = "public, max-age=300"


@dataclass(frozen=True)
class Value:
    """A parameter or a member of a body: its name, type and bounds in words."""

    name: str
    type: str
    required: bool
    note: str


@dataclass(frozen=True)
class Shape:
    """A body: the name of its schema and its members."""

    name: str
    values: list[Value]

    @property
    def anchor(self) -> str:
        return f"shape-{self.name}"


@dataclass(frozen=True)
class Answer:
    """A status: what it means or which problems it may have, its shape and headers, and an example."""

    status: str
    words: str
    problems: list[str]
    shape: str | None
    headers: list[str]
    example: str | None


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[Value]
    body: Shape | None
    sent_as: list[str]
    example: str | None
    answers: list[Answer]
    following: list[str]

    @property
    def anchor(self) -> str:
        words = self.path.replace("/api/v1/sites/{site}", "").replace("{", "").replace("}", "")
        return f"{self.method.lower()}{words.replace('/', '-')}"


def add_to(blueprint: Blueprint) -> None:
    """Register the documentation."""
    blueprint.get("/docs")(docs)
    blueprint.get("/docs/problems")(problem_list)


@open_to(ANYONE)
def docs() -> Response:
    """Every endpoint of the API with its parameters, bodies and answers."""
    return caching.public(_page(), content_type=CONTENT_TYPE, cache_control=CACHED)


@cache
def _page() -> bytes:
    # Drawn once: it takes as long as a hundred pages of a thread, and anybody may ask for it.
    spec = description()
    sections = {
        tag["name"]: (tag.get("description", ""), list(operations(spec, tag["name"])))
        for tag in spec.get("tags", ())
    }
    shapes = [_shape(spec, name) for name in sorted(spec["components"]["schemas"])]
    about = spec["info"]["description"].split("\n\n")
    page = render_template(
        "pages/docs.html", about=about, sections=sections, shapes=shapes, marked=code_marked
    )
    return page.encode()


@open_to(ANYONE)
def problem_list() -> Response:
    """Every problem's code, meaning and remedy."""
    page = render_template(
        "pages/problems.html", types=PROBLEM_TYPES, field_codes=FIELD_CODES, marked=code_marked
    )
    return caching.public(page.encode(), content_type=CONTENT_TYPE, cache_control=CACHED)


def operations(spec: Mapping[str, Any], tag: str) -> Iterator[Operation]:
    """The operations of a tag, in the order of the description."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            operation = item.get(method)
            if operation is None or tag not in operation.get("tags", ()):
                continue
            parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
            content = operation.get("requestBody", {}).get("content", {})
            yield Operation(
                method.upper(),
                path,
                operation.get("summary", ""),
                operation.get("description", ""),
                [_parameter(one) for one in parameters if one["name"] != "site"],
                _body(spec, content),
                list(content),
                _example(content),
                [_answer(spec, status, answer) for status, answer in sorted(operation["responses"].items())],
                _following(operation),
            )


def code_marked(text: str) -> Markup:
    """The text, escaped, with what stands between back quotes as code."""
    parts = text.split("`")
    marked = (
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )
    return Markup("").join(marked)


def _parameter(parameter: Mapping[str, Any]) -> Value:
    schema = parameter.get("schema", {})
    note = _note(parameter.get("description"), schema)
    where = f"in the {parameter['in']}"
    return Value(
        parameter["name"],
        _type(schema),
        parameter.get("required", False),
        "; ".join(filter(None, (where, note))),
    )


def _body(spec: Mapping[str, Any], content: Mapping[str, Any]) -> Shape | None:
    names = [name for one in content.values() if (name := _name(one["schema"])) is not None]
    return _shape(spec, names[0]) if names else None


def _example(content: Mapping[str, Any]) -> str | None:
    examples = [one["example"] for one in content.values() if "example" in one]
    return json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else None


def _following(operation: Mapping[str, Any]) -> list[str]:
    """What can be done with the results, each once."""
    links = (link for answer in operation["responses"].values() for link in answer.get("links", {}).values())
    return list(dict.fromkeys(link["description"] for link in links))


def _shape(spec: Mapping[str, Any], name: str) -> Shape:
    schema = spec["components"]["schemas"][name]
    required = schema.get("required", ())
    return Shape(
        name,
        [
            Value(
                key,
                _type(value),
                key in required,
                _note(value.get("description"), value),
            )
            for key, value in schema.get("properties", {}).items()
        ],
    )


def _answer(spec: Mapping[str, Any], status: str, answer: Mapping[str, Any]) -> Answer:
    if "$ref" in answer:
        answer = spec["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content", {})
    problems = list(content.get(problems_edge.CONTENT_TYPE, {}).get("examples", ()))
    schemas = [one.get("schema", {}) for one in content.values()]
    return Answer(
        status,
        "" if problems else answer.get("description", ""),
        problems,
        _name(schemas[0]) if schemas else None,
        list(answer.get("headers", ())),
        _example(content),
    )


def _name(schema: Mapping[str, Any]) -> str | None:
    found = schema.get("$ref") or schema.get("items", {}).get("$ref")
    return str(found).rpartition("/")[2] if found else None


def _type(schema: Mapping[str, Any]) -> str:
    """The type in a word or two: `string or null`, `list of Comment`."""
    if "$ref" in schema:
        return str(_name(schema))
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(_type(one) for one in choices))
    kinds = schema.get("type", "any")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "array" in kinds:
        kinds = [f"list of {_type(schema.get('items', {}))}" if kind == "array" else kind for kind in kinds]
    return " or ".join(kinds)


def _note(description: str | None, schema: Mapping[str, Any]) -> str:
    return "; ".join(filter(None, ((description or "").rstrip("."), _bounds(schema))))


def _bounds(schema: Mapping[str, Any]) -> str:
    found = []
    if "enum" in schema:
        found.append(", ".join(str(one) for one in schema["enum"]))
    if schema.get("maximum") == LARGEST_ID:
        found.append("an id")
    elif "maximum" in schema:
        found.append(f"{schema.get('minimum', '…')} to {schema['maximum']}")
    if "maxLength" in schema:
        least = f"{schema['minLength']} to" if "minLength" in schema else "at most"
        found.append(f"{least} {schema['maxLength']} characters")
    if schema.get("default") not in (None, ""):
        found.append(f"default {schema['default']}")
    return "; ".join(found)

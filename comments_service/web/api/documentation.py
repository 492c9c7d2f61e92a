"""The API put together, and its OpenAPI description: made from the schemas and from what views declare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask, Response, jsonify

from ...reading.queues import QUEUES
from ..audience import ADMIN, ANYONE, MODERATOR, declared, open_to
from ..problem_types import FIELD_CODES
from ..schemas.fields import LARGEST_ID
from . import answers, examples, moderation, readers
from .input import FORM_TYPE, JSON_TYPE
from .links import LINKS

BLUEPRINTS = (readers.blueprint, moderation.blueprint)
TITLE = "comments_service"
ABOUT = """Comments of articles: read, posted, moderated.

Readers need no account. Whoever posts may send an `author_key`, made by the client and kept by it; it
proves later that a comment, or a vote, is theirs. An `edit_token` comes with the answer to a post and allows
to edit that one comment for some minutes. Both are sent in the body and never in an address. Moderators send
the token of a person: `Authorization: Bearer TOKEN`.

A browser's page may write when its `Origin` is one of the site's; programs send none. Whatever goes wrong is
a problem (RFC 9457); a 500 is a fault of ours, and a 405 carries `Allow`. Reads answer `HEAD`, too."""
BEARER = "moderator"
SCHEMES = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "A person's API token; `comments-service token add NAME` prints one.",
    }
}
NEEDS = {MODERATOR: "Needs a moderator.", ADMIN: "Needs an admin."}
# `<int:comment>` in a route.
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
METHODS = ("get", "post", "put", "patch", "delete")
SITE_PATTERN = "^[a-z0-9][a-z0-9-]{1,39}$"
ID = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
PATHS = {"site": {"type": "string", "pattern": SITE_PATTERN}, "queue": {"type": "string", "enum": QUEUES}}
IF_NONE_MATCH: dict[str, Any] = {
    "in": "header",
    "name": "If-None-Match",
    "description": "A tag that an earlier answer carried; 304 when nothing has changed.",
    "schema": {"type": "string"},
    "required": False,
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Makes a retry safe, in the scope of the author key; the same as `key` in the body.",
    "schema": {"type": "string", "minLength": 1, "maxLength": readers.LONGEST_KEY},
    "required": False,
}
# What a comment has and a tombstone has not; all else both have.
TEXT = ("name", "badge", "html", "edited_at", "status", "revision", "score")
TOMBSTONES = ("ThreadComment", "Root")
# What an operation takes that needs nothing; an empty object and no body at all are the same.
NOTHING = ("Nothing", "ModerationNothing")
NOT_OURS = ("ErrorSchema", "PaginationMetadataSchema", *NOTHING)
# A form cannot say what is in a list of objects.
JSON_ALONE = ("ModerationDecisionsIn",)

Spec = dict[str, Any]
View = Callable[..., Any]


def init_app(app: Flask) -> None:
    """Register the API's blueprints and serve `/openapi.json`."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/openapi.json", "openapi_json", openapi_json)


@open_to(ANYONE)
def openapi_json() -> Response:
    """What programs read to learn the API."""
    return jsonify(description())


@cache
def description() -> Spec:
    """The API in OpenAPI's terms; nobody may change it.

    Made when somebody first asks, on an application of its own: few workers are ever asked, and it takes
    four times as long as all the rest of an application's start.
    """
    bare = Flask(TITLE, static_folder=None)
    bare.config.update(API_TITLE=TITLE, API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    names = MarshmallowPlugin(schema_name_resolver=_name)
    api = flask_smorest.Api(bare, spec_kwargs={"marshmallow_plugin": names})
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    spec: Spec = api.spec.to_dict()
    spec["info"] |= {"description": ABOUT, "license": {"name": "MIT", "identifier": "MIT"}}
    spec["components"] = _components(spec["components"]["schemas"])
    for item in spec["paths"].values():
        for parameter in item["parameters"]:
            parameter["schema"] = PATHS.get(parameter["name"], ID)
            parameter["example"] = examples.PARAMETERS[parameter["name"]]
    for endpoint, path, method in _operations(bare, spec):
        _complete(spec, path, method, bare.view_functions[endpoint], endpoint.replace(".", "_"))
    _require_what_is_answered(spec)
    return spec


def _name(schema: Any) -> str:
    """The schema's name in the description: moderators' shapes share words with readers'."""
    found = resolve_schema_cls(schema)
    kind = found[0] if isinstance(found, list) else found
    audience = "Moderation" if kind.__module__.endswith(".moderation") else ""
    return audience + str(kind.__name__)


def _components(schemas: Spec) -> Spec:
    ours = {name: schema for name, schema in schemas.items() if name not in NOT_OURS}
    return {
        "schemas": ours | answers.problem_schemas(FIELD_CODES),
        "headers": answers.header_components(),
        "responses": {},
        "securitySchemes": SCHEMES,
    }


def _operations(bare: Flask, spec: Spec) -> Iterator[tuple[str, str, str]]:
    """Every operation with its endpoint, path and method."""
    for rule in bare.url_map.iter_rules():
        path = PLACE.sub(r"{\1}", rule.rule)
        for method in METHODS:
            if method in spec["paths"].get(path, {}) and method.upper() in (rule.methods or ()):
                yield rule.endpoint, path, method


def _complete(spec: Spec, path: str, method: str, view: View, operation_id: str) -> None:
    """Add to an operation what its view declares and what all of its kind share."""
    item = spec["paths"][path]
    operation = item[method]
    audience = declared(view)
    operation["operationId"] = operation_id
    operation["x-audience"] = audience
    if audience in NEEDS:
        operation["security"] = [{BEARER: []}]
        operation["description"] = NEEDS[audience]
    for parameter in operation.get("parameters", ()):
        _complete_parameter(parameter)
    more = [IDEMPOTENCY_KEY] if operation_id == "readers_post" else []
    more += [IF_NONE_MATCH] if answers.is_cached(view, method) else []
    for header in more:
        example = {"example": examples.PARAMETERS[header["name"]]}
        operation.setdefault("parameters", []).append(header | example)
    has_body = "requestBody" in operation
    if has_body and _ref(operation["requestBody"]["content"][JSON_TYPE]["schema"]) in NOTHING:
        del operation["requestBody"]
    if "requestBody" in operation:
        _complete_body(spec, operation["requestBody"])
    codes = answers.problems_of(
        view,
        method,
        has_body=has_body,
        has_id=any(one["schema"] is ID for one in item["parameters"]),
    )
    operation["responses"] = {
        status: response for status, response in operation["responses"].items() if status.startswith("2")
    }
    for status, response in operation["responses"].items():
        _complete_answer(response, operation_id, status, is_limited="too_fast" in codes)
    if answers.is_cached(view, method):
        _add_cached(operation["responses"])
    for status, those in answers.problem_responses(codes).items():
        operation["responses"][status] = _shared(spec, status, those)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _complete_parameter(parameter: Spec) -> None:
    schema = parameter["schema"]
    # An absent value is null in the code; nobody can send one.
    if isinstance(schema.get("type"), list):
        schema["type"] = next(one for one in schema["type"] if one != "null")
    if schema.get("default", "") is None:
        del schema["default"]
    if not parameter.get("required"):
        parameter["allowEmptyValue"] = True  # it counts as absent
    value = examples.PARAMETERS.get(parameter["name"])
    if value is not None:
        parameter["example"] = [value, "ferry"] if schema["type"] == "array" else value


def _complete_body(spec: Spec, body: Spec) -> None:
    """Say that forms are taken, too, and give an example."""
    content = body["content"][JSON_TYPE]
    name = _ref(content["schema"])
    if name in examples.SHAPES:
        content["example"] = examples.SHAPES[name]
    if name not in JSON_ALONE:
        body["content"][FORM_TYPE] = {**content, "schema": _as_form(spec["components"]["schemas"][name])}


def _as_form(schema: Spec) -> Spec:
    """The shape as a form can send it: without null, and what is empty counts as absent."""
    required = schema.get("required", ())
    properties = {
        name: about if name in required else {"anyOf": [{"type": "string", "maxLength": 0}, _not_null(about)]}
        for name, about in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties}


def _not_null(about: Spec) -> Spec:
    if not isinstance(about.get("type"), list):
        return about
    # A form has texts alone; a list is one with commas between.
    kind = next(one for one in about["type"] if one not in ("null", "array"))
    found = {**about, "type": kind}
    if "enum" in found:
        found["enum"] = [one for one in found["enum"] if one is not None]
    if found.get("default", "") is None:
        del found["default"]
    return found


def _complete_answer(response: Spec, operation_id: str, status: str, *, is_limited: bool) -> None:
    for content in response.get("content", {}).values():
        name = _ref(content["schema"])
        if name in examples.SHAPES:
            content["example"] = examples.SHAPES[name]
    names = ["Cache-Control", *(answers.OF_LIMITS if is_limited else ())]
    if (operation_id, status) == ("readers_post", "201"):
        names.append("Location")
    if operation_id == "moderation_log_export":
        names.append("Content-Disposition")
        response["content"]["text/csv"] = response["content"]["application/x-ndjson"]
    response["headers"] = answers.headers(names)
    if (operation_id, status) in LINKS:
        response["links"] = LINKS[operation_id, status]


def _add_cached(responses: Spec) -> None:
    """What a public read says to caches, and its 304."""
    responses["200"]["headers"] |= answers.headers(("ETag", "Link"))
    responses["304"] = {
        "description": "The tag of If-None-Match is still that of the answer.",
        "headers": answers.headers(("ETag", "Cache-Control")),
    }


def _shared(spec: Spec, status: str, codes: list[str]) -> Spec:
    """A reference to the response for these problems; many operations share one."""
    name = f"{status}-{'-'.join(codes)}"
    responses = spec["components"]["responses"]
    if name not in responses:
        responses[name] = answers.problem_response(int(status), codes)
    return {"$ref": f"#/components/responses/{name}"}


def _require_what_is_answered(spec: Spec) -> None:
    """Whatever an answer's shape names is there; only a tombstone has no text, and nothing else `removed`."""
    schemas = spec["components"]["schemas"]
    for name in _answered(spec):
        schema = schemas[name]
        schema["required"] = list(schema.get("properties", ()))
        if name in TOMBSTONES:
            schema["required"] = [one for one in schema["required"] if one not in (*TEXT, "removed")]
            schema["oneOf"] = [{"required": list(TEXT)}, {"required": ["removed"]}]


def _answered(spec: Spec) -> list[str]:
    """The shapes of all answers that are no problems."""
    found: list[str] = []
    waiting = [
        content["schema"]
        for item in spec["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
    ]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = _ref(part)
            if name is not None and name not in found:
                found.append(name)
                waiting.append(spec["components"]["schemas"][name])
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found


def _ref(schema: Spec) -> str | None:
    """The name that a schema refers to."""
    found = schema.get("$ref")
    return found.rpartition("/")[2] if isinstance(found, str) else None

"""The API put together, and its OpenAPI description."""

from __future__ import annotations

from functools import cache
from typing import Any

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask, Response, jsonify

from ..audience import ANYONE, open_to
from . import moderation, readers

BLUEPRINTS = (readers.blueprint, moderation.blueprint)
TITLE = "comments_service"


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
def description() -> dict[str, Any]:
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
    described: dict[str, Any] = api.spec.to_dict()
    return described


def _name(schema: Any) -> str:
    """The schema's name in the description: moderators' shapes share words with readers'."""
    found = resolve_schema_cls(schema)
    kind = found[0] if isinstance(found, list) else found
    audience = "Moderation" if kind.__module__.endswith(".moderation") else ""
    return audience + str(kind.__name__)

"""The API put together with its OpenAPI description."""

from __future__ import annotations

from typing import Any

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask

from . import moderation, readers


def init_app(app: Flask) -> None:
    """Register the API's blueprints and serve `/openapi.json` and `/docs`."""
    app.config.update(
        API_TITLE="comments_service",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
    )
    names = MarshmallowPlugin(schema_name_resolver=_name)
    api = flask_smorest.Api(app, spec_kwargs={"marshmallow_plugin": names})
    for blueprint in (readers.blueprint, moderation.blueprint):
        api.register_blueprint(blueprint)


def _name(schema: Any) -> str:
    """The schema's name in the description: moderators' shapes share words with readers'."""
    found = resolve_schema_cls(schema)
    kind = found[0] if isinstance(found, list) else found
    audience = "Moderation" if kind.__module__.endswith(".moderation") else ""
    return audience + str(kind.__name__)

"""Building the Flask application from its parts."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

from .. import db
from ..config import Settings
from ..identity import Signer
from . import embed, feed, gate, health, hot, limits, metrics, moderators, pages, problems, request_log
from .api import documentation
from .schemas.fields import LARGEST_ID


class Id(IntegerConverter):
    """`<int:...>` in a path: the id of a row that a database can hold; all else is an address of nothing."""

    regex = "[0-9]+"  # ASCII alone: other scripts' digits would be further spellings of an id

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=LARGEST_ID)


def build(settings: Settings | None = None) -> Flask:
    """The application, ready to serve. Raises SettingsError when the environment is not usable."""
    settings = settings or Settings.read()
    app = Flask("comments_service", static_folder=None)
    app.url_map.converters["int"] = Id
    app.config["MAX_CONTENT_LENGTH"] = gate.LONGEST_ESCAPE * gate.LARGEST_BODY  # the gate knows better
    app.config["MAX_FORM_PARTS"] = 0  # nothing here reads multipart bodies
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["comments_settings"] = settings
    app.extensions["comments_signer"] = Signer(settings.secret_key)
    db.init_app(app, settings)
    limits.init_limits(app, settings)
    documentation.init_app(app)
    problems.init_app(app)
    for blueprint in (
        embed.blueprint,
        feed.blueprint,
        health.blueprint,
        metrics.blueprint,
        moderators.blueprint,
        pages.blueprint,
    ):
        app.register_blueprint(blueprint)
    gate.init_gate(app, db.line_of(app))
    request_log.init_app(app)
    metrics.init_app(app, settings, hot.init_app(app, settings, app.extensions["comments_signer"]))
    return app

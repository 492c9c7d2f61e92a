"""comments_service: article comments, self-hosted. Start reading at `create_app`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application; `settings` default to the environment's. Raises SettingsError.

    Parts are imported here, so that `comments-service --help` needs none of them.
    """
    from .web import app

    return app.build(settings)

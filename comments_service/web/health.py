"""Whether the service is alive, and whether it is ready."""

from __future__ import annotations

from flask import Blueprint

from .. import db, migrating
from ..errors import Unavailable
from .audience import ANYONE, open_to

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@open_to(ANYONE)
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@blueprint.get("/readyz")
@open_to(ANYONE)
def ready() -> dict[str, str]:
    """The database is reachable and migrated; 503 otherwise."""
    if not db.is_alive(db.reading()):
        raise Unavailable("The database cannot be reached.")
    if not migrating.is_current(db.reading().connection()):
        raise Unavailable("The database is not migrated; run: comments-service db upgrade")
    return {"status": "ready"}

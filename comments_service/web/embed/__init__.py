"""The widget's files, as any site embeds them: `/embed/v1.js`, languages, and names with a hash for ever."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ...errors import NotFound
from ..audience import ANYONE, open_to
from . import files

# For the one address that sites write down, and languages: a new release is with readers within minutes.
SHORT = "public, max-age=300"
FOREVER = "public, max-age=31536000, immutable"

blueprint = Blueprint("embed", __name__, url_prefix="/embed")


@blueprint.get("/<name>")
@open_to(ANYONE)
def file(name: str) -> Response:
    """A file of the widget, or 304; raises NotFound for a name or hash that no kept release has."""
    found = files.served().get(name)
    if found is None:
        raise NotFound("There is no such file of the widget.")
    gzipped = request.accept_encodings.quality("gzip") > 0
    response = Response(found.gzipped if gzipped else found.content, content_type=found.content_type)
    if gzipped:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{found.hash}-gzip" if gzipped else found.hash)
    response.headers["Cache-Control"] = FOREVER if name == files.hashed_name(found.hash) else SHORT
    response.headers["Vary"] = "Accept-Encoding"
    response.make_conditional(request)
    return response


@blueprint.after_request
def _open_to_isolated_pages(response: Response) -> Response:
    # Pages that isolate themselves (COEP) may embed it too.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response

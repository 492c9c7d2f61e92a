"""Public answers that caches may keep: ETag, Cache-Control, Vary, and 304."""

from __future__ import annotations

from flask import Response, request

from . import asking

PUBLIC = "public, max-age=0, s-maxage=1"


def public(body: bytes, *, content_type: str = "application/json", cache_control: str = PUBLIC) -> Response:
    """The answer with a strong tag over its very bytes, or 304 if the asker has it already.

    A tag of the bytes cannot be wrong: whatever changes them (a write, the clock, the policy)
    changes it, and nothing else does.
    """
    response = Response(body, content_type=content_type)
    response.set_etag(asking.signer().etag(request.full_path.encode(), body))
    response.headers["Cache-Control"] = cache_control
    response.headers["Vary"] = "Accept-Encoding"
    response.make_conditional(request)
    return response

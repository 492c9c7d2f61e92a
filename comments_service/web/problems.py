"""Errors as RFC 9457 problems: the one table from our errors to statuses."""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, request
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError, TimeoutError
from werkzeug.exceptions import HTTPException

from ..errors import Conflict, Invalid, NotFound, Refused, ServiceError, TooFast, Unauthorised, Unavailable

STATUS: dict[type[ServiceError], int] = {
    NotFound: 404,
    Refused: 403,
    Unauthorised: 401,
    Invalid: 422,
    Conflict: 409,
    TooFast: 429,
    Unavailable: 503,
}
CONTENT_TYPE = "application/problem+json"
# What every answer says that has not a policy of its own: nothing in it may run, load or be framed.
PROTECTED = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Our own forms must carry an Origin, which `no-referrer` would turn into `null`.
    "Referrer-Policy": "same-origin",
}
# What pages of every origin may read, errors too: no answer there depends on a cookie.
OPEN = re.compile(r"/(?:api|embed)/|/sites/[^/]*/fragment/?$")
EXPOSED = "Retry-After, RateLimit, RateLimit-Policy, ETag, Link"
# The address of a problem's explanation in the documentation, relative to the service.
TYPE = "/docs/problems#{code}"

# Our own: the framework's phrases differ from one version of Python to the next.
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    411: "length_required",
    413: "content_too_large",
    415: "unsupported_media_type",
}
SENTENCES = {
    400: "The request could not be read.",
    404: "There is nothing here.",
    405: "This address does not answer that method.",
    411: "A request with a body needs a Content-Length.",
    413: "The request is larger than 64 kB.",
    414: "The address is too long.",
    415: "Send application/json or application/x-www-form-urlencoded.",
    500: "Something went wrong on our side. It has been noted.",
}

# PostgreSQL's undefined_column and undefined_table.
NOT_MIGRATED = ("42703", "42P01")

logger = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Answer every error of the application, the framework's own included, as a problem."""
    app.register_error_handler(ServiceError, _service_error)
    app.register_error_handler(HTTPException, from_http_error)
    for away in (OperationalError, InterfaceError, TimeoutError):
        app.register_error_handler(away, _database_away)
    app.register_error_handler(ProgrammingError, _perhaps_migrating)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_public_headers)


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    """One problem document. `members` are added as they are (such as `errors`)."""
    document = {
        "type": TYPE.format(code=code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    body = json.dumps(document, ensure_ascii=True)
    return Response(body, status=status, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def from_error(error: ServiceError) -> Response:
    """The problem that says what `error` says."""
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    members: dict[str, Any] = {}
    if isinstance(error, Invalid):
        members["errors"] = [{"field": e.field, "code": e.code, "message": e.message} for e in error.errors]
    response = problem(status, error.code, error.message, **members)
    if isinstance(error, TooFast | Unavailable):
        response.headers["Retry-After"] = str(max(1, error.retry_after))
    if isinstance(error, Unauthorised):
        response.headers["WWW-Authenticate"] = 'Bearer realm="moderation"'
    return response


def _service_error(error: ServiceError) -> Response:
    return from_error(error)


def from_http_error(error: HTTPException) -> Response:
    """The problem that says what the framework's `error` says; what is no error stays as it is."""
    if error.code is None or error.code < 400:
        return Response(error.get_response().response, error.code, dict(error.get_headers()))
    code = CODES.get(error.code, "bad_request" if error.code < 500 else "internal")
    response = problem(error.code, code, SENTENCES.get(error.code) or error.description or error.name)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _database_away(error: Exception) -> Response:
    logger.error("database away: %s", type(error).__name__)
    return from_error(Unavailable("The database cannot be reached just now. Please try again."))


def _perhaps_migrating(error: ProgrammingError) -> Response:
    """What is not there is there before or after a migration; SQLite itself calls that operational."""
    if getattr(error.orig, "sqlstate", None) in NOT_MIGRATED:
        return _database_away(error)
    return _unexpected(error)


def _unexpected(error: Exception) -> Response:
    # The traceback only: never the environ, which carries keys, tokens and every environment variable.
    logger.exception("unexpected error in %s", request.endpoint)
    return problem(500, "internal", SENTENCES[500])


def _public_headers(response: Response) -> Response:
    if response.status_code == HTTPStatus.PERMANENT_REDIRECT:
        _redirect_within(response)
    if OPEN.match(request.path):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET")
            response.headers["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key"
            response.headers["Access-Control-Max-Age"] = "600"
    response.headers.setdefault("Cache-Control", "no-store")
    for name, value in PROTECTED.items():
        response.headers.setdefault(name, value)
    return response


def _redirect_within(response: Response) -> None:
    """Keep the router's redirect (a slash too many or too few) at this service: it is built from Host."""
    target = urlsplit(response.headers["Location"])
    query = f"?{target.query}" if target.query else ""
    response.headers["Location"] = f"/{target.path.lstrip('/')}{query}"
    response.set_data(b"")

"""The moderators' pages at /moderate/: server-rendered, plain forms, a small script for keys."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, make_response, request, url_for
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from ...errors import Invalid, ServiceError, TooFast, Unauthorised, Unavailable
from .. import problems
from ..audience import ANYONE
from ..gate import LARGER
from ..problems import STATUS
from . import access, decisions, desk, figures, history, phrases, queue, settings, sign_in, team
from .assets import ASSETS, address

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

logger = logging.getLogger(__name__)

blueprint = Blueprint("moderators", __name__, url_prefix="/moderate", template_folder="templates")
for part in (queue, decisions, history, desk, figures, settings, team, sign_in):
    part.add_to(blueprint)


@blueprint.get("/static/<name>")
@access.open_to(ANYONE)
def static(name: str) -> Response:
    """The style sheet and the script."""
    return ASSETS.answer(name)


@blueprint.before_request
def _admit_word_lists() -> None:
    # Before the form is read; the gate has let only this address send so much.
    if request.path in LARGER:
        request.max_content_length = request.max_form_memory_size = LARGER[request.path]


@blueprint.after_request
def _protect(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@blueprint.context_processor
def _words() -> dict[str, object]:
    return {
        "asset": address,
        "csrf_token": access.csrf_token,
        "when": phrases.when,
        "when_at": phrases.when_at,
        "hour": phrases.hour,
    }


@blueprint.errorhandler(ServiceError)
def _say_error(error: ServiceError) -> Response:
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    text = error.message
    if isinstance(error, Invalid) and error.errors:
        text = " ".join(dict.fromkeys(one.message for one in error.errors))
    if _wants_json():
        again = " Sign in again in another tab." if isinstance(error, Unauthorised) else ""
        response = make_response({"message": text + again}, status)
    elif isinstance(error, Unauthorised):
        response = _not_signed_in(status)
    else:
        response = sign_in.message(TITLES.get(status, "That did not work"), text, status, **_back())
    if isinstance(error, TooFast | Unavailable):
        response.headers["Retry-After"] = str(max(1, error.retry_after))
    if isinstance(error, Unauthorised):
        response.headers["WWW-Authenticate"] = 'Cookie realm="moderate"'
    return response


@blueprint.errorhandler(HTTPException)
def _say_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    text = error.description or error.name
    if _wants_json():
        return make_response({"message": text}, status)
    return sign_in.message(TITLES.get(status, "That did not work"), text, status, **_back())


@blueprint.app_errorhandler(404)
@blueprint.app_errorhandler(405)
def _say_no_such_page(error: HTTPException) -> Response:
    """What a person gets at an address of ours that no view answers; all else gets the service's problem."""
    ours = request.path.startswith(f"{blueprint.url_prefix}/")
    if not ours or request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html":
        return problems.from_http_error(error)
    title, text = NO_SUCH_PAGE[error.code or 404]
    response = _protect(sign_in.message(title, text, error.code or 404, **_back()))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _say_database_away(error: Exception) -> Response:
    logger.error("database away: %s", type(error).__name__)
    return _say_error(Unavailable("The database cannot be reached just now. Please try again."))


for away in (OperationalError, InterfaceError, TimeoutError):
    blueprint.register_error_handler(away, _say_database_away)


NOTHING_HERE = "There is nothing here"
# Where no view answers: the title, and what to do.
NO_SUCH_PAGE = {
    404: (NOTHING_HERE, "The address may be mistyped, or from an older page. Nothing was changed."),
    405: (
        "This page cannot be opened",
        "The address only takes what a button of ours sends. Nothing was changed: open the page before it, "
        "and press the button there.",
    ),
}
TITLES = {
    403: "This was refused",
    404: NOTHING_HERE,
    409: "Somebody was faster",
    422: "Something is missing",
    429: "Too many tries",
    503: "Not just now",
}


def _not_signed_in(status: int) -> Response:
    # A strict cookie is not sent along from a mail or another site; a link on our own page sends it.
    return sign_in.message(
        "You are not signed in",
        "If you did sign in on this device, continue. Otherwise ask for a sign-in link.",
        status,
        again=url_for("moderators.queue"),
        label="Continue",
        hint=f"An admin makes one on the server: {sign_in.NEW_LINK}",
    )


def _back() -> dict[str, str]:
    return {"again": url_for("moderators.queue"), "label": "Back to the queue"}


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"

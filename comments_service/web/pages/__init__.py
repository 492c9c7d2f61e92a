"""The threads as plain pages, which read, post, reply, edit and report without any script; and /docs."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request, url_for

from ...errors import Invalid, ServiceError
from .. import problems
from ..audience import ANYONE, open_to
from . import docs, fragment, own, reports, threads, tree, words, writing
from .assets import ASSETS, PAGES

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'none'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TITLED = (403, 404, 409, 422, 429, 503)

blueprint = Blueprint("pages", __name__, template_folder="templates")
for part in (docs, fragment, own, reports, threads, writing):
    part.add_to(blueprint)


@blueprint.get("/pages/<name>")
@open_to(ANYONE)
def style(name: str) -> Response:
    """A style sheet. Pages of other origins that isolate themselves (COEP) may link to the fragment's."""
    response = ASSETS.answer(name)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.after_request
def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@blueprint.context_processor
def _spoken() -> dict[str, object]:
    spoken = words.spoken()
    return {
        "words": spoken,
        "say": spoken.say,
        "when": spoken.when,
        "style_sheet": url_for("pages.style", name=ASSETS.served_name(PAGES)),
        "safe_html": tree.safe_html,
    }


@blueprint.errorhandler(ServiceError)
def _say_error(error: ServiceError) -> Response:
    answer = problems.from_error(error)
    text = words.spoken().of_error(error)
    if isinstance(error, Invalid) and error.errors:
        text = " ".join(dict.fromkeys(words.spoken().of_field(one) for one in error.errors))
    return _as_page(answer, text)


def _as_page(answer: Response, text: str) -> Response:
    """The problem as it is for programs, and as a page for those who prefer HTML."""
    if request.accept_mimetypes.best_match([problems.CONTENT_TYPE, "text/html"]) == "text/html":
        status = answer.status_code if answer.status_code in TITLED else "other"
        title = words.spoken().say(f"title_{status}")
        answer.set_data(render_template("pages/message.html", title=title, text=text))
        answer.content_type = "text/html; charset=utf-8"
    return answer

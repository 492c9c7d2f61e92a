"""The gate: how many request bodies may be in at a time, and how large one may be."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from io import BytesIO
from threading import BoundedSemaphore
from typing import Any

from flask import Flask

from .. import db
from ..errors import Unavailable
from ..line import Line
from .problems import CONTENT_TYPE, EXPOSED, PROTECTED, TYPE
from .wsgi import Application, Environ, StartResponse

LARGEST_BODY = 64 * 1024
# A form spells a byte with up to three ("%E4"): what they stand for is counted, or a long comment in a script
# whose letters are three bytes each would be refused from a form and taken as JSON.
LONGEST_ESCAPE = 3
ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
FORM_TYPE = "application/x-www-form-urlencoded"
# An admin's form with all word lists of a site, of 10,000 words each, is larger than what readers send.
LARGER = {"/moderate/settings": 1024 * 1024}
# A server of 32 threads keeps 8 for requests without a body.
BODIES_AT_ONCE = 24
PROBLEMS = {
    400: ("bad_request", "Bad Request", "The body ended before its Content-Length."),
    411: ("length_required", "Length Required", "A request with a body needs a Content-Length."),
    413: ("content_too_large", "Content Too Large", "The request is larger than {most} kB."),
    503: ("unavailable", "Service Unavailable", "Many people are writing just now. Please try again."),
}
# What a browser shows that sent a page's form; the application, and so its style, is out of reach.
PAGE = (
    '<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1><p>{detail}</p>'
    "<p>Nothing was saved. Go back: what you wrote may still be there.</p></html>"
)


class Gate:
    """WSGI middleware: reads go on whatever bodies do.

    At most `bodies_at_once` requests with a body are in at a time, from their first byte to their answer; one
    more gets 503 with Retry-After. A chunked body gets 411 and one over `largest` 413, both unread (a form is
    read first, since its escapes count as the bytes they stand for); one that breaks off gets 400, and the
    application never sees a part of it. With a `line`, those that are whole are worked on one by one.

    Nothing bounds how long a body may take: granian's read waits for ever, and an answer given while another
    thread reads freezes its worker (docs/decisions/slow-bodies.md). A proxy that buffers bodies does.
    """

    def __init__(
        self,
        app: Application,
        *,
        bodies_at_once: int = BODIES_AT_ONCE,
        largest: int = LARGEST_BODY,
        line: Line | None = None,
    ) -> None:
        self.app = app
        self.largest = largest
        self.line = line
        self.admit(bodies_at_once)

    def admit(self, bodies_at_once: int) -> None:
        """Set how many bodies may be in; the server, which knows its threads, calls it before any request."""
        self._places = BoundedSemaphore(bodies_at_once)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or refuse its body."""
        if environ.get("HTTP_TRANSFER_ENCODING"):
            return _refusal(411, environ, start_response)
        length = _length(environ)
        if length == 0:
            return self.app(environ, start_response)
        if length > self._longest(environ):
            return _refusal(413, environ, start_response, self._most(environ))
        if not self._places.acquire(blocking=False):
            return _refusal(503, environ, start_response)
        try:
            return self._with_body(environ, length, start_response)
        finally:
            self._places.release()

    def _longest(self, environ: Environ) -> int:
        """How many bytes may be sent, before any is read."""
        escaped = LONGEST_ESCAPE if _is_form(environ) else 1
        return LARGER.get(environ.get("PATH_INFO", ""), escaped * self.largest)

    def _most(self, environ: Environ) -> int:
        """How many bytes may be meant."""
        return LARGER.get(environ.get("PATH_INFO", ""), self.largest)

    def _with_body(self, environ: Environ, length: int, start_response: StartResponse) -> Iterable[bytes]:
        # The framework would take what came before a broken connection for the whole comment.
        body = _read(environ["wsgi.input"], length)
        if len(body) < length:
            return _refusal(400, environ, start_response)
        most = self._most(environ)
        if length > most and _bytes_meant(body) > most:
            return _refusal(413, environ, start_response, most)
        environ["wsgi.input"] = BytesIO(body)
        return self._in_line(environ, start_response)

    def _in_line(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self.line is None:
            return self.app(environ, start_response)
        try:
            with self.line.held(db.TURN_SECONDS):
                return self.app(environ, start_response)
        except Unavailable:
            return _refusal(503, environ, start_response)


def init_gate(app: Flask, line: Line | None = None) -> None:
    """Put the gate around the application; the server finds it as `extensions["comments_gate"]`."""
    gate = Gate(app.wsgi_app, line=line)
    app.wsgi_app = gate  # type: ignore[method-assign]
    app.extensions["comments_gate"] = gate


def _length(environ: Environ) -> int:
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        # The server has parsed it before us; what it let through and we cannot read is no length we know.
        return sys.maxsize


def _is_form(environ: Environ) -> bool:
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower() == FORM_TYPE


def _bytes_meant(form: bytes) -> int:
    # A bare "%" stands for itself.
    return len(form) - (LONGEST_ESCAPE - 1) * len(ESCAPE.findall(form))


def _read(source: Any, length: int) -> bytes:
    body = b""
    while len(body) < length and (more := source.read(length - len(body))):
        body += more
    return body


def _refusal(
    status: int, environ: Environ, start_response: StartResponse, most: int = LARGEST_BODY
) -> list[bytes]:
    code, title, detail = PROBLEMS[status]
    detail = detail.format(most=most // 1024)
    if "text/html" in environ.get("HTTP_ACCEPT", ""):
        kind, text = "text/html; charset=utf-8", PAGE.format(title=title, detail=detail)
    else:
        kind, text = CONTENT_TYPE, _problem(status, code, title, detail)
    body = text.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        *PROTECTED.items(),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", EXPOSED),
    ]
    if status == 503:
        headers.append(("Retry-After", "1"))
    start_response(f"{status} {title}", headers)
    return [body]


def _problem(status: int, code: str, title: str, detail: str) -> str:
    kind = TYPE.format(code=code)
    return json.dumps({"type": kind, "title": title, "status": status, "detail": detail, "code": code})

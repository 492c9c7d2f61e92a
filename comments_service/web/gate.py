"""The gate: how many bodies may be in at a time, how large one may be and how long it may take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from threading import BoundedSemaphore, Thread
from typing import Any, TypeAlias

from flask import Flask

StartResponse: TypeAlias = Callable[..., Any]
Application: TypeAlias = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

LARGEST_BODY = 64 * 1024
# A server of 32 threads keeps 8 for requests without a body.
BODIES_AT_ONCE = 24
BODY_SECONDS = 15.0
# A body given up leaves a thread behind that waits until its client goes away.
MOST_READERS = 200
PROBLEMS = {
    408: ("Request Timeout", "The body did not arrive in time. Please send it again."),
    411: ("Length Required", "Send the body with a Content-Length; chunked bodies are not accepted."),
    413: ("Content Too Large", "The body is larger than 64 kB."),
    503: ("Service Unavailable", "Many people are writing just now. Please try again in a moment."),
}
CODES = {408: "too_slow", 411: "length_required", 413: "too_large", 503: "unavailable"}


class Gate:
    """WSGI middleware: reads go on whatever bodies do.

    At most `bodies_at_once` requests with a body are in at a time, from their first byte to their answer; one
    more gets 503 with Retry-After. A chunked body gets 411, one over `largest` 413, unread; one that does not
    arrive within `seconds` 408. The server itself knows no such limit: its threads wait for a body for ever.
    """

    def __init__(
        self,
        app: Application,
        *,
        bodies_at_once: int = BODIES_AT_ONCE,
        largest: int = LARGEST_BODY,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self.app = app
        self.largest = largest
        self.seconds = seconds
        self._readers = BoundedSemaphore(MOST_READERS)
        self.admit(bodies_at_once)

    def admit(self, bodies_at_once: int) -> None:
        """Set how many bodies may be in; the server, which knows its threads, calls it before any request."""
        self._places = BoundedSemaphore(bodies_at_once)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or refuse its body."""
        if environ.get("HTTP_TRANSFER_ENCODING"):
            return _refusal(411, start_response)
        length = _length(environ)
        if length == 0:
            return self.app(environ, start_response)
        if length > self.largest:
            return _refusal(413, start_response)
        places = self._places
        if not places.acquire(blocking=False):
            return _refusal(503, start_response)
        try:
            return self._with_body(environ, length, start_response)
        finally:
            places.release()

    def _with_body(
        self, environ: dict[str, Any], length: int, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not self._readers.acquire(blocking=False):
            return _refusal(503, start_response)
        body = _Body(environ["wsgi.input"], length, self._readers.release)
        arrived = body.wait(self.seconds)
        if arrived is None:
            return _refusal(408, start_response)
        environ["wsgi.input"] = BytesIO(arrived)
        environ["CONTENT_LENGTH"] = str(len(arrived))
        return self.app(environ, start_response)


class _Body:
    """One body on its way in, read by a thread of its own: nothing else can bound the server's read."""

    def __init__(self, source: Any, length: int, done: Callable[[], None]) -> None:
        self._source = source
        self._length = length
        self._done = done
        self._read: bytes | None = None

    def wait(self, seconds: float) -> bytes | None:
        """The bytes, or None when they are not all there after `seconds`."""
        reader = Thread(target=self._run, daemon=True, name="body")
        reader.start()
        reader.join(seconds)
        return self._read

    def _run(self) -> None:
        try:
            read = self._source.read(self._length)
            if len(read) == self._length:
                self._read = read
        except OSError:
            # The client went away: nobody is left to be told.
            self._read = None
        finally:
            self._done()


def init_gate(app: Flask) -> None:
    """Put the gate around the application; the server finds it as `extensions["comments_gate"]`."""
    gate = Gate(app.wsgi_app)
    app.wsgi_app = gate  # type: ignore[method-assign]
    app.extensions["comments_gate"] = gate


def _length(environ: dict[str, Any]) -> int:
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        # The server has parsed it before us; what it let through and we cannot read is no length we know.
        return LARGEST_BODY + 1


def _refusal(status: int, start_response: StartResponse) -> list[bytes]:
    title, detail = PROBLEMS[status]
    problem = {"type": CODES[status], "title": title, "status": status, "detail": detail}
    body = json.dumps(problem).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "Retry-After, RateLimit, RateLimit-Policy, ETag, Link"),
    ]
    if status in (408, 503):
        headers.append(("Retry-After", "1"))
    start_response(f"{status} {title}", headers)
    return [body]

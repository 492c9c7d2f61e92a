"""The log: one JSON line per request and per event on stderr, without personal data."""

from __future__ import annotations

import json
import logging
import os
import secrets
import select
import sqlite3
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar
from threading import Lock
from time import perf_counter
from types import TracebackType
from typing import Any, TypeAlias

from flask import Flask, request

from .. import clock, counting
from .wsgi import Application, Environ, Headers, StartResponse

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

ROUTE = "comments_service.route"
SITE = "comments_service.site"
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# Exceptions whose message is about the program, never about what a reader sent.
SPEAKS_OF_THE_PROGRAM = (
    OSError,
    sqlite3.OperationalError,
    TypeError,
    AttributeError,
    ImportError,
    NameError,
    NotImplementedError,
    RecursionError,
)

# Who writes a line has the turn for a moment, unless another process fills the pipe in it: then one waits so
# long, and nobody else until it goes on.
TURN_SECONDS = 1.0
_turn = Lock()
_is_stuck = False
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class JsonLines(logging.Formatter):
    """A log record as one line of JSON; of an exception the types and the lines of code, not what it says.

    The message of an exception may quote a reader (`invalid literal: 'what was typed'`, the parameters of a
    statement), so it is kept only for types that speak of the program.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": _now(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "worker": os.getpid(),
        }
        if _request_id.get() is not None:
            line["request"] = _request_id.get()
        if record.exc_info and record.exc_info[1] is not None:
            line["traceback"] = described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)


class Stderr(logging.Handler):
    """Writes to whatever stderr is now, one line at a time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line."""
        try:
            _say(self.format(record))
        except Exception:
            self.handleError(record)


class RequestLog:
    """WSGI middleware, the outermost: writes the line of each request when its answer is made.

    Path and query never appear: the route's template stands for them, or null when none matched.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, and log it; an error on the way out is logged and raised on."""
        started = perf_counter()
        request_id = secrets.token_hex(8)
        token = _request_id.set(request_id)
        answer: dict[str, Any] = {"status": 500, "bytes": None}

        def noting(status: str, headers: Headers, *rest: Any) -> Any:
            answer["status"] = int(status[:3])
            answer["bytes"] = _length(headers)
            return start_response(status, headers, *rest)

        try:
            return self.app(environ, noting)
        except Exception as error:
            logging.getLogger(__name__).error("The answer failed.", exc_info=error)
            raise
        finally:
            _write(environ, answer, request_id, perf_counter() - started)
            _request_id.reset(token)


def init_app(app: Flask) -> None:
    """Log each request of the application, its middleware so far included; call it last."""
    app.before_request_funcs.setdefault(None, []).insert(0, _note_route)
    app.log_exception = _log_exception  # type: ignore[method-assign]
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]


def described(error: BaseException) -> list[str]:
    """The exception and its causes, innermost first: frames with their code, types, safe messages only."""
    lines: list[str] = []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        lines = described(cause)
    frames = traceback.extract_tb(error.__traceback__)
    lines += [f"{frame.filename}:{frame.lineno} {frame.name}: {frame.line}" for frame in frames]
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    lines.append(f"{name}: {error}" if isinstance(error, SPEAKS_OF_THE_PROGRAM) else name)
    return lines


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule


def note_site(key: str) -> None:
    """The request's line may name this site: it exists, so the word is ours and not what somebody typed."""
    request.environ[SITE] = key


def _log_exception(exc_info: ExcInfo) -> None:
    # Flask's own line quotes the path.
    logging.getLogger(__name__).error("A view failed.", exc_info=exc_info)


def _write(environ: Environ, answer: dict[str, Any], request_id: str, seconds: float) -> None:
    method = environ.get("REQUEST_METHOD")
    line = {
        "time": _now(),
        "request": request_id,
        "method": method if method in METHODS else "OTHER",
        "route": environ.get(ROUTE),
        "status": answer["status"],
        "ms": round(seconds * 1000, 2),
        "bytes": answer["bytes"],
        "worker": os.getpid(),
    }
    if SITE in environ:
        line["site"] = environ[SITE]
    _say(json.dumps(line))
    labels = (line["method"], line["route"] or "none")
    counting.count("requests", *labels, str(answer["status"]))
    counting.observe("request_seconds", seconds, *labels)


def _say(line: str) -> None:
    # The disk may be full, or whoever reads our pipe gone or asleep: a line is lost then, not the answer it
    # is about, and nobody waits for it.
    global _is_stuck
    if not _turn.acquire(timeout=0 if _is_stuck else TURN_SECONDS):
        _is_stuck = True
        return
    try:
        with suppress(OSError):
            if _has_room():
                sys.stderr.write(line + "\n")
    finally:
        _is_stuck = False
        _turn.release()


def _has_room() -> bool:
    """Whether stderr takes a line at once: a pipe that takes anything takes 4 kB, more than most lines."""
    try:
        file = sys.stderr.fileno()
    except OSError:  # it is no file
        return True
    asked = select.poll()
    asked.register(file, select.POLLOUT)
    return bool(asked.poll(0))


def _now() -> str:
    return clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _length(headers: Headers) -> int | None:
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value)
    return None

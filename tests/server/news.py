"""A small application for the server's tests: it answers at once, or when told to, and has the real edges."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

from flask import Flask, Response, jsonify

from comments_service.config import Settings
from comments_service.errors import TooFast
from comments_service.web import limits
from comments_service.web.gate import init_gate
from comments_service.web.request_log import init_app, note_site

FOLDER = Path(os.environ.get("SERVER_TEST_FOLDER", "."))


def create() -> Flask:
    """The application that `serve` starts in each worker."""
    if "SERVER_TEST_LOADS" in os.environ:
        _wait_to_go("loading")
    app = Flask(__name__)
    limits.init_limits(
        app,
        Settings(
            secret_key=b"k" * 32,
            database_url=f"sqlite:///{FOLDER / 'comments.db'}",
            limit_post=os.environ.get("SERVER_TEST_LIMIT", "off"),
        ),
    )
    app.register_error_handler(TooFast, _too_fast)
    app.add_url_rule("/quick", view_func=_quick)
    app.add_url_rule("/held", view_func=_held)
    app.add_url_rule("/failing/<word>", view_func=_failing)
    app.add_url_rule("/sites/<site>/comments", view_func=_post, methods=["POST"])
    init_gate(app)
    init_app(app)
    return app


def hourly() -> None:
    """The work of the keeper: it leaves its process id."""
    # In one step: who looks meanwhile finds the last one's.
    whole = FOLDER / f"hourly-{os.getpid()}"
    whole.write_text(str(os.getpid()))
    whole.rename(FOLDER / "hourly")
    if "SERVER_TEST_HOURLY_FAILS" in os.environ:
        raise RuntimeError("the work failed")


def _quick() -> Response:
    return jsonify(worker=os.getpid())


def _held() -> Response:
    _wait_to_go(f"held-{uuid.uuid4()}")
    return jsonify(worker=os.getpid())


def _wait_to_go(name: str) -> None:
    (FOLDER / name).touch()
    while not (FOLDER / "go").exists():
        time.sleep(0.01)


def _failing(word: str) -> Response:
    raise ValueError(f"cannot make sense of {word}")


def _post(site: str) -> tuple[Response, int]:
    note_site(site)
    limits.spend("post", site=site)
    return jsonify(worker=os.getpid()), 201


def _too_fast(error: TooFast) -> tuple[Response, int, dict[str, str]]:
    return jsonify(detail=error.message), 429, {"Retry-After": str(error.retry_after)}

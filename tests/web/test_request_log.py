"""What the log says, and above all what it does not."""

from __future__ import annotations

import json
import logging
import logging.config
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from comments_service import server
from comments_service.web.request_log import JsonLines, described, init_app, note_site

SECRET = "me@example.org"


def test_a_request_is_one_line_with_the_route_and_no_path_or_query(app: Flask, log: Log) -> None:
    answer = app.test_client().post(f"/sites/horizons/{SECRET}?q={SECRET}", data=SECRET)
    (line,) = log.lines()
    assert line["route"] == "/sites/<site>/<slug>"
    assert (line["method"], line["status"], line["site"]) == ("POST", 200, "horizons")
    assert line["bytes"] == len(answer.data)
    assert line["ms"] >= 0
    assert line["time"].endswith("Z")
    assert set(line) == {"time", "request", "method", "route", "status", "ms", "bytes", "worker", "site"}
    assert SECRET not in log.text()


def test_a_site_that_nobody_found_is_not_named(app: Flask, log: Log) -> None:
    app.test_client().post(f"/sites/{SECRET}/slug")
    (line,) = log.lines()
    assert (line["status"], "site" in line) == (200, False)
    assert SECRET not in log.text()


def test_what_matches_no_route_leaves_nothing_of_itself(app: Flask, log: Log) -> None:
    app.test_client().open(f"/nowhere/{SECRET}", method=SECRET.upper())
    (line,) = log.lines()
    assert (line["route"], line["status"], line["method"]) == (None, 404, "OTHER")
    assert SECRET not in log.text()
    assert SECRET.upper() not in log.text()


def test_an_error_is_told_by_its_code_not_by_its_data(app: Flask, log: Log) -> None:
    assert app.test_client().get(f"/fail?q={SECRET}", headers={"Authorization": SECRET}).status_code == 500
    error, request = log.lines()
    assert error["level"] == "error"
    assert error["request"] == request["request"]
    assert error["traceback"][-1] == "builtins.ValueError"
    assert any("test_request_log.py" in frame and "_fail" in frame for frame in error["traceback"])
    assert SECRET not in log.text()


def test_the_message_of_a_programs_own_error_is_kept_with_its_cause() -> None:
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as cause:
            raise OSError(28, "No space left on device") from cause
    except OSError as error:
        told = described(error)
    assert told[-1] == "builtins.OSError: [Errno 28] No space left on device"
    assert "builtins.ValueError" in told
    assert SECRET not in json.dumps(told)


def test_every_logger_writes_json_on_one_line(log: Log) -> None:
    logging.getLogger("some.library").warning("two\nlines %s", "é")
    (line,) = log.lines()
    assert (line["logger"], line["level"], line["message"]) == ("some.library", "warning", "two\nlines é")


class Log:
    """What was written to stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


def test_a_log_that_cannot_be_written_costs_no_answer(
    app: Flask, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w", buffering=1) as full, Path(os.devnull).open("w") as nowhere:
        monkeypatch.setattr(sys, "stderr", full)
        with pytest.raises(OSError, match="No space left"):
            full.write("a line\n")
        assert app.test_client().post("/sites/horizons/tarn").status_code == 200
        logging.getLogger("any").warning("This is lost.")
        os.dup2(nowhere.fileno(), full.fileno())  # so that it can be closed


def test_whoever_reads_the_log_and_sleeps_keeps_no_answer_waiting(
    app: Flask, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, full = os.pipe()
    for end in (asleep, full):
        os.set_blocking(end, False)
    with suppress(BlockingIOError):
        while True:
            os.write(full, bytes(1024))
    os.set_blocking(full, True)
    with open(asleep, "rb", buffering=0) as reader, open(full, "w", buffering=1) as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(app.test_client().post, "/sites/horizons/tarn")
            try:
                assert asked.result(20).status_code == 200
            finally:
                while reader.read(65536):
                    pass
        logging.getLogger("any").warning("This is read.")
        assert b"This is read." in (reader.read(65536) or b"")


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    """stderr, with logging sent to it; pytest brings back its own handlers by itself."""
    root = logging.getLogger()
    level = root.level
    logging.config.dictConfig(server.LOGGING)
    yield Log(capsys)
    for handler in [one for one in root.handlers if isinstance(one.formatter, JsonLines)]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def app() -> Flask:
    """An application with a page that fails."""
    app = Flask(__name__)
    app.add_url_rule("/sites/<site>/<slug>", view_func=_seen, endpoint="x", methods=["POST"])
    app.add_url_rule("/fail", view_func=_fail)
    init_app(app)
    return app


def _seen(site: str, slug: str) -> str:
    if site == "horizons":
        note_site(site)
    return "seen"


def _fail() -> str:
    raise ValueError(f"invalid literal: {SECRET!r}")

"""What the gate lets in. That reads go on is shown on the real server, in tests/server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Event
from typing import Any

import pytest

from comments_service import db
from comments_service.errors import Unavailable
from comments_service.line import Line
from comments_service.web.gate import LARGEST_BODY, Gate
from comments_service.web.wsgi import StartResponse

Answer = tuple[int, dict[str, str], bytes]


def echo(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [body]


def ask(gate: Gate, body: Any = b"", **environ: str) -> Answer:
    answer: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        answer.extend((int(status[:3]), dict(headers)))

    source = BytesIO(body) if isinstance(body, bytes) else body
    given = {"wsgi.input": source, **environ}
    if isinstance(body, bytes):
        given.setdefault("CONTENT_LENGTH", str(len(body)))
    content = b"".join(gate(given, start_response))
    return answer[0], answer[1], content


def test_a_body_reaches_the_application_whole() -> None:
    assert ask(Gate(echo), b"x" * LARGEST_BODY) == (200, {}, b"x" * LARGEST_BODY)


def test_a_body_that_comes_in_pieces_is_put_together() -> None:
    assert ask(Gate(echo), Pieces(b"a", b"bc", b"d"), CONTENT_LENGTH="4")[2] == b"abcd"


def test_one_byte_more_than_the_largest_is_refused_unread() -> None:
    body = BytesIO(b"x" * (LARGEST_BODY + 1))
    status, headers, content = ask(Gate(echo), body, CONTENT_LENGTH=str(LARGEST_BODY + 1))
    assert (status, body.tell()) == (413, 0)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "RateLimit" in headers["Access-Control-Expose-Headers"]
    assert "Retry-After" not in headers
    assert json.loads(content)["status"] == 413


def test_a_browser_that_sent_a_form_is_told_by_a_page() -> None:
    body = b"x" * (LARGEST_BODY + 1)
    status, headers, content = ask(Gate(echo), body, HTTP_ACCEPT="text/html,*/*;q=0.8")
    assert (status, headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert b"<p>The request is larger than 64 kB.</p>" in content
    assert "default-src 'none'" in headers["Content-Security-Policy"]


FORM = "application/x-www-form-urlencoded"


def test_a_form_is_measured_by_what_its_escapes_mean() -> None:
    escaped = b"%E4" * LARGEST_BODY
    assert ask(Gate(echo), escaped, CONTENT_TYPE=f"{FORM}; charset=utf-8")[2] == escaped
    assert ask(Gate(echo), b"%E4" * (LARGEST_BODY - 1) + b"ab", CONTENT_TYPE=FORM)[0] == 413
    assert ask(Gate(echo), b"x" * (LARGEST_BODY + 1), CONTENT_TYPE=FORM)[0] == 413
    assert ask(Gate(echo), b"%" * (LARGEST_BODY + 1), CONTENT_TYPE=FORM)[0] == 413
    assert ask(Gate(echo), escaped, CONTENT_TYPE="application/json")[0] == 413


@pytest.mark.parametrize("length", ["1e3", "x", "0x10", "9" * 30])
def test_a_length_that_cannot_be_is_too_large(length: str) -> None:
    assert ask(Gate(echo), b"x", CONTENT_LENGTH=length)[0] == 413


@pytest.mark.parametrize("coding", ["chunked", "gzip, chunked"])
def test_a_chunked_body_needs_a_length_even_beside_one(coding: str) -> None:
    assert ask(Gate(echo), b"{}", HTTP_TRANSFER_ENCODING=coding)[0] == 411


def test_a_body_that_breaks_off_is_not_taken_for_a_short_one() -> None:
    seen = []

    def note(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        return echo(environ, start_response)

    status, _, _ = ask(Gate(note), Pieces(b"body=Half+of"), CONTENT_LENGTH="40")
    assert (status, seen) == (400, [])


def test_no_more_bodies_are_in_than_admitted_while_reads_pass() -> None:
    hold, held = Event(), Event()

    def wait(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["CONTENT_LENGTH"] != "0":
            held.set()
            hold.wait(10)
        return echo(environ, start_response)

    gate = Gate(wait, bodies_at_once=24)
    gate.admit(1)
    with ThreadPoolExecutor(1) as writer:
        first = writer.submit(ask, gate, b"{}")
        assert held.wait(10)
        status, headers, content = ask(gate, b"{}")
        assert (status, headers["Retry-After"], json.loads(content)["code"]) == (503, "1", "unavailable")
        assert ask(gate)[0] == 200
        hold.set()
        assert first.result()[0] == 200
    assert ask(gate, b"{}")[0] == 200


def test_a_failing_application_gives_its_place_back() -> None:
    def fail(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        raise RuntimeError

    gate = Gate(fail, bodies_at_once=1)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            ask(gate, b"{}")


def test_with_a_line_bodies_are_worked_on_one_by_one_while_reads_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(db, "TURN_SECONDS", 60)
    line = Line()

    def look(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["CONTENT_LENGTH"] != "0":
            with ThreadPoolExecutor(1) as other:
                seen.append(isinstance(other.submit(_held, line).exception(10), Unavailable))
        return echo(environ, start_response)

    seen = list[bool]()
    gate = Gate(look, line=line)
    with ThreadPoolExecutor(4) as writers:
        assert [answer[0] for answer in writers.map(lambda body: ask(gate, body), [b"{}"] * 4)] == [200] * 4
    assert seen == [True] * 4
    with line.held(10):
        assert ask(gate)[0] == 200


def test_a_line_that_does_not_move_is_answered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "TURN_SECONDS", 0.01)
    gate = Gate(echo, line=Line())
    assert gate.line is not None
    with gate.line.held(10), ThreadPoolExecutor(1) as writer:
        status, headers, content = writer.submit(ask, gate, b"{}").result()
    assert (status, headers["Retry-After"], json.loads(content)["code"]) == (503, "1", "unavailable")
    assert ask(gate, b"{}")[0] == 200


def _held(line: Line) -> None:
    with line.held(0.01):
        pass


class Pieces:
    """A body whose reads return less than was asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read(self, length: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

"""The whole map of routes, asked by nobody and by an admin: what protects answers, secrets and the log."""

from __future__ import annotations

import ast
import base64
import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from comments_service import clock
from comments_service.config import Settings
from comments_service.web import gate, problems, request_log
from comments_service.web.gate import Gate
from tests.app import ORIGIN, UNLIMITED, Service
from tests.databases import SECRET, rows
from tests.web.visitors import Scene, Visitor, scene

PACKAGE = Path(problems.__file__).parents[1]
TOKEN = "the-token-of-the-metrics"
READING = ("GET", "HEAD", "OPTIONS")
ADDRESS, BROWSER = "203.0.113.77", "A-Browser-Of-Somebody"
HOSTS = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
NOWHERE = (
    "/nowhere",
    "/api/v1/sites/horizons/nowhere",
    "/api/v1/sites/none/comments?slug=a",
    "/moderate/none",
    "/embed/v0.js",
    "/sites/none/fragment?slug=a",
    "/sites/horizons/fragment",
    "/sites/horizons/fragment/nowhere",
)
# A route of each kind: for programs, for readers, for moderators, for everybody.
BROKEN = (
    "/api/v1/sites/horizons/comments",
    "/sites/horizons/thread",
    "/sites/horizons/fragment",
    "/moderate/",
    "/embed/v1.js",
    "/docs",
)
# What pages of other origins may read.
OPEN, FRAGMENT = ("/api/", "/embed/"), ("/sites/horizons/fragment", "/sites/none/fragment")
# None tells another site more than our origin.
REFERRERS = ("same-origin", "no-referrer", "strict-origin")
SECRET_NAME = re.compile(r"(^|_)(token|secret|csrf|signature|password|mac)$")
# A choice in a site's policy, not a token.
NO_SECRET = ("checks/form_time.py", "form_token")


class Answered(NamedTuple):
    """What a route answered, and to whom."""

    rule: str
    method: str
    who: str
    answer: TestResponse


class Walk(NamedTuple):
    """The scene, everything that was answered, and what the log said meanwhile."""

    scene: Scene
    answers: list[Answered]
    log: str


@pytest.fixture(scope="module")
def walk(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Every route by every method: reading ones as nobody and as an admin, the others as nobody."""
    folder = tmp_path_factory.mktemp("secure")
    shutil.copy(migrated_file, folder / "comments.db")
    service = Service(
        Settings(
            secret_key=SECRET,
            database_url=f"sqlite:///{folder / 'comments.db'}",
            rate_limit_storage=f"sqlitefile:///{folder / 'limits.db'}",
            metrics_token=TOKEN,
            **UNLIMITED,  # type: ignore[arg-type]
        )
    )
    walked = scene(service)
    said = Said()
    with said:
        answers = [*_everywhere(walked), *_elsewhere(walked)]
    yield Walk(walked, answers, "".join(said.lines))
    service.close()


class Said(logging.Handler):
    """What would stand on stderr, as long as it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(request_log.JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def __enter__(self) -> None:
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(request_log, "_say", self.lines.append)
        logging.getLogger().addHandler(self)

    def __exit__(self, *error: object) -> None:
        self._patch.undo()
        logging.getLogger().removeHandler(self)


def test_every_answer_says_that_nothing_may_run_load_or_frame_it(walk: Walk) -> None:
    assert len(walk.answers) > 200
    statuses = {one.answer.status_code for one in walk.answers}
    assert {200, 304, 308, 400, 401, 404, 405, 411, 413, 422, 500, 503} <= statuses
    for one in walk.answers:
        headers = one.answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff", one
        assert headers["Referrer-Policy"] in REFERRERS, one
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, one
        assert "frame-ancestors 'none'" in policy, one
        assert "unsafe" not in policy, one
        assert "http" not in policy, one
        assert "Server" not in headers, one
        assert headers["Cache-Control"], one


def test_only_the_moderators_pages_run_script(walk: Walk) -> None:
    for one in walk.answers:
        runs = "script-src 'self'" in one.answer.headers["Content-Security-Policy"]
        assert one.rule.startswith("/moderate") or not runs, one
        if "text/html" in one.answer.headers.get("Content-Type", "") and not runs:
            assert "<script" not in one.answer.text.replace('<script type="application/ld+json"', ""), one


def test_other_origins_read_the_api_the_widget_and_fragments_and_nothing_else(walk: Walk) -> None:
    read = set()
    for one in walk.answers:
        headers = one.answer.headers
        path = one.answer.request.path
        is_open = path.startswith(OPEN) or path in FRAGMENT
        assert headers.getlist("Access-Control-Allow-Origin") == (["*"] if is_open else []), one
        assert "Access-Control-Allow-Credentials" not in headers, one
        if is_open:
            assert headers["Access-Control-Expose-Headers"] == problems.EXPOSED, one
            read.add((path.split("/")[-1], one.answer.status_code))
    # What failed is read like what went well.
    assert {("fragment", status) for status in (200, 404, 405, 422, 500)} <= read
    assert {("v1.js", 405), ("v1.js", 500), ("v0.js", 404)} <= read


def test_cookies_are_for_moderators_alone(walk: Walk) -> None:
    for one in walk.answers:
        for cookie in one.answer.headers.getlist("Set-Cookie"):
            assert one.rule.startswith("/moderate"), one
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
        assert not ("Set-Cookie" in one.answer.headers and "public" in one.answer.headers["Cache-Control"]), (
            one
        )


def test_a_host_header_is_in_no_answer(walk: Walk) -> None:
    for one in walk.answers:
        assert b"evil.example" not in one.answer.data, one
        assert "evil.example" not in str(one.answer.headers), one


def test_the_log_knows_no_secret_no_address_and_nothing_that_was_sent(walk: Walk) -> None:
    assert walk.log.count('"route"') > 200
    sent = [ADDRESS, BROWSER, "evil.example", "Wren", "A thought", "text-of-somebody", ORIGIN]
    assert [word for word in (*sent, *_secrets(walk.scene)) if word in walk.log] == []


def test_every_secret_is_stored_as_a_hash(walk: Walk) -> None:
    service = walk.scene.service
    with service.database.writer.connect() as connection:
        stored = rows(connection)
    values = [value for table in stored.values() for row in table for value in row]
    words = "\n".join(str(value) for value in values if isinstance(value, str | dict | list))
    raw = b"\n".join(value for value in values if isinstance(value, bytes))
    secrets = _secrets(walk.scene)
    assert len(secrets) > 12
    for secret in secrets:
        assert secret not in words
        assert secret.encode() not in raw
        assert _decoded(secret) not in raw
    hashes = [row for name in ("token", "sign_in_link", "sign_in_session") for row in stored[name]]
    assert hashes
    assert all(any(isinstance(value, bytes) and len(value) == 32 for value in row) for row in hashes)


def test_no_secret_is_compared_letter_by_letter() -> None:
    """Secrets are looked up by their hash, or compared by hmac.compare_digest and itsdangerous."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In):
                continue
            for side in (node.left, *node.comparators):
                name = getattr(side, "attr", getattr(side, "id", ""))
                place = (str(path.relative_to(PACKAGE)), name)
                if SECRET_NAME.search(name) and place != NO_SECRET:
                    found.append((*place, node.lineno))
    assert found == []


def _everywhere(walked: Scene) -> Iterator[Answered]:
    nobody, admin = walked.visitors["nobody"], walked.visitors["admin"]
    for rule in walked.service.app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            yield Answered(rule.rule, method, "nobody", _ask(walked, nobody, method, rule))
            if method in READING:
                yield Answered(rule.rule, method, "admin", _ask(walked, admin, method, rule))


def _ask(walked: Scene, visitor: Visitor, method: str, rule: Rule) -> TestResponse:
    known = {"slug": "tarn"} if rule.endpoint.startswith(("readers", "pages", "feed")) else {}
    sent: dict[str, Any] = (
        {"query_string": known} if method in READING else {"json": {"name": "text-of-somebody"}}
    )
    headers = {**HOSTS, "User-Agent": BROWSER}
    if rule.endpoint == "metrics.metrics" and visitor.bearer:
        visitor = Visitor(visitor.client, TOKEN)
    base = {"REMOTE_ADDR": ADDRESS}
    return visitor.ask(method, walked.address(rule), headers=headers, environ_base=base, **sent)


def _elsewhere(walked: Scene) -> Iterator[Answered]:
    """What no route answers, or the gate before them; and a page twice, the second time from memory."""
    client, base = walked.service.client, {"REMOTE_ADDR": ADDRESS}
    for path in NOWHERE:
        yield Answered(path, "GET", "nobody", client.get(path, headers=HOSTS, environ_base=base))
    page = "/api/v1/sites/horizons/comments"
    for path in (page, "/embed/v1.js", "/sites/horizons/fragment"):
        yield Answered(path, "PUT", "nobody", client.put(path, environ_base=base))
    yield Answered(page, "POST", "nobody", client.post(page, data=b"{", content_type="application/json"))
    large = b" " * (gate.LARGEST_BODY + 1)
    yield Answered(page, "POST", "nobody", client.post(page, data=large, content_type="application/json"))
    chunked = {"Transfer-Encoding": "chunked"}
    yield Answered(page, "POST", "nobody", client.post(page, headers=chunked, environ_base=base))
    for _ in range(2):
        yield Answered(page, "GET", "nobody", client.get(f"{page}?slug=tarn", headers=HOSTS))
    known = {"If-None-Match": client.get(f"{page}?slug=tarn").headers["ETag"]}
    yield Answered(page, "GET", "nobody", client.get(f"{page}?slug=tarn", headers=known))
    yield Answered("/moderate", "GET", "nobody", client.get("/moderate", headers=HOSTS))
    for path in BROKEN:
        with _broken(walked.service, path):
            yield Answered(path, "GET", "nobody", client.get(path, query_string={"slug": "x"}, headers=HOSTS))
    gates: Gate = walked.service.app.extensions["comments_gate"]
    gates.admit(0)
    yield Answered(page, "POST", "nobody", client.post(page, json={}, headers=HOSTS, environ_base=base))
    gates.admit(gate.BODIES_AT_ONCE)


@contextmanager
def _broken(service: Service, path: str) -> Iterator[None]:
    """What answers at this address fails meanwhile, of a fault of ours that holds what somebody sent."""

    sent = "-".join(("text", "of", "somebody"))  # not as it would stand in the code that a log quotes

    def fail(**values: Any) -> str:
        raise ValueError(sent)

    app = service.app
    endpoint, _ = app.url_map.bind("").match(path)
    view, app.view_functions[endpoint] = app.view_functions[endpoint], fail
    try:
        yield
    finally:
        app.view_functions[endpoint] = view


def _secrets(walked: Scene) -> list[str]:
    """All that opens something: none of it may stand anywhere."""
    visitors = walked.visitors.values()
    found = {visitor.bearer for visitor in visitors} | {visitor.csrf for visitor in visitors}
    found |= {visitor.author_key for visitor in visitors if visitor.author_key}
    found |= {cookie.value for visitor in visitors for cookie in (visitor.client._cookies or {}).values()}
    signer = walked.service.signer
    soon = clock.now() + timedelta(minutes=5)
    found |= {walked.link, TOKEN, SECRET.decode(), signer.edit_token(walked.comment, soon)}
    return sorted(found - {""})


def _decoded(secret: str) -> bytes:
    """The bytes that a base64url text stands for; itself where it is none."""
    try:
        return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    except ValueError:
        return secret.encode()

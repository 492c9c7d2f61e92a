"""The shipped nginx configuration in front of two real processes of the application."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy.orm import Session

from comments_service import people, sites
from comments_service.identity import Signer
from comments_service.web import gate, problems
from tests.app import ORIGIN, Live
from tests.databases import SECRET
from tests.servers import programs, shipped_nginx
from tests.servers.nginx import Nginx
from tests.servers.ports import PAUSE, free_port

MARKER = "xyzzymarker"
PAGE = "/api/v1/sites/horizons/comments?slug=tarn"
QUIET = "/api/v1/sites/horizons/comments?slug=quiet"
SECONDS = 2.0
WRITING_SECONDS = 20.0  # until a line is in the log


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Front:
    """nginx with the two applications behind it."""

    def __init__(self, nginx: Nginx, token: str = "") -> None:
        self.nginx, self.token = nginx, token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.nginx.port, timeout=10)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        chunked = not isinstance(body, bytes | None)
        try:
            connection.request(method, path, body, names, encode_chunked=chunked)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str = PAGE, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, fields: Any, **headers: str) -> Answer:
        sent = {"Content_Type": "application/json", **headers}
        return self.ask("POST", f"/api/v1/sites/horizons/{path}", json.dumps(fields).encode(), **sent)

    def comment(self, body: str, **fields: Any) -> Answer:
        return self.post("comments", {"slug": "tarn", "name": "Wren", "body": body, **fields})

    def log(self) -> str:
        return (self.nginx.folder / "access.log").read_text()


@pytest.fixture(scope="module")
def front(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Two services of one worker each on one database, limits on except where a test needs many posts."""
    program, folder = programs.need("nginx"), tmp_path_factory.mktemp("nginx")
    shutil.copy(migrated_file, folder / "comments.db")
    url = f"sqlite:///{folder / 'comments.db'}"
    apps = []
    nginx = None
    try:
        for name in ("one", "two"):
            (folder / name).mkdir()
            limits = {"COMMENTS_TRUSTED_PROXIES": "127.0.0.1/32", "COMMENTS_LIMIT_REPORT": "2 per hour"}
            apps.append(Live(folder / name, url, **limits))
        token = apps[0].write(_prepare)
        with ThreadPoolExecutor() as starting:
            list(starting.map(lambda app: app.start(workers=1), apps))
        nginx = Nginx(program, shipped_nginx.configuration([app.port for app in apps]))
        yield Front(nginx, token)
    finally:
        if nginx is not None:
            nginx.stop()
        for app in apps:
            app.stop()


def _prepare(session: Session) -> str:
    """A site that holds the marker, and a token of its moderator."""
    sites.add(session, key="horizons", name="H", origins=[ORIGIN], policy={"words_held": [MARKER]})
    people.add(session, name="Ada", sites=["horizons"], role="moderator")
    return people.add_token(session, Signer(SECRET), "Ada")


@pytest.fixture(scope="module", autouse=True)
def left_alone(front: Front) -> float:
    """When somebody last asked for QUIET: before all tests, so that time passes while the others run."""
    front.comment("Old", slug="quiet")
    front.get(QUIET)
    front.comment("New", slug="quiet")
    return time.monotonic()


def test_a_page_is_kept_for_a_moment_and_then_fresh(front: Front) -> None:
    assert front.comment("Before").status == 201
    _until(lambda: b"Before" in front.get().body)
    log = front.log
    assert front.comment("After").status == 201
    _until(lambda: b"After" in front.get().body)
    _until(lambda: front.get().status == 200 and " HIT" in log(), WRITING_SECONDS)


def test_each_form_is_kept_apart_and_answers_304(front: Front) -> None:
    for number in range(4):
        front.comment(f"A comment long enough to be worth packing, number {number}", slug="forms")
    path = "/api/v1/sites/horizons/comments?slug=forms"
    for _ in range(3):
        plain = front.get(path)
        packed = [
            front.get(path, Accept_Encoding=spelt) for spelt in ("gzip", "br, gzip;q=0.8", "deflate,gzip")
        ]
        refused = [
            front.get(path, Accept_Encoding=spelt) for spelt in ("identity", "gzip;q=0", "gzip; q=0.0, br")
        ]
        assert {gzip.decompress(answer.body) for answer in packed} == {plain.body}
        assert {answer.body for answer in refused} == {plain.body}
        assert "content-encoding" not in plain.headers
        assert plain.headers["vary"] == "Accept-Encoding"
        assert plain.headers["cache-control"] == "public, max-age=0, s-maxage=1"
        for answer, accepts in ((plain, "identity"), (packed[0], "gzip")):
            again = front.get(path, Accept_Encoding=accepts, If_None_Match=answer.headers["etag"])
            assert (again.status, again.body) == (304, b"")
    assert plain.headers["etag"] != packed[0].headers["etag"]


def test_what_waits_or_was_removed_is_in_no_public_answer(front: Front) -> None:
    front.comment("Seen", slug="marked")
    held = front.comment(f"Held {MARKER}", slug="marked", name="Finch")
    assert held.status == 202
    _assert_nowhere(front, held.json["comment"]["id"])

    published = front.comment("Published unseenmarker", slug="marked", author_key="k" * 22)
    comment = published.json["comment"]["id"]
    assert published.status == 201
    _until(lambda: b"unseenmarker" in front.get(_marked("comments?slug=marked")).body)
    assert front.post(f"comments/{comment}/withdrawal", {"author_key": "k" * 22}).status == 200
    _until(lambda: b"unseenmarker" not in front.get(_marked("comments?slug=marked")).body)
    _until(lambda: all(b"unseenmarker" not in front.get(path).body for path in _public(comment)))

    decision = {"comment": held.json["comment"]["id"], "revision": 1, "from": "pending", "action": "reject"}
    bearer = {"Authorization": f"Bearer {front.token}"}
    decided = front.post("moderation/decisions", {"decisions": [{**decision, "reason": "abuse"}]}, **bearer)
    assert decided.json["results"][0]["result"] == "done"
    _assert_nowhere(front, held.json["comment"]["id"])
    queue = _marked("moderation/queues/rejected")
    assert MARKER.encode() in front.get(queue, **bearer).body
    assert front.get(queue).status == 401
    assert MARKER.encode() not in front.get(_marked("comments?slug=marked"), **bearer).body


def test_no_header_of_the_client_gives_it_another_address(front: Front) -> None:
    comment = front.comment("Report me", slug="spoofed").json["comment"]["id"]
    statuses = []
    while time.time() % 3600 > 3570:
        time.sleep(0.1)  # at the hour's edge the sliding window would let another through
    for number in range(6):
        address = f"198.51.100.{number}"
        spoofed = {
            "X_Forwarded_For": address,
            "X_Real_IP": address,
            "Forwarded": f"for={address}",
        }
        statuses.append(front.post(f"comments/{comment}/reports", {"reason": "spam"}, **spoofed).status)
    assert statuses[:2] == [201, 201]
    assert set(statuses[2:]) == {429}
    # http.client cannot send this name: to the application it would be X-Forwarded-For.
    body = b'{"reason": "spam"}'
    head = (
        f"POST /api/v1/sites/horizons/comments/{comment}/reports HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "X_Forwarded_For: 198.51.100.77\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    assert _raw(front, head.encode() + body).status == 429


def test_a_chunked_body_arrives_with_its_length(front: Front) -> None:
    fields = json.dumps({"slug": "chunked", "name": "Wren", "body": "In pieces"}).encode()
    pieces = iter([fields[:20], fields[20:]])
    headers = {"Content_Type": "application/json", "Transfer_Encoding": "chunked"}
    answer = front.ask("POST", "/api/v1/sites/horizons/comments", pieces, **headers)
    assert answer.status == 201, answer.body


def test_a_body_over_64_kilobytes_is_refused_as_a_problem(front: Front) -> None:
    headers = {"Content_Type": "application/json"}
    for size, status in ((64 * 1024 + 1, 413), (64 * 1024, 400)):
        answer = front.ask("POST", "/api/v1/sites/horizons/comments", b"x" * size, **headers)
        assert answer.status == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.json["status"] == status


def test_the_longest_comment_passes_as_a_form_in_any_script(front: Front) -> None:
    headers = {"Content_Type": "application/x-www-form-urlencoded"}
    path = "/api/v1/sites/horizons/comments"
    for letter, slug in (("\N{BENGALI LETTER A}", "bengali"), ("\N{OLD PERSIAN SIGN A}", "persian")):
        form = urlencode({"slug": slug, "name": letter * 60, "body": letter * 10_000})
        assert len(form) > 64 * 1024
        answer = front.ask("POST", path, form.encode(), **headers)
        assert answer.status == 201, answer.body
    answer = front.ask("POST", path, b"body=" + b"%E4" * 65_536, **headers)
    assert (answer.status, answer.json["code"]) == (413, "content_too_large")
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_form_with_too_many_words_is_refused_by_the_page_that_the_application_has(front: Front) -> None:
    headers = {"Content_Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    answer = front.ask("POST", "/moderate/settings", b"x" * (1024 * 1024 + 1), **headers)
    assert (answer.status, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
    _, title, detail = gate.PROBLEMS[413]
    assert answer.body.decode() == gate.PAGE.format(title=title, detail=detail.format(most=1024))
    elsewhere = front.ask("POST", "/moderate/bans", b"x" * (64 * 1024 * 3 + 1), **headers)
    assert elsewhere.status == 413
    assert elsewhere.body.decode() == gate.PAGE.format(title=title, detail=detail.format(most=64))


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        ("get {path} HTTP/1.1\r\nHost: x", 400, None),  # nothing of it is understood
        ("GET {path} HTTP/1.1\r\nHost: x\r\nX-Long: " + "x" * 40_000, 400, "bad_request"),
        ("GET {path}?" + "x" * 40_000 + " HTTP/1.1\r\nHost: x", 414, "bad_request"),
        ("TRACE {path} HTTP/1.1\r\nHost: x\r\nConnection: close", 405, "method_not_allowed"),
        (
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\nConnection: close",
            413,
            "content_too_large",
        ),
        ("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: strange", 400, "bad_request"),
        ("GET /=/said.json HTTP/1.1\r\nHost: x\r\nConnection: close", 404, "not_found"),
    ],
)
def test_what_nginx_refuses_itself_it_says_as_the_application_would(
    front: Front, head: str, status: int, code: str | None
) -> None:
    for path in ("/api/v1/sites/horizons/comments", "/sites/horizons/thread"):
        asked = head.format(path=path)
        answer = _raw(front, asked.encode() + b"\r\n\r\n")
        _assert_said_by_nginx(answer, status, code if " /api/" in asked else None)


def test_what_nginx_says_for_an_application_that_is_away_or_silent_is_a_503() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        waits = shipped_nginx.configuration([silent.getsockname()[1]])
        waits = shipped_nginx.replaced(waits, "read_timeout 10s", "read_timeout 50ms")
        for text in (shipped_nginx.configuration([free_port()]), waits):
            alone = Nginx(programs.need("nginx"), text)
            try:
                front = Front(alone)
                posted = front.post("forms", {})
                for answer, code in (
                    (front.get(), "unavailable"),
                    (front.get("/docs"), None),
                    (posted, "unavailable"),
                ):
                    _assert_said_by_nginx(answer, 503, code)
                    assert answer.headers["retry-after"] == "2"
            finally:
                alone.stop()


def test_an_ipv6_network_counts_as_one_reader() -> None:
    shown = """server {
        listen 127.0.0.1:@PORT@;
        server_name shown;
        access_log off;
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Forwarded-For;
        location / { return 200 $comments_reader; }
    }"""
    alone = Nginx(programs.need("nginx"), shipped_nginx.configuration([free_port()]) + shown)
    try:

        def counted(address: str) -> bytes:
            return Front(alone).get("/", Host="shown", X_Forwarded_For=address).body

        assert counted("2001:db8:a:b::1") == counted("2001:db8:a:b:ffff::2") == _packed("2001:db8:a:b::")[:8]
        assert counted("2001:db8:a:c::1") == _packed("2001:db8:a:c::")[:8]
        assert counted("0a0a:a0a:a0a:a0a::") == b"\n" * 8
        assert counted("203.0.113.9") == counted("::ffff:203.0.113.9") == _packed("203.0.113.9")
    finally:
        alone.stop()


def test_answers_that_are_not_public_are_never_kept(front: Front) -> None:
    for path in (PAGE + "&limit=0", "/api/v1/sites/nowhere/comments?slug=tarn", "/healthz"):
        answers = [front.get(path) for _ in range(3)]
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    _until(lambda: front.log().count(" 422 ") >= 3, WRITING_SECONDS)
    assert not [line for line in front.log().splitlines() if " 422 " in line and line.endswith("HIT")]


def test_the_log_names_no_address_no_query_and_no_words(front: Front) -> None:
    front.get(f"{PAGE}&cursor=secretquery")
    front.get("/somebody@example.org/secretpath")
    front.get("/api/v1/sites/horizons/counts?slug=secretslug")
    front.ask("POST", "/api/v1/sites/horizons/forms?secretquery", b"x" * (64 * 1024 * 3 + 1))
    _until(lambda: "/api/v1/sites/horizons/forms" in front.log(), WRITING_SECONDS)
    written = front.log() + front.nginx.errors
    assert "GET /api/v1/sites/horizons/comments 200" in written
    assert "GET /api/v1/sites/horizons/counts" in written
    assert "POST /api/v1/sites/horizons/forms 413" in written
    for word in ("127.0.0.1", "slug", "secret", "example.org", "?"):
        assert word not in written


def test_a_page_nobody_asked_for_in_a_while_is_not_shown_as_it_was(front: Front, left_alone: float) -> None:
    _until(lambda: time.monotonic() > left_alone + SECONDS)
    assert b"New" in front.get(QUIET).body


def test_one_address_cannot_read_without_end(front: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.nginx.port, timeout=10)
    statuses = []
    for _ in range(600):
        connection.request("GET", PAGE)
        answer = connection.getresponse()
        statuses.append(answer.status)
        last = answer.read()
        if answer.status == 429:
            break
    connection.close()
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {200}
    assert answer.getheader("Retry-After") == "1"
    headers = {name.lower(): value for name, value in answer.getheaders()}
    _assert_said_by_nginx(Answer(answer.status, headers, last), 429, "too_fast")
    _until(lambda: front.get().status == 200)


def _assert_said_by_nginx(answer: Answer, status: int, code: str | None) -> None:
    """A problem with that code, or (without one) a page; protected like any other answer."""
    assert answer.status == status
    protected = {name.lower(): value for name, value in problems.PROTECTED.items()}
    assert protected.items() <= answer.headers.items()
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    if code is None:
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert re.fullmatch(rb"<!doctype html>.*<h1>[A-Z].*</h1><p>[A-Z].*\.</p></html>", answer.body)
    else:
        assert answer.headers["content-type"] == problems.CONTENT_TYPE
        assert (answer.json["status"], answer.json["code"]) == (status, code)
        assert answer.json["type"] == problems.TYPE.format(code=code)
        if status in problems.SENTENCES:
            assert answer.json["detail"] == problems.SENTENCES[status]


def _assert_nowhere(front: Front, comment: int) -> None:
    for path in _public(comment):
        for accepts in ("identity", "gzip"):
            answer = front.get(path, Accept_Encoding=accepts)
            packed = answer.headers.get("content-encoding") == "gzip"
            body = gzip.decompress(answer.body) if packed else answer.body
            assert MARKER.encode() not in body, path
            assert MARKER not in str(answer.headers), path
    assert front.get(_marked("counts?slug=marked")).json == {"counts": {"marked": 1}}
    kept = [file for file in (front.nginx.folder / "cache").rglob("*") if file.is_file()]
    assert not [file for file in kept if MARKER.encode() in file.read_bytes()]


def _public(comment: int) -> list[str]:
    pages = [f"comments?slug=marked&sort={sort}" for sort in ("newest", "oldest", "best")]
    other = ["counts?slug=marked", f"comments/{comment}", f"comments/{comment}/replies"]
    thread = f"/sites/horizons/thread?slug={quote('marked')}"
    return [*(_marked(path) for path in (*pages, *other)), thread, "/sites/horizons/fragment?slug=marked"]


def _marked(path: str) -> str:
    return f"/api/v1/sites/horizons/{path}"


def _raw(front: Front, request: bytes) -> Answer:
    with socket.create_connection(("127.0.0.1", front.nginx.port), timeout=10) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


def _packed(text: str) -> bytes:
    return ip_address(text).packed


def _until(holds: Callable[[], bool], seconds: float = SECONDS * 1.5) -> None:
    deadline = time.monotonic() + seconds
    # Whoever was stalled since they asked asks once more.
    while (asked := time.monotonic()) and not holds():
        assert asked < deadline, "it did not come to be so"
        time.sleep(PAUSE)

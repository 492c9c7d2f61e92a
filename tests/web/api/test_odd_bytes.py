"""Whatever bytes are sent to the real server: a problem with the right status, and nothing stored."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comments_service import sites
from tests.app import ORIGIN, Live

SITE = "/api/v1/sites/horizons"
KIND = b"Content-Type: application/json\r\n"
RAW_HEADS = (
    (KIND + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411),
    (KIND + b"Content-Length: 1000000000\r\n\r\n{", 413),
    (KIND + b"Content-Length: 65537\r\n\r\n{", 413),
)


@pytest.fixture(scope="module")
def live(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server for all of these tests, since none of them changes anything."""
    folder = tmp_path_factory.mktemp("bytes")
    shutil.copy(migrated_file, folder / "comments.db")
    running = Live(folder, f"sqlite:///{folder / 'comments.db'}")
    running.write(lambda session: sites.add(session, key="horizons", name="Horizons", origins=[ORIGIN]))
    running.start(workers=1)
    yield running
    running.stop()


def test_the_server_refuses_bodies_it_cannot_take(live: Live, ask_raw: Callable[[bytes], bytes]) -> None:
    for path in ("comments", "forms", "previews", "comments/1/votes", "moderation/decisions"):
        for head, status in RAW_HEADS:
            post = f"POST {SITE}/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
            answer = ask_raw(post + head)
            assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]
            assert b"content-type: application/problem+json" in answer.lower()
            assert b"access-control-allow-origin: *" in answer.lower()
    assert live.api("horizons/counts", slug="tarn") == {"counts": {"tarn": 0}}


def test_a_head_larger_than_any_browser_sends_is_refused(
    live: Live, ask_raw: Callable[[bytes], bytes]
) -> None:
    get = b"GET %s/counts?slug=tarn HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=%s\r\n\r\n"
    answers = [ask_raw(get % (SITE.encode(), b"b" * length)) for length in (20_000, 60_000)]
    assert [answer.split(b" ", 2)[1] for answer in answers] == [b"200", b"431"]


def test_the_server_answers_odd_bytes_without_an_error_of_its_own(
    live: Live, ask_raw: Callable[[bytes], bytes]
) -> None:
    words = b'{"slug": "tarn", "name": "Wren", "body": "Hello", "author_key": "aaaaaaaaaaaaaaaaaaaaaaaa"}'
    post = b"POST %s/comments HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % SITE.encode()
    post += b"Content-Type: application/json\r\n"
    for odd in (
        b"GET %s/comments?slug=\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % SITE.encode(),
        b"GET %s/comments?slug=%%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % SITE.encode(),
        b"GET /api/v1/sites/%00/comments?slug=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/sites/\xff/comments?slug=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        post + b"Content-Length: -1\r\n\r\n" + words,
        post + b"Content-Length: 9\r\nContent-Length: 8\r\n\r\n" + words,
        post + b"Content-Length: %d\r\nIdempotency-Key: \xff\xfe\r\n\r\n" % len(words) + words,
        post + b"Content-Length: %d\r\nOrigin: \xff\r\n\r\n" % len(words) + words,
        post + b"Content-Length: 5000000000000000000000000\r\n\r\n" + words,
    ):
        answer = ask_raw(odd)
        status = int(answer.split(b" ", 2)[1]) if answer else 400
        assert 400 <= status < 500, (odd[:120], answer[:300])
    assert live.api("horizons/counts", slug="tarn") == {"counts": {"tarn": 0}}
    assert b"traceback" not in live.errors.read_bytes()


@pytest.fixture
def ask_raw(live: Live) -> Callable[[bytes], bytes]:
    """Sends bytes to the real server; returns all that it answers."""

    def ask(request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
            connection.sendall(request)
            answer = b""
            while more := connection.recv(65_536):
                answer += more
                head, found, body = answer.partition(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if found and length and len(body) >= int(length[0].split(b":")[1]):
                    break
            return answer

    return ask

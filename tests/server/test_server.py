"""The server as operators meet it: real processes, real signals, real sockets."""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comments_service import server
from comments_service.errors import Unavailable
from tests.server.running import Running, answered, is_gone, wait_for
from tests.servers.ports import answers, free_port, wait_until_closed

SLOW = b"POST /sites/a/comments HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na"
SPOOFS = ("X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "Forwarded")


def test_a_killed_worker_is_replaced(start: Callable[..., Running]) -> None:
    running = start()
    before = running.pids()
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(now := running.pids()) == 2 and victim not in now)
    assert len(before & running.pids()) == 1


def test_workers_and_keeper_die_with_their_parent_and_free_the_port(start: Callable[..., Running]) -> None:
    running = start()
    children = running.pids() | {hourly_pid(running)}
    assert len(children) == 3
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    wait_for(lambda: all(is_gone(pid) for pid in children))
    wait_until_closed(running.port)
    assert start(port=running.port).pids().isdisjoint(children)


def test_the_keeper_is_started_again_and_survives_failing_work(start: Callable[..., Running]) -> None:
    running = start(workers=1, SERVER_TEST_HOURLY_FAILS="1")
    first = hourly_pid(running)
    wait_for(lambda: any("hourly work failed" in line.get("message", "") for line in running.lines()))
    assert not is_gone(first)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: hourly_pid(running) != first)
    assert any("ended (-9) and is started again" in line.get("message", "") for line in running.lines())
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(10) == 0
    wait_for(lambda: is_gone(hourly_pid(running)))


def test_the_keeper_is_started_once_a_process_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    refused = [OSError(errno.EAGAIN, "Resource temporarily unavailable")] * 2
    start = subprocess.Popen

    def begin(words: list[str]) -> subprocess.Popen[bytes]:
        if refused:
            raise refused.pop()
        begun.append(start(words))
        return begun[-1]

    monkeypatch.setattr(server, "KEEPER_SECONDS", 0.01)
    monkeypatch.setattr(subprocess, "Popen", begin)
    keeper = server.Keeper(gc.freeze)
    keeper.start()
    wait_for(lambda: begun)
    keeper.stop()
    assert begun[0].wait(10) == -signal.SIGTERM


def test_workers_may_open_as_many_files_as_they_take_connections() -> None:
    lowered = (
        "import resource; from comments_service.server import allow_connections;"
        "_, most = resource.getrlimit(resource.RLIMIT_NOFILE);"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, most)); allow_connections();"
        "now, most = resource.getrlimit(resource.RLIMIT_NOFILE); print(now == 4096 or now == most < 4096)"
    )
    done = subprocess.run([sys.executable, "-c", lowered], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_workers_that_cannot_start_end_the_service(tmp_path: Path) -> None:
    broken = Running(tmp_path, SERVER_TEST_LIMIT="often")
    assert broken.process.wait(20) == 1
    broken.stop()
    assert "couldn't parse rate limit string" in broken.errors.read_text()


def test_a_busy_port_is_refused_with_a_message(running: Running, tmp_path: Path) -> None:
    second = Running(tmp_path, port=running.port)
    assert second.process.wait(20) == 1
    assert (
        second.errors.read_text() == f"Cannot listen on 127.0.0.1:{running.port}: Address already in use.\n"
    )
    assert len(running.pids()) == 1


def test_a_foreign_address_is_refused() -> None:
    with pytest.raises(Unavailable, match=r"Cannot listen on 192\.0\.2\.1:"):
        server.free_address("192.0.2.1", free_port())


def test_looking_whether_an_address_is_free_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    port, let_in = free_port(), []

    class Probe(socket.socket):
        def __exit__(self, *error: object) -> None:
            monkeypatch.undo()
            let_in.append(answers(port))
            super().__exit__(*error)

    monkeypatch.setattr(socket, "socket", Probe)
    server.free_address("127.0.0.1", port)
    assert let_in == [False]


def test_too_few_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 8"):
        server.serve(threads=8)


def test_requests_in_flight_finish_after_sigterm(start: Callable[..., Running]) -> None:
    running = start(kill_seconds=60)
    keeper = hourly_pid(running)
    with ThreadPoolExecutor(4) as readers:
        asked = [readers.submit(running.ask, "GET", "/held") for _ in range(4)]
        # What waits in the kernel's queue for a worker is not in flight: its reader has to ask again.
        wait_for(lambda: held(running) == 4)
        running.process.send_signal(signal.SIGTERM)
        wait_until_closed(running.port)
        (running.folder / "go").touch()
        assert [answer.result()[0] for answer in asked] == [200] * 4
    # Well before the kill timeout, so nobody was killed.
    assert running.process.wait(30) == 0
    wait_for(lambda: is_gone(keeper))


def test_a_stuck_request_does_not_outlive_the_kill_timeout(start: Callable[..., Running]) -> None:
    running = start(kill_seconds=1, workers=1)
    stuck = running.open(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_for(lambda: held(running) == 1)
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(30)
    wait_until_closed(running.port)
    stuck.close()


def test_ctrl_c_is_for_the_parent_alone_to_answer(running: Running) -> None:
    """A terminal sends it to all; a worker that ended by it would be an error in the log, or hang."""
    before = running.pids()
    for pid in before:
        os.kill(pid, signal.SIGINT)
    assert running.pids() == before
    assert not [line for line in running.lines() if line.get("level") == "error"]


def test_a_worker_that_is_still_starting_ends_at_once(tmp_path: Path) -> None:
    starting = Running(tmp_path, workers=1, kill_seconds=60, SERVER_TEST_LOADS="1")
    wait_for((tmp_path / "loading").exists)
    starting.process.send_signal(signal.SIGTERM)
    # Well before the kill timeout: nobody had to be killed.
    assert starting.process.wait(30) == 0
    starting.stop()


def test_reads_go_on_while_a_hundred_bodies_come_in_byte_by_byte(start: Callable[..., Running]) -> None:
    running = start()
    slow = [running.open(SLOW) for _ in range(100)]
    # Of 2 workers each lets 24 in: at least 52 are turned away, and the rest wait for their bytes.
    wait_for(lambda: sum(b"503" in answered(one) for one in slow) >= 52)
    waiting = [one for one in slow if not answered(one)]
    assert 24 <= len(waiting) <= 48
    times = []
    for _ in range(5):
        for one in waiting:
            one.sendall(b"b")
        for _ in range(20):
            began = time.monotonic()
            assert running.ask("GET", "/quick")[0] == 200
            times.append(time.monotonic() - began)
    assert sorted(times)[98] < 0.5
    assert not any(answered(one) for one in waiting)
    for one in slow:
        one.close()
    wait_for(lambda: running.ask("POST", "/sites/a/comments", b"{}")[0] == 201)


def test_a_body_turned_away_still_gets_to_read_why(running: Running) -> None:
    slow = [running.open(SLOW)]

    def is_turned_away() -> bool:
        # The one who looks takes the only place for a moment, and may be who turned the slow one away.
        if answered(slow[-1]):
            slow.append(running.open(SLOW))
        return running.ask("POST", "/sites/a/comments", b"{}")[0] == 503

    wait_for(is_turned_away)
    for _ in range(20):
        status, problem, headers = running.ask("POST", "/sites/a/comments", b"x" * 60_000)
        assert (status, problem["status"], headers["Retry-After"]) == (503, 503, "1")
    for one in slow:
        one.close()


def test_a_chunked_body_needs_a_length(running: Running) -> None:
    connection = running.open(
        b"POST /sites/a/comments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\n\r\n"
    )
    wait_for(lambda: b"411 Length Required" in answered(connection))
    connection.close()


def test_a_gigabyte_is_refused_before_it_is_sent(running: Running) -> None:
    began = time.monotonic()
    connection = running.open(
        b"POST /sites/a/comments HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n{"
    )
    wait_for(lambda: b"413 " in answered(connection))
    assert time.monotonic() - began < 1
    connection.close()


def test_the_limit_is_exact_across_workers_whatever_headers_claim(start: Callable[..., Running]) -> None:
    running = start(SERVER_TEST_LIMIT="25 per hour")
    begin_early_in_the_hour()

    def post(number: int) -> tuple[int, int | None]:
        spoof = {SPOOFS[number % 4]: f"203.0.113.{number}"}
        status, answer, _ = running.ask("POST", "/sites/a/comments", b"{}", spoof)
        return status, answer.get("worker")

    with ThreadPoolExecutor(8) as readers:
        answers_ = list(readers.map(post, range(80)))
    assert sorted(status for status, _ in answers_) == [201] * 25 + [429] * 55
    assert len({worker for status, worker in answers_ if status == 201}) == 2
    # Another site has a limit of its own.
    assert running.ask("POST", "/sites/b/comments", b"{}")[0] == 201


def test_the_log_has_a_line_for_each_request_and_nothing_personal(running: Running) -> None:
    before = len(running.lines())
    running.ask("POST", "/sites/a/comments?email=me@example.org", b"{}", {"User-Agent": "somebody"})
    running.ask("GET", "/quick?q=secret")
    with pytest.raises(json.JSONDecodeError):
        running.ask("GET", "/failing/secret", headers={"Authorization": "secret"})
    wait_for(lambda: any(line.get("route") == "/failing/<word>" for line in running.lines()))
    lines = running.lines()[before:]
    posted = next(line for line in lines if line.get("route") == "/sites/<site>/comments")
    assert (posted["method"], posted["status"], posted["site"]) == ("POST", 201, "a")
    assert posted["worker"] in running.pids()
    failed = next(line for line in lines if "traceback" in line)
    assert failed["traceback"][-1] == "builtins.ValueError"
    text = running.errors.read_text()
    assert len(text.splitlines()) == len(running.lines()), "every line is JSON"
    assert not any(word in text for word in ("example.org", "secret", "127.0.0.1", "somebody"))


def hourly_pid(running: Running) -> int:
    file = running.folder / "hourly"
    wait_for(lambda: file.exists() and file.read_text())
    return int(file.read_text())


def held(running: Running) -> int:
    """How many requests for /held the workers have in hand."""
    return len(list(running.folder.glob("held-*")))


def begin_early_in_the_hour() -> None:
    """Only the hour's edge could let one more through: wait if it is near."""
    wait_for(lambda: time.time() % 3600 < 3580, 25)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one worker of few threads, for all tests that leave it as it was."""
    shared = Running(tmp_path_factory.mktemp("shared"), workers=1, threads=9)
    yield shared.started()
    shared.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a server in the test's folder; all are stopped at the end."""
    started: list[Running] = []

    def running(**options: object) -> Running:
        started.append(Running(tmp_path, **options))  # type: ignore[arg-type]
        return started[-1].started()

    yield running
    for one in started:
        one.stop()

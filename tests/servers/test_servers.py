"""The private servers do what tests rely on: they start, keep to themselves, and are gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis
from playwright.sync_api import Page
from sqlalchemy import create_engine, text

from tests.conftest import refuse_unknown_requirements
from tests.server.running import wait_for
from tests.servers import programs
from tests.servers.chromium import PageErrors
from tests.servers.nginx import Nginx
from tests.servers.ports import answers, free_port, wait_until_closed
from tests.servers.postgres import Postgres
from tests.servers.private import PREFIX, DidNotStart, Server, private_folder
from tests.servers.redis import Redis

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]


def query(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            answer = connection.execute(text(statement))
            return answer.scalar() if answer.returns_rows else None
    finally:
        engine.dispose()


def test_every_test_gets_an_empty_postgres_database(postgres: Postgres, postgres_url: str) -> None:
    query(postgres_url, "CREATE TABLE kept (id int)")
    another = postgres.database()
    assert query(another, "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'") == 0
    postgres.drop(another)


def test_a_database_can_be_copied_from_a_template_that_is_filled_once(postgres: Postgres) -> None:
    filled: list[str] = []

    def fill(url: str) -> None:
        filled.append(url)
        query(url, "CREATE TABLE ready AS SELECT 7 AS n")

    copies = [postgres.database(postgres.template("ready", fill)) for _ in range(2)]
    assert [query(url, "SELECT n FROM ready") for url in copies] == [7, 7]
    assert len(filled) == 1
    for url in copies:
        postgres.drop(url)


def test_a_database_is_dropped_under_a_connection_that_was_left_open(postgres: Postgres) -> None:
    url = postgres.database()
    left_open = psycopg.connect(url.replace("+psycopg", ""))
    postgres.drop(url)
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    left_open.close()


def test_a_database_url_runs_a_test_on_both_databases(
    database_url: str, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.id
    assert database_url.startswith({"sqlite": "sqlite:////", "postgres": "postgresql+psycopg://"}[kind])
    assert query(database_url, "SELECT 1") == 1


def test_redis_comes_empty(redis_server: Redis, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("left", "behind")
        assert client.dbsize() == 1
        redis_server.flush()
        assert client.dbsize() == 0


def test_redis_is_gone_with_its_folder_once_it_is_stopped() -> None:
    server = Redis(programs.need("redis"))
    folder = server.server.folder
    assert answers(server.port)
    assert folder.exists()
    server.stop()
    wait_until_closed(server.port)
    assert not folder.exists()


SERVER = "server { listen 127.0.0.1:@PORT@; location / { return 200 hello; } }"
WHOLE = f"user www-data;\npid /run/nginx.pid;\nevents {{}}\nhttp {{\n{SERVER}\n}}"


@pytest.mark.parametrize("config", [SERVER, WHOLE], ids=["inside http", "whole"])
def test_nginx_serves_the_configuration_it_is_given(nginx: Callable[[str], Nginx], config: str) -> None:
    server = nginx(config)
    with urllib.request.urlopen(server.url, timeout=5) as answer:
        assert answer.read() == b"hello"
    assert server.errors == ""
    server.stop()
    wait_until_closed(server.port)


def test_nginx_says_why_it_did_not_start(nginx: Callable[[str], Nginx]) -> None:
    with pytest.raises(DidNotStart, match="nonsense"):
        nginx("nonsense on;")


@pytest.fixture
def greeting(nginx: Callable[[str], Nginx]) -> str:
    """The address of a page that says hello."""
    # With an icon in the page: asked for by itself, one could come when the server has gone.
    text = "<link rel=icon href=data:,><title>Hello</title><p>hello</p>"
    hello = f"location / {{ default_type text/html; return 200 '{text}'; }}"
    return nginx(f"server {{ listen 127.0.0.1:@PORT@; {hello} }}").url


def test_a_page_shows_what_a_server_sent(page: Page, greeting: str) -> None:
    page.goto(greeting)
    assert page.title() == "Hello"


def test_pages_of_two_readers_share_nothing(open_page: Callable[..., Page], greeting: str) -> None:
    first, second = open_page(), open_page(viewport={"width": 390, "height": 800})
    for page in (first, second):
        page.goto(greeting)
    first.evaluate("localStorage.setItem('draft', 'mine')")
    assert second.evaluate("localStorage.getItem('draft')") is None
    assert second.evaluate("innerWidth") == 390


def test_an_error_on_the_page_is_noticed(page: Page, page_errors: PageErrors) -> None:
    page.evaluate("setTimeout(() => { throw new Error('boom') })")
    page.evaluate("console.error('bang')")
    wait_for(lambda: page.evaluate("true") and len(page_errors.unexpected) == 2)
    assert [text.split(" (")[0] for text in sorted(page_errors.unexpected)] == ["bang", "uncaught: boom"]
    page_errors.expect("boom|bang")
    assert page_errors.unexpected == []


SLEEPER = ["-c", "import time; print('up', flush=True); time.sleep(600)"]


def test_a_server_dies_with_a_test_process_that_is_killed() -> None:
    """The kernel sees to it, so that even SIGKILL leaves no server behind."""
    port = free_port()
    listen = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(600)"
    starts = (
        "import sys, time; from tests.servers.private import Server, private_folder\n"
        f"Server(['/usr/bin/env', 'python3', '-c', {listen!r}], private_folder('orphan')); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", starts], cwd=ROOT)
    try:
        wait_until_open(port, parent)
    finally:
        parent.kill()
        parent.wait()
    wait_until_closed(port)
    private_folder("next").rmdir()  # making the next folder clears the dead process's away
    assert not list(Path("/tmp").glob(f"{PREFIX}{parent.pid}-*"))


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    while not answers(port):
        assert process.poll() is None, "it ended before it listened"


def test_a_server_that_ends_at_once_says_its_last_words() -> None:
    words = ["/bin/sh", "-c", "echo no such luck; exit 3"]
    server = Server(words, private_folder("brief"))
    with pytest.raises(DidNotStart, match="no such luck"):
        server.wait_until(lambda: False)
    assert not server.folder.exists()


def test_a_server_that_will_not_listen_is_killed() -> None:
    words = ["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"]
    server = Server(words, private_folder("deaf"))
    server.wait_until(lambda: b"up" in server.log.read_bytes())
    server.stop(seconds=0.2)
    assert server.process.returncode == -signal.SIGKILL


NEEDS_REDIS = f"""
    import pytest
    from tests.servers import programs

    def test_one():
        programs.need("redis")

    def test_two():
        programs.need("redis")

    @pytest.mark.parametrize("required", ["all", "postgres, redis"])
    def test_required(required, monkeypatch):
        monkeypatch.setenv("{programs.REQUIRE}", required)
        programs.need("redis")

    def test_another_reason():
        pytest.skip("only on the Moon")

    @pytest.mark.skipif(True, reason="only on Mars")
    def test_a_mark():
        pass
"""


def test_what_is_missing_is_skipped_and_listed_or_fails_where_it_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine without Redis: nothing on PATH, and nowhere else to look.

    Once, and in a worker: what a worker tells arrives where one process notes it itself.
    """
    monkeypatch.setenv("PATH", str(pytester.path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv(programs.REQUIRE, raising=False)
    pytester.makeconftest(
        """
        import dataclasses
        from tests.conftest import pytest_configure, pytest_terminal_summary
        from tests.servers import programs

        programs.NEEDED["redis"] = dataclasses.replace(programs.NEEDED["redis"], folders=())
        """
    )
    pytester.makepyfile(NEEDS_REDIS)
    result = pytester.runpytest_subprocess("-n", "1")
    result.assert_outcomes(skipped=4, failed=2)
    result.stdout.fnmatch_lines(["*COMMENTS_TEST_REQUIRE: Redis is not on this machine*"] * 2)
    result.stdout.fnmatch_lines(
        [
            "*not tested here*",
            "*2 skipped: Redis is not on this machine: apt-get install redis-server",
            "*1 skipped: only on the Moon",
            "*1 skipped: only on Mars",
        ]
    )


def test_an_unknown_requirement_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.REQUIRE, "oracle")
    with pytest.raises(pytest.UsageError, match="COMMENTS_TEST_REQUIRE names oracle"):
        refuse_unknown_requirements()


INTERRUPTED = """
    import os, signal
    from pathlib import Path

    def test_until_the_end(redis_server, request):
        Path("folder").write_text(str(redis_server.server.folder))
        Path("port").write_text(str(redis_server.port))
        in_a_worker = hasattr(request.config, "workerinput")
        os.kill(os.getppid() if in_a_worker else os.getpid(), signal.SIGTERM)
        signal.pause()
"""


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n", "1"]], ids=["one process", "a worker"])
def test_a_run_that_is_told_to_end_stops_its_servers(pytester: pytest.Pytester, workers: list[str]) -> None:
    programs.need("redis")
    pytester.makeconftest("from tests.conftest import pytest_configure, redis_server")
    pytester.makepyfile(INTERRUPTED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "pytest", "-q", *workers]
    ended = subprocess.run(words, env=environment, capture_output=True, check=False, timeout=60)
    assert ended.returncode == pytest.ExitCode.INTERRUPTED, ended.stdout + ended.stderr
    assert not answers(int((pytester.path / "port").read_text()))
    assert not Path((pytester.path / "folder").read_text()).exists()

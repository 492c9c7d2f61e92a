"""What any test may ask for, started when first asked for: private servers, databases, a real browser."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.servers import programs
from tests.servers.chromium import PageErrors, chromium
from tests.servers.nginx import Nginx
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

pytest_plugins = ["tests.kept", "tests.app", "tests.demo.runs", "tests.faults.figures"]

# How long a page may take to show something: the machine may be slow, and busy.
expect.set_options(timeout=20_000)

# Whose modules start processes once for all their tests, or ask what is kept from test to test.
SHARING = (
    "tests/checks/test_words.py",
    "tests/cli/",
    "tests/demo/test_running.py",
    "tests/faults/",
    "tests/functional/",
    "tests/reading/test_plans.py",
    "tests/test_kept.py",
    "tests/sanitising/",
    "tests/server/",
    "tests/web/api/test_odd_bytes.py",
    "tests/web/test_security.py",
    "tests/web/test_state_is_safe.py",
    "tests/widget/",
)
# And modules that share it with one another.
SHARING_TOGETHER = {
    "tests/demo/test_running.py": "the demo",
    "tests/functional/test_journey.py": "the demo",
    "tests/functional/test_moderators_keys.py": "the moderators' desk",
    "tests/functional/test_moderators_page.py": "the moderators' desk",
}


def pytest_configure(config: pytest.Config) -> None:
    # A run ended by `timeout` or a CI system stops its servers like one ended by Ctrl-C.
    has_workers = bool(config.getoption("tx", None))
    signal.signal(signal.SIGTERM, end_with_workers if has_workers else signal.default_int_handler)
    refuse_unknown_requirements()


def refuse_unknown_requirements() -> None:
    """UsageError, which pytest tells in a line, when a program is required that we do not know."""
    try:
        programs.required()
    except ValueError as problem:
        raise pytest.UsageError(str(problem)) from problem


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How tests are dealt out to the test processes."""
    return SharingScheduling(config, log)


class SharingScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of modules that share something slow to start run in one process, which starts it once.

    All others go wherever there is room. (xdist's own marks for groups do nothing on this pytest.)
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::")[0]
        return SHARING_TOGETHER.get(module, module) if module.startswith(SHARING) else nodeid


def end_with_workers(number: int, frame: FrameType | None) -> None:
    """Passes the signal on: Ctrl-C reaches the workers from the terminal, but `timeout` knows one process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    for pid in children.read_text().split() if children.exists() else []:
        os.kill(int(pid), number)
    signal.default_int_handler(number, frame)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was not tested and why; for a missing program, with the line that would install it."""
    skipped = Counter(map(reason, terminalreporter.stats.get("skipped", [])))
    if skipped:
        terminalreporter.section("not tested here")
        for why, count in skipped.items():
            terminalreporter.write_line(f"{count:4} skipped: {why}")


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test was skipped, as `pytest.skip` was told."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL of this test process."""
    server = Postgres(programs.need("postgres"))
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A fresh and empty PostgreSQL database of this test's own."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh and empty database; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'comments.db'}"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """The Redis of this test process."""
    server = Redis(programs.need("redis"))
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """An emptied Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What this process finds for a name; an address is found as itself, and no other name is known."""
    addresses: dict[str, list[str]] = {}
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **more: Any) -> list[Any]:
        more["flags"] = socket.AI_NUMERICHOST
        return [found for one in addresses.get(host, [host]) for found in look_up(one, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return addresses


@pytest.fixture
def nginx() -> Iterator[Callable[[str], Nginx]]:
    """Starts an nginx with a configuration (`Nginx` explains @PORT@ and @PREFIX@) until the test ends."""
    program = programs.need("nginx")
    started: list[Nginx] = []

    def start(text: str) -> Nginx:
        started.append(Nginx(program, text))
        return started[-1]

    yield start
    for server in reversed(started):
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this test process."""
    with chromium(programs.need("chromium")) as running:
        yield running


@pytest.fixture
def page_errors() -> Iterator[PageErrors]:
    """The errors of all this test's pages; the test fails at its end for any that it did not `expect`."""
    errors = PageErrors()
    yield errors
    if errors.unexpected:
        pytest.fail("the page complained:\n" + "\n".join(errors.unexpected), pytrace=False)


@pytest.fixture
def open_page(browser: Browser, page_errors: PageErrors) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own (another reader or device), with options of `new_context`."""
    contexts = []

    def opened(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page_errors.watch(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A page in a fresh context."""
    return open_page()

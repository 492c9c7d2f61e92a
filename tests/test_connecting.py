"""A name is looked up once for all who ask, who wait no longer than they say; a quiet connection is kept."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from comments_service import connecting
from comments_service.connecting import Name, keep_known
from tests.server.running import wait_for

LONG = 20.0


class NameServer:
    """What the system says of names, when it is let: `answer` has an address or an error for each look-up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: str | OSError = "127.0.0.1"
        self.answers = threading.Event()
        self.answers.set()

    def getaddrinfo(self, host: str, *args: Any, **more: Any) -> list[Any]:
        self.asked.append(host)
        assert self.answers.wait(LONG)
        if isinstance(self.answer, OSError):
            raise self.answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.answer, 0))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    names = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    yield names
    names.answers.set()


def assert_kept_known(line: socket.socket) -> None:
    """The system says something on it after a minute of quiet."""
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


def test_a_quiet_connection_is_kept_known() -> None:
    with socket.socket() as line:
        keep_known(line)
        assert_kept_known(line)


def test_a_name_leads_to_its_addresses_and_an_address_to_itself() -> None:
    assert "127.0.0.1" in Name("localhost").addresses(LONG)
    assert Name("127.0.0.1").addresses(LONG) == ["127.0.0.1"]
    assert Name("::1").addresses(LONG) == ["::1"]


def test_a_name_that_leads_elsewhere_is_followed_at_once(names: NameServer) -> None:
    name = Name("server.example")
    assert name.addresses(LONG) == ["127.0.0.1"]
    names.answer = "127.0.0.2"
    assert name.addresses(LONG) == ["127.0.0.2"]


def test_what_the_system_says_against_a_name_is_raised(names: NameServer) -> None:
    name = Name("nobody.example")
    names.answer = socket.gaierror(socket.EAI_NONAME, "not known")
    for _ in range(2):
        with pytest.raises(socket.gaierror, match="not known"):
            name.addresses(LONG)
    names.answer = "127.0.0.1"
    assert name.addresses(LONG) == ["127.0.0.1"]


def test_whoever_asks_later_does_not_wait_for_what_is_late(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "RETRY_SECONDS", LONG)
    name = Name("server.example")
    names.answers.clear()
    assert late(name, 0.1) >= 0.1
    assert late(name, LONG) < LONG / 2
    assert len(names.asked) == 1


def test_what_came_late_is_good_for_whoever_asks_then(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr(connecting, "monotonic", lambda: now[0])
    name = Name("server.example")
    names.answers.clear()
    late(name, 0.01)
    names.answers.set()
    wait_for(lambda: not found_late(name))
    assert name.addresses(0) == ["127.0.0.1"]
    names.answer = "127.0.0.2"
    now[0] += connecting.KEPT_SECONDS - 0.1
    assert name.addresses(0) == ["127.0.0.1"]
    now[0] += 0.1
    assert name.addresses(LONG) == ["127.0.0.2"]
    assert len(names.asked) == 2


def test_a_look_up_that_is_stuck_stops_no_other_for_long(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = Name("server.example")
    stuck = threading.Event()
    names.answers, answers = stuck, names.answers
    late(name, 0.01)
    wait_for(lambda: names.asked)
    names.answers = answers
    now = time.monotonic() + connecting.RETRY_SECONDS + 1
    monkeypatch.setattr(connecting, "monotonic", lambda: now)
    assert name.addresses(LONG) == ["127.0.0.1"]
    stuck.set()


def test_only_so_many_look_ups_are_stuck_at_once(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "RETRY_SECONDS", -1.0)
    name = Name("server.example")
    names.answers.clear()
    for _ in range(connecting.MOST_AT_ONCE + 4):
        late(name, 0.01)
    wait_for(lambda: len(names.asked) == connecting.MOST_AT_ONCE)


def test_where_no_thread_can_be_had_the_name_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OSError, match="cannot be looked up just now"):
        Name("server.example").addresses(LONG)


def late(name: Name, seconds: float) -> float:
    """The seconds until whoever asks is told that it is late."""
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="not found in time"):
        name.addresses(seconds)
    return time.monotonic() - began


def found_late(name: Name) -> bool:
    try:
        name.addresses(0)
    except TimeoutError:
        return True
    return False

"""Slow clients keep a server waiting, and reads of a hot page go on."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

import pytest

from comments_service import sites
from tests.app import ORIGIN, Live
from tests.faults.asking import ask
from tests.faults.figures import Figures
from tests.faults.slow_clients import SlowClients, silent, slow_bodies, slow_heads, slow_readers
from tests.server.running import wait_for
from tests.servers import programs, shipped_nginx
from tests.servers.nginx import Nginx

PAGE = "/api/v1/sites/horizons/comments?slug=hot"
COMMENTS = 25
READERS = 8
# Of each reader: what nginx allows one address.
READS_A_SECOND = 40
SECONDS = {"short": 0.5, "long": 10.0}
SETTLING_SECONDS = 0.2
# Beyond three times as long as in quiet. In the short form many other things use the machine; in the long one
# it is a turn of the interpreter's lock.
ROOM_SECONDS = {"short": 1.0, "long": 0.005}
# What other tests do to the machine at the same moment is not the slow clients'.
TRIES = 3


def test_reads_go_on_while_a_hundred_bodies_come_in_byte_by_byte(
    embedded: Live, is_long: bool, figures: Figures
) -> None:
    clients = slow_bodies(embedded.port, 100)
    # A worker of 32 threads lets 24 in, and turns others away.
    assert_reads_go_on(embedded.port, [clients], is_long, figures, waiting=24, can_post=False)
    wait_for(lambda: post(embedded.port) == 201)


def test_reads_and_posts_go_on_while_hundreds_keep_a_connection(
    embedded: Live, is_long: bool, figures: Figures
) -> None:
    kinds = [kind(embedded.port, 150) for kind in (silent, slow_heads, slow_readers)]
    assert_reads_go_on(embedded.port, kinds, is_long, figures, waiting=140)


def test_reads_and_posts_go_on_behind_nginx_while_500_bodies_come_in_byte_by_byte(
    behind_nginx: Nginx, is_long: bool, figures: Figures
) -> None:
    clients = slow_bodies(behind_nginx.port, 500)
    assert_reads_go_on(behind_nginx.port, [clients], is_long, figures, waiting=400)


def assert_reads_go_on(
    port: int,
    kinds: list[SlowClients],
    is_long: bool,
    figures: Figures,
    *,
    waiting: int,
    can_post: bool = True,
) -> None:
    """Read the hot page before and beside the slow clients, of whom so many at least are waited for."""
    form = "long" if is_long else "short"
    read(port, SETTLING_SECONDS)
    before = read(port, SECONDS[form])
    with ExitStack() as stack:
        for clients in kinds:
            stack.enter_context(clients)
            wait_for(partial(is_waited_for, clients, waiting))
        read(port, SETTLING_SECONDS)  # what they all ask at once at their beginning is no slowness
        for _ in range(TRIES):
            beside = read(port, SECONDS[form])
            if p99(beside) < 3 * p99(before) + ROOM_SECONDS[form]:
                break
        still = [clients.waiting for clients in kinds]
        assert min(still) >= waiting
        if can_post:
            assert [post(port) for _ in range(10)] == [201] * 10
    quiet, slow = p99(before), p99(beside)
    figures(
        f"{' + '.join(map(str, still))} waited for, {sum(one.sent for one in kinds)} bytes or lines sent, "
        f"{sum(one.turned_away for one in kinds)} turned away; reads p50 {p50(before) * 1000:.1f} -> "
        f"{p50(beside) * 1000:.1f} ms, p99 {quiet * 1000:.1f} -> {slow * 1000:.1f} ms "
        f"({slow / quiet:.1f} x), {len(beside)} at {READERS * READS_A_SECOND} a second"
    )
    assert slow < 3 * quiet + ROOM_SECONDS[form]


def is_waited_for(clients: SlowClients, count: int) -> bool:
    return clients.waiting >= count


def read(port: int, seconds: float) -> list[float]:
    """The times of READERS at once, each with an address and a connection of its own, at a steady pace."""
    ends = time.monotonic() + seconds

    def one(number: int) -> list[float]:
        source = (f"127.0.0.{20 + number}", 0)
        times = []
        with closing(http.client.HTTPConnection("127.0.0.1", port, 30, source_address=source)) as connection:
            while (began := time.monotonic()) < ends:
                connection.request("GET", PAGE)
                answer = connection.getresponse()
                assert (answer.status, bool(answer.read())) == (200, True)
                took = time.monotonic() - began
                times.append(took)
                time.sleep(max(0.0, 1 / READS_A_SECOND - took))  # the pace
        return times

    with ThreadPoolExecutor(READERS) as readers:
        return [took for times in readers.map(one, range(READERS)) for took in times]


def p50(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


def post(port: int, slug: str = "posted") -> int:
    words = {"slug": slug, "name": "Wren", "body": f"At {time.monotonic_ns()}"}
    return ask(port, "/api/v1/sites/horizons/comments", words, headers={"Origin": ORIGIN}).status


@pytest.fixture(scope="module")
def embedded(sqlite_copy: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The service with two workers of as many threads as `serve` gives them."""
    live = Live(tmp_path_factory.mktemp("embedded"), sqlite_copy())
    live.write(lambda session: sites.add(session, key="horizons", name="Horizons", origins=[ORIGIN]))
    live.start()
    for _ in range(COMMENTS):
        assert post(live.port, "hot") == 201
    yield live
    live.stop()


@pytest.fixture(scope="module")
def behind_nginx(embedded: Live) -> Iterator[Nginx]:
    """nginx as it is shipped, in front of that service."""
    nginx = Nginx(programs.need("nginx"), shipped_nginx.whole([embedded.port], proxy="192.0.2.1"))
    yield nginx
    nginx.stop()

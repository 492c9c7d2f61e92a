"""Limits by address and by author, what a 429 says, and what the storages survive."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from flask.testing import FlaskClient
from limits import parse
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis as Client
from werkzeug.test import TestResponse

from comments_service.config import Settings
from comments_service.web import address, limit_storage, limits, problems
from comments_service.web.limit_storage import FailoverStorage, SQLiteFileStorage
from tests.servers import programs
from tests.servers.redis import Redis

MINUTE = parse("5 per minute")


def test_the_limit_counts_by_site_and_address(client: FlaskClient) -> None:
    assert [post(client).status_code for _ in range(4)] == [201, 201, 201, 429]
    assert post(client, site="other").status_code == 201
    assert post(client, peer="198.51.100.9").status_code == 201


def test_the_limit_counts_by_author_wherever_the_author_goes(client: FlaskClient) -> None:
    answers = [post(client, author="anna", peer=f"198.51.100.{n}").status_code for n in range(4)]
    assert answers == [201, 201, 201, 429]
    assert post(client, author="bert", peer="198.51.100.0").status_code == 201


def test_an_ipv6_reader_is_the_whole_64(client: FlaskClient) -> None:
    answers = [post(client, peer=f"2001:db8::{n:x}").status_code for n in range(1, 5)]
    assert answers == [201, 201, 201, 429]
    assert post(client, peer="2001:db8:0:1::1").status_code == 201


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "Forwarded"])
def test_a_spoofed_header_changes_no_limit(client: FlaskClient, header: str) -> None:
    answers = [post(client, headers={header: f"203.0.113.{n}"}).status_code for n in range(4)]
    assert answers == [201, 201, 201, 429]


def test_behind_a_trusted_proxy_each_reader_has_a_limit(make: Callable[..., Flask]) -> None:
    client = make(trusted_proxies=(ip_network("127.0.0.1"),)).test_client()
    for reader in ("203.0.113.1", "203.0.113.2"):
        answers = [post(client, headers={"X-Forwarded-For": reader}).status_code for _ in range(4)]
        assert answers == [201, 201, 201, 429]


@pytest.mark.parametrize("storage", ["file", "redis"])
def test_a_walk_through_one_64_behind_a_trusted_proxy_is_one_reader(
    make: Callable[..., Flask], request: pytest.FixtureRequest, patient: None, storage: str
) -> None:
    uri = request.getfixturevalue("redis_url") if storage == "redis" else ""
    client = make(trusted_proxies=(ip_network("::1"),), rate_limit_storage=uri).test_client()

    def walk(hop: str) -> int:
        return post(client, peer="::1", headers={"X-Forwarded-For": hop}).status_code

    assert [walk(f"2001:db8:0:7:{n:x}::{n}") for n in range(1, 9)] == [201] * 3 + [429] * 5
    # What it invents for itself stands left of what the proxy saw.
    assert {walk(f"203.0.113.{n}, 2001:db8:0:7::{n:x}") for n in range(1, 5)} == {429}
    assert walk("2001:db8:0:8::1") == 201


def test_a_refusal_says_when_to_come_back_and_what_the_policy_is(client: FlaskClient) -> None:
    first = post(client)
    assert first.headers["RateLimit-Policy"] == '"post";q=3;w=60, "post-hour";q=60;w=3600'
    assert re.fullmatch(r'"post";r=2;t=\d+', first.headers["RateLimit"])
    assert "Retry-After" not in first.headers
    for _ in range(2):
        post(client)
    refused = post(client)
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json"
    assert refused.json is not None
    assert refused.json["code"] == "too_fast"
    seconds = int(refused.headers["Retry-After"])
    assert 1 <= seconds <= 60
    assert refused.headers["RateLimit"] == f'"post";r=0;t={seconds}'


def test_an_answer_without_a_limit_carries_no_fields(client: FlaskClient) -> None:
    answer = client.get("/free")
    assert not [name for name in answer.headers if name[0].startswith(("RateLimit", "Retry"))]


def test_a_limit_that_is_off_is_off(make: Callable[..., Flask]) -> None:
    client = make(limit_post="off").test_client()
    answers = [post(client) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {201}
    assert "RateLimit" not in answers[0].headers


def test_a_refused_request_spends_nothing_of_the_longer_limit(
    make: Callable[..., Flask], now: list[float]
) -> None:
    client = make(limit_post="1 per second;4 per hour").test_client()
    for _ in range(4):
        assert [post(client).status_code for _ in range(10)] == [201] + [429] * 9
        now[0] += 1.5
    assert post(client).status_code == 429


def test_neither_addresses_nor_author_keys_are_kept(make: Callable[..., Flask], tmp_path: Path) -> None:
    post(make().test_client(), author="anna-key", peer="198.51.100.77")
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"permit" not in kept
    assert b"post" in kept
    assert b"anna-key" not in kept
    assert b"198.51.100" not in kept


def test_redis_keeps_neither_of_them_and_all_for_a_while_only(
    make: Callable[..., Flask], redis_url: str, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What other tests' proxies did is remembered for a week.
    monkeypatch.setattr(address, "_ignored", address._Once())
    post(make(rate_limit_storage=redis_url).test_client(), author="anna-key", peer="198.51.100.77")
    with Client.from_url(redis_url) as client:
        keys = client.keys("*")
        kept = b"\n".join([*keys, *(client.dump(key) for key in keys)])
        seconds = [client.ttl(key) for key in keys]
    assert b"anna-key" not in kept
    assert b"198.51.100" not in kept
    # The window, and as much again while it slides.
    assert seconds
    assert all(0 < left <= 2 * 3600 for left in seconds)


def test_a_storage_we_do_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="COMMENTS_RATE_LIMIT_STORAGE"):
        limits.storage_for(replace(settings(tmp_path), rate_limit_storage="memcached://x"))


def test_the_file_is_exact_across_processes_and_threads(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as processes:
        # A window whose edge no run of the tests meets: their clocks go on.
        accepted = processes.starmap(hit_many, [(tmp_path / "limits", "40 per year", 60)] * 2)
    assert sum(accepted) == 40


def test_the_window_slides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [6001.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    limiter = SlidingWindowCounterRateLimiter(storage(tmp_path / "limits"))
    assert [limiter.hit(MINUTE, "a") for _ in range(6)] == [True] * 5 + [False]
    assert limiter.get_window_stats(MINUTE, "a") == (6060.0, 0)
    now[0] = 6060.0 + 30
    # Half of the five before still weigh: floor(2.5) = 2.
    assert [limiter.hit(MINUTE, "a") for _ in range(4)] == [True] * 3 + [False]
    now[0] = 6060.0 + 120
    assert limiter.get_window_stats(MINUTE, "a").remaining == 5
    now[0] = 6000.0 - 3600
    assert limiter.hit(MINUTE, "a"), "a clock set back an hour shuts nobody out"


@pytest.mark.parametrize("damage", ["garbage", "removed", "truncated", "emptied"])
def test_a_damaged_file_is_replaced_on_the_spot(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "limits"
    ours, theirs = storage(path), storage(path)
    assert ours.incr("a", 60) == 1
    assert theirs.incr("a", 60) == 2
    do_damage(path, damage)
    assert ours.incr("b", 60) == 1
    assert theirs.incr("b", 60) == 2


def test_expired_rows_go_and_the_file_stays_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [6000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(limit_storage, "MOST_PAGES", 32)
    kept = storage(tmp_path / "limits")
    limiter = SlidingWindowCounterRateLimiter(kept)
    for number in range(3000):
        now[0] += 0.001
        assert limiter.hit(MINUTE, f"{number:064}")
    assert (tmp_path / "limits").stat().st_size <= 32 * 4096
    now[0] += 600
    assert limiter.hit(MINUTE, "last")
    assert kept.reset() == 1


def test_fixed_counters_work_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [6000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    kept = storage(tmp_path / "limits")
    assert [kept.incr("a", 60), kept.incr("a", 60, 2), kept.get("a")] == [1, 3, 3]
    assert kept.get_expiry("a") == 6060.0
    now[0] += 61
    assert (kept.get("a"), kept.incr("a", 60)) == (0, 1)
    kept.clear("a")
    assert kept.get("a") == 0
    assert kept.check()


def test_a_file_that_cannot_be_is_counted_in_memory_and_never_an_error(
    tmp_path: Path, now: list[float]
) -> None:
    (tmp_path / "file").touch()
    kept = FailoverStorage(f"failover+sqlitefile:///{tmp_path}/file/limits")
    assert not kept.check()
    limiter = SlidingWindowCounterRateLimiter(kept)
    assert [limiter.hit(MINUTE, "a") for _ in range(6)] == [True] * 5 + [False]
    assert kept.is_away


def test_redis_counts_and_posting_goes_on_limited_while_it_hangs(
    make: Callable[..., Flask], own_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limits.REDIS_SECONDS == 0.2
    # Ten times that, or a busy machine's Redis would seem to hang before it does.
    monkeypatch.setattr(limits, "REDIS_SECONDS", 2.0)
    client = make(rate_limit_storage=own_redis.url).test_client()
    assert [post(client).status_code for _ in range(4)] == [201, 201, 201, 429]
    own_redis.hang()
    began = time.monotonic()
    hanging = [post(client).status_code for _ in range(50)]
    took = time.monotonic() - began
    own_redis.resume()
    assert hanging == [201] * 3 + [429] * 47
    assert 1.9 < took < 50, "one request waits 2 s, the rest not at all"
    storage = client.application.extensions["comments_limits"].limiter.storage
    # The clock of the service alone: it was told 2 s after `began`, at the earliest.
    monkeypatch.setattr(time, "monotonic", lambda: began + limit_storage.AWAY_SECONDS)
    assert post(client).status_code == 429
    assert storage.is_away, "once in 10 s, it is asked"
    monkeypatch.setattr(time, "monotonic", lambda: began + took + limit_storage.AWAY_SECONDS)
    assert post(client).status_code == 429, "it remembers"
    assert not storage.is_away
    assert limit_storage.AWAY_SECONDS == 10


def test_while_redis_is_away_all_workers_count_together(make: Callable[..., Flask], own_redis: Redis) -> None:
    own_redis.stop()
    readers = [make(rate_limit_storage=own_redis.url).test_client() for _ in range(3)]
    answers = [post(reader).status_code for _ in range(4) for reader in readers]
    assert answers == [201] * 3 + [429] * 9


def test_a_redis_that_takes_nothing_in_opens_no_gate(make: Callable[..., Flask], own_redis: Redis) -> None:
    readers = [make(rate_limit_storage=own_redis.url).test_client() for _ in range(2)]
    with Client.from_url(own_redis.url) as client:
        client.config_set("maxmemory", 1)
    answers = [post(reader).status_code for _ in range(4) for reader in readers]
    assert answers == [201] * 3 + [429] * 5


def test_the_strategy_may_be_changed_on_a_live_redis(
    make: Callable[..., Flask], redis_url: str, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for strategy in ("fixed-window", limits.STRATEGY):
        monkeypatch.setattr(limits, "STRATEGY", strategy)
        monkeypatch.setattr(limits, "KEY_PREFIX", f"comments:{strategy}")
        app = make(rate_limit_storage=redis_url)
        assert [post(app.test_client()).status_code for _ in range(4)] == [201, 201, 201, 429]
        assert not app.extensions["comments_limits"].limiter.storage.is_away
    # Keys of their own: another strategy's value under one would be a WRONGTYPE.
    with Client.from_url(redis_url) as client:
        prefixes = {key.decode().split(":", 2)[1] for key in client.keys("*")}
    assert prefixes == {"fixed-window", "sliding-window-counter"}


def test_redis_that_is_not_there_stops_nobody(
    make: Callable[..., Flask], own_redis: Redis, patient: None
) -> None:
    own_redis.stop()
    client = make(rate_limit_storage=own_redis.url).test_client()
    began = time.monotonic()
    assert [post(client).status_code for _ in range(4)] == [201, 201, 201, 429]
    assert time.monotonic() - began < limits.REDIS_SECONDS / 2, "nobody waits"


def post(
    client: FlaskClient, site: str = "a", author: str = "", peer: str = "127.0.0.1", headers: Any = None
) -> TestResponse:
    return client.post(
        f"/sites/{site}/comments?author={author}", headers=headers, environ_overrides={"REMOTE_ADDR": peer}
    )


def settings(folder: Path) -> Settings:
    return Settings(
        secret_key=b"s" * 32,
        database_url=f"sqlite:///{folder / 'comments.db'}",
        limit_post="3 per minute;60 per hour",
        limit_vote="2 per hour",
        limit_threads="2 per hour",
    )


def storage(path: Path) -> SQLiteFileStorage:
    return SQLiteFileStorage(f"sqlitefile:///{path}")


def hit_many(path: Path, rule: str, times: int) -> int:
    """How many of so many hits from 4 threads were let through; runs in a process of its own."""
    limiter = SlidingWindowCounterRateLimiter(storage(path))
    with ThreadPoolExecutor(4) as threads:
        return sum(threads.map(lambda _: limiter.hit(parse(rule), "a"), range(times)))


def do_damage(path: Path, damage: str) -> None:
    if damage == "garbage":
        for ending in ("", "-wal"):
            Path(f"{path}{ending}").write_bytes(os.urandom(8192))
    elif damage == "removed":
        path.unlink()
    elif damage == "truncated":
        os.truncate(path, 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE windows")
        connection.close()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still: past the edge of a window one more would be let through."""
    now = [time.time() // 86_400 * 86_400 + 43_201]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(limits, "time", lambda: now[0])
    return now


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that is slow for once is not taken for one that is away."""
    monkeypatch.setattr(limits, "REDIS_SECONDS", 60)


@pytest.fixture
def make(tmp_path: Path, now: list[float]) -> Callable[..., Flask]:
    """Makes an application with limited views and the real problems."""

    def made(**changes: Any) -> Flask:
        app = Flask(__name__)
        limits.init_limits(app, replace(settings(tmp_path), **changes))
        problems.init_app(app)
        app.add_url_rule("/free", view_func=lambda: "free", endpoint="free")
        app.add_url_rule("/sites/<site>/comments", view_func=_post, methods=["POST"])
        return app

    return made


@pytest.fixture
def client(make: Callable[..., Flask]) -> FlaskClient:
    """A reader of that application."""
    return make().test_client()


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis that the test may stop."""
    server = Redis(programs.need("redis"))
    yield server
    server.stop()


def _post(site: str) -> tuple[Response, int]:
    limits.spend("post", site=site, author=request.args["author"] or None)
    return jsonify(), 201

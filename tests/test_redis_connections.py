"""Connections to Redis, of which each kind is made in time or not at all."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError
from redis.retry import Retry

from comments_service.redis_connections import CLASSES
from tests.test_connecting import assert_kept_known

# Of the machine, beside the tenth of a second that a connection has.
PATIENCE = 5.0


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of somebody who takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_handshake_without_an_answer_ends_in_time(mute: int) -> None:
    # Its own bound for each word would be longer.
    client = client_of("rediss", mute, socket_timeout=4 * PATIENCE)
    began = time.monotonic()
    with client, pytest.raises(TimeoutError):
        client.ping()
    assert time.monotonic() - began < PATIENCE


def test_what_is_connected_talks_as_ever_and_is_kept_known(redis_url: str) -> None:
    with client_of("redis", int(redis_url.rpartition(":")[2].partition("/")[0])) as client:
        assert client.ping()
        connection = client.connection_pool.get_connection()
        assert_kept_known(connection._sock)
        client.connection_pool.release(connection)


def client_of(scheme: str, port: int, *, socket_timeout: float = PATIENCE) -> Redis:
    return Redis.from_url(
        f"{scheme}://127.0.0.1:{port}/0",
        connection_class=CLASSES[scheme],
        socket_connect_timeout=0.1,
        socket_timeout=socket_timeout,
        retry=Retry(NoBackoff(), 0),
    )

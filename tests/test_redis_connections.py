"""Connections to Redis try each address of its name, and are kept known."""

from __future__ import annotations

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError
from redis.retry import Retry

from comments_service.redis_connections import CLASSES
from tests.test_connecting import assert_kept_known

NAME = "redis.example"
# Nobody listens there.
AWAY = "127.0.0.2"


@pytest.fixture
def port(redis_url: str) -> int:
    """Of a Redis that listens on 127.0.0.1."""
    return int(redis_url.rpartition(":")[2].partition("/")[0])


def test_each_address_is_tried(port: int, addresses: dict[str, list[str]]) -> None:
    addresses[NAME] = [AWAY, "127.0.0.1"]
    with client_of(port) as client:
        assert client.ping()
        connection = client.connection_pool.get_connection()
        assert connection.host == NAME
        assert_kept_known(connection._sock)
        client.connection_pool.release(connection)


def test_a_redis_that_is_at_none_of_them_is_away(port: int, addresses: dict[str, list[str]]) -> None:
    addresses[NAME] = [AWAY, AWAY]
    with client_of(port) as client, pytest.raises(ConnectionError, match="refused"):
        client.ping()


def client_of(port: int) -> Redis:
    return Redis.from_url(
        f"redis://{NAME}:{port}/0", connection_class=CLASSES["redis"], retry=Retry(NoBackoff(), 0)
    )

"""Where limits are counted: shared by all who serve, reachable, quick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from ..config import Settings
from ..web.limits import storage_for
from .addresses import shown
from .finding import FAIL, OK, WARN, Finding, timed

REDIS_SECONDS = 2.0
# A request waits for Redis at most 0.2 s before it counts elsewhere.
SLOW_SECONDS = 0.05


def looks(settings: Settings) -> Iterator[Finding]:
    """Whether limits hold for all processes together."""
    uri = settings.rate_limit_storage
    scheme = urlsplit(uri).scheme
    try:
        storage_for(settings)
    except ValueError as error:
        yield Finding(FAIL, str(error))
        return
    if scheme in ("redis", "rediss", "redis+unix"):
        yield from _redis(uri, scheme)
    elif scheme == "memory":
        yield Finding(
            FAIL,
            "COMMENTS_RATE_LIMIT_STORAGE is memory: each worker counts for itself, so two let twice as much "
            "through. Unset it, or name a Redis.",
        )
    elif not uri and not settings.is_sqlite:
        yield Finding(
            WARN,
            "Limits are counted in a file of this machine. If several machines or containers serve, set "
            "COMMENTS_RATE_LIMIT_STORAGE=redis://HOST:6379 in all of them.",
        )
    else:
        yield Finding(OK, "Limits are counted in a file that all workers of this machine share.")


def _redis(uri: str, scheme: str) -> Iterator[Finding]:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        from ..redis_connections import CLASSES
    except ImportError:
        yield Finding(FAIL, "COMMENTS_RATE_LIMIT_STORAGE is a Redis: install comments-service[redis] for it.")
        return
    where = shown(uri)
    try:
        client = redis.Redis.from_url(
            uri.replace("redis+unix", "unix", 1),
            connection_class=CLASSES[scheme],
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:  # whose message might quote a part of a password
        yield Finding(
            FAIL, "COMMENTS_RATE_LIMIT_STORAGE is no address of a Redis, such as redis://HOST:6379."
        )
        return
    try:
        client.ping()
        started = time.perf_counter()
        client.ping()
        elapsed = time.perf_counter() - started
    except (redis.RedisError, OSError) as error:
        yield Finding(
            FAIL,
            f"{where} cannot be reached ({type(error).__name__}): each machine counts limits for itself "
            "meanwhile. Start it, or correct COMMENTS_RATE_LIMIT_STORAGE.",
        )
        return
    finally:
        client.close()
    yield Finding(OK, f"Limits are counted in {where}.")
    yield timed(
        "A round trip to Redis", elapsed, SLOW_SECONDS, "Every write waits for several: bring it nearer."
    )

"""Rate limits on writes: what a kind of act may spend by address and by author, and what answers say."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from math import ceil
from time import time
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit
from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string

from .. import counting
from ..config import Settings
from ..errors import TooFast
from . import limit_storage
from .address import bucket, client_address, forwarding_ignored

Kind = Literal["post", "vote", "report", "preview", "sign_in", "threads"]
KINDS: tuple[Kind, ...] = ("post", "vote", "report", "preview", "sign_in", "threads")

STRATEGY = "sliding-window-counter"
# Another strategy keeps other types under a key, and Redis answers WRONGTYPE: so each has keys of its own.
KEY_PREFIX = f"comments:{STRATEGY}"
REDIS_SECONDS = 0.2
KEY_BYTES = 16
SPENDING = "comments_service.spending"
# Beside the limits' own keys, so that the doctor, another process, hears of it.
FORWARDING_IGNORED = "forwarding-ignored"
REMEMBERED_SECONDS = 7 * 86_400

TOO_FAST = {
    "post": "You are posting very fast. Please wait a moment, then send it again.",
    "vote": "You are voting very fast. Please wait a moment, then try again.",
    "report": "You have sent many reports. Please wait a while, then try again.",
    "preview": "You are asking very fast. Please wait a moment, then try again.",
    "sign_in": "There were many sign-ins from here. Please wait a while, then try again.",
    "threads": "You have started many conversations. Please wait a while before the next.",
}


@dataclass
class Spending:
    """What one request has spent so far: whose keys it spends with, by which rules, and what is left."""

    address_key: str = ""
    author_key: str | None = None
    rules: dict[Kind, list[RateLimitItem]] = field(default_factory=dict)
    tightest: Allowance | None = None


@dataclass(frozen=True)
class Allowance:
    """What is left of one limit after this request: `remaining`, until more comes in `resets_in` seconds."""

    name: str
    limit: RateLimitItem
    remaining: int
    resets_in: int


class Limits:
    """The limits of one application: one Flask-Limiter, a shared storage, and a permit for each kind."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._secret = settings.secret_key
        self.trusted = settings.trusted_proxies
        uri, options = storage_for(settings)
        self.limiter = Limiter(
            key_func=_address_key,
            app=app,
            strategy=STRATEGY,
            storage_uri=uri,
            storage_options=options,
            key_prefix=KEY_PREFIX,
            headers_enabled=False,
            in_memory_fallback_enabled=True,
        )
        self._remembered_forwarding = False
        self.rules = {kind: _rules(settings, kind) for kind in KINDS}
        self._permits = {kind: self._permit(kind) for kind in KINDS if self.rules[kind]}

    def spend(self, kind: Kind, *, site: str, author: str | None, address: str | None = None) -> None:
        """Spend one `kind` of the limits by site and address, and by site and author; raises TooFast."""
        if kind not in self._permits:
            return
        if address is None:
            address = client_address(request.environ, self.trusted)
            self._remember_forwarding()
        spending = _spending()
        spending.address_key = self._key("address", site, bucket(address))
        spending.author_key = self._key("author", site, author) if author else None
        spending.rules[kind] = self.rules[kind]
        try:
            self._permits[kind]()
        except RateLimitExceeded as error:
            counting.count("limited", kind)
            allowance = self._note(kind, self.limiter.current_limit)
            raise TooFast(TOO_FAST[kind], retry_after=allowance.resets_in) from error
        self._note(kind, self.limiter.current_limit)

    def _remember_forwarding(self) -> None:
        if forwarding_ignored() and not self._remembered_forwarding:
            self._remembered_forwarding = True
            self.limiter.storage.incr(FORWARDING_IGNORED, REMEMBERED_SECONDS)

    def _permit(self, kind: Kind) -> Callable[[], None]:
        def permit() -> None:
            """Nothing: the limits around it are all there is."""

        # Flask-Limiter knows a function by its name.
        permit.__name__ = permit.__qualname__ = f"permit_{kind}"
        text = ";".join(
            f"{rule.amount} per {rule.multiples} {rule.GRANULARITY.name}" for rule in self.rules[kind]
        )
        by_author = self.limiter.shared_limit(
            text, scope=kind, key_func=_author_key, exempt_when=lambda: _spending().author_key is None
        )
        by_address = self.limiter.shared_limit(text, scope=kind, key_func=_address_key)
        return by_author(by_address(permit))

    def _key(self, what: str, site: str, who: str) -> str:
        # Keyed and hashed: neither the file nor Redis ever holds an address or an author key.
        message = "\0".join(("limit", what, site, who)).encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, message, sha256).digest()[:KEY_BYTES].hex()

    def _note(self, kind: Kind, current: RequestLimit | None) -> Allowance:
        if current is None:
            raise RuntimeError(f"the limit of {kind} was spent outside of its permit")
        # window is asked once: its time moves on with every question.
        resets_at, remaining = current.window
        remaining = 0 if current.breached else remaining
        name = policy_name(kind, current.limit, self.rules[kind])
        allowance = Allowance(name, current.limit, remaining, max(1, ceil(resets_at - time())))
        spending = _spending()
        if spending.tightest is None or allowance.remaining <= spending.tightest.remaining:
            spending.tightest = allowance
        return allowance


def init_limits(app: Flask, settings: Settings) -> None:
    """Give the application its limits; raises ValueError for a rule or a storage that cannot be read."""
    app.extensions["comments_limits"] = Limits(app, settings)
    app.after_request(_with_fields)


def spend(kind: Kind, *, site: str, author: str | None = None, address: str | None = None) -> None:
    """Spend one `kind` in the current request; raises TooFast with `retry_after`.

    `site` is the site's key ("" for an act of no site, such as sign_in), `author` any stable text of the
    author (its key or the hash of it). `address` defaults to the client's behind the trusted proxies.
    A view calls this after it has looked for a replay and before it does the work.
    """
    _limits().spend(kind, site=site, author=author, address=address)


def client() -> str:
    """The current request's client address, behind the trusted proxies."""
    return client_address(request.environ, _limits().trusted)


def storage_for(settings: Settings) -> tuple[str, dict[str, Any]]:
    """The storage's address and options: Redis when it is configured, else a file beside the database.

    While Redis is away that file counts, for all workers of this machine together.
    """
    uri = settings.rate_limit_storage
    scheme = urlsplit(uri).scheme
    if not uri:
        return _file(settings), {}
    if scheme in ("redis", "rediss", "redis+unix"):
        return f"failover+{uri}", {**_redis_options(scheme), "fallback": _file(settings)}
    if scheme == "sqlitefile":
        return f"failover+{uri}", {}
    if scheme == "memory":
        return uri, {}
    raise ValueError("COMMENTS_RATE_LIMIT_STORAGE must start with redis://, rediss:// or sqlitefile:///")


def forwarding_was_ignored(settings: Settings) -> bool:
    """Whether a process saw, in a week, a private peer's forwarding header while no proxy was trusted.

    False, too, where nothing was ever counted and while the storage is away.
    """
    uri, options = storage_for(settings)
    storage: Any = storage_from_string(uri, **options)
    primary: Any = getattr(storage, "primary", storage)
    # Looking into a file would make it, and so would falling back on one.
    if isinstance(primary, limit_storage.SQLiteFileStorage) and not primary.path.exists():
        return False
    try:
        return int(primary.get(FORWARDING_IGNORED)) > 0
    except storage.base_exceptions:
        return False


def policy_name(kind: Kind, rule: RateLimitItem, rules: list[RateLimitItem]) -> str:
    """How the RateLimit fields call a rule: `post`, and `post-hour` for the longer one beside it."""
    return kind if rule == rules[0] else f"{kind}-{rule.GRANULARITY.name}"


def _file(settings: Settings) -> str:
    if not settings.is_sqlite:
        return "failover+sqlitefile:///var/limits.db"
    path = settings.database_path
    return f"failover+sqlitefile:///{path.with_name(path.name + '.limits')}"


def _redis_options(scheme: str) -> dict[str, Any]:
    try:
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        from ..redis_connections import CLASSES
    except ImportError as error:
        raise ValueError(
            "COMMENTS_RATE_LIMIT_STORAGE is a Redis: install comments-service[redis] for it."
        ) from error

    # redis-py would try three times more, with pauses: a hung Redis must cost 0.2 s, once.
    return {
        "connection_class": CLASSES[scheme],
        "socket_timeout": REDIS_SECONDS,
        "socket_connect_timeout": REDIS_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "key_prefix": KEY_PREFIX,
    }


def _rules(settings: Settings, kind: Kind) -> list[RateLimitItem]:
    text = getattr(settings, f"limit_{kind}")
    return [] if text == "off" else sorted(parse_many(text))


def _limits() -> Limits:
    return cast(Limits, current_app.extensions["comments_limits"])


def _spending() -> Spending:
    # Kept with the request, not in `g`: tests and commands may hold one `g` over many requests.
    return cast(Spending, request.environ.setdefault(SPENDING, Spending()))


def _address_key() -> str:
    return _spending().address_key


def _author_key() -> str:
    return _spending().author_key or ""


def _with_fields(response: Response) -> Response:
    """Say in the IETF fields what the policy is and what is left; Retry-After belongs to a 429 alone."""
    spending = cast(Spending | None, request.environ.get(SPENDING))
    if spending is not None and spending.tightest is not None:
        left = spending.tightest
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{policy_name(kind, rule, rules)}";q={rule.amount};w={rule.get_expiry()}'
            for kind, rules in spending.rules.items()
            for rule in rules
        )
        response.headers["RateLimit"] = f'"{left.name}";r={left.remaining};t={left.resets_in}'
    return response


# Importing the module is what makes its schemes known to the limiter.
SCHEMES = (limit_storage.SQLiteFileStorage.STORAGE_SCHEME, limit_storage.FailoverStorage.STORAGE_SCHEME)

"""Every setting of the service: name, type, default, why. Read once, in `create_app`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "COMMENTS_"
SECRET_KEY_BYTES = 32
SHORTEST_TOKEN = 16
# Set by our own tests and tools, never by an operator: not settings of the service.
NOT_SETTINGS = ("COMMENTS_TEST_",)

Network = IPv4Network | IPv6Network
STANDARD_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of a web address as browsers send it: in small letters, without a port that says nothing.

    Raises ValueError for what is no web address.
    """
    parts = urlsplit(url)
    if parts.scheme not in STANDARD_PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is not an http or https address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, STANDARD_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


class SettingsError(Exception):
    """A setting is missing, unknown or unreadable; the message names it and says what to do."""


@dataclass(frozen=True)
class Setting:
    """One row: the name without prefix, how to read it, the default as text, why it exists.

    A `secret` one may also stand in a file, which NAME_FILE names.
    """

    name: str
    read: Callable[[str], Any]
    default: str
    why: str
    secret: bool = False


def _text(value: str) -> str:
    return value


def _database_url(value: str) -> str:
    for scheme in ("postgres://", "postgresql://"):
        if value.startswith(scheme):
            return "postgresql+psycopg://" + value.removeprefix(scheme)
    if value.startswith(("sqlite:///", "postgresql+psycopg://")):
        return value
    raise ValueError("must start with sqlite:/// or postgresql://")


def _public_url(value: str) -> str:
    parts = urlsplit(value)
    # Browsers send a name in other letters as `xn--...`.
    if parts.query or parts.fragment or "@" in parts.netloc or not value.isascii():
        raise ValueError("must be an address without query and name, such as https://comments.example")
    return origin_of(value) + parts.path.rstrip("/")


def _networks(value: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


_LIMIT = re.compile(r"\d+ per (second|minute|hour|day)")


def _limit(value: str) -> str:
    if value != "off" and not all(_LIMIT.fullmatch(part.strip()) for part in value.split(";")):
        raise ValueError('must be like "10 per minute;60 per hour", or off')
    return value


def _token(value: str) -> str:
    if value and (len(value) < SHORTEST_TOKEN or not value.isascii() or not value.isprintable()):
        raise ValueError(f"must be at least {SHORTEST_TOKEN} printable ASCII characters")
    return value


def _positive(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("must be a whole number of at least 1")
    return int(value)


SETTINGS = (
    Setting(
        "DATABASE_URL", _database_url, "sqlite:///var/comments.db", "Where comments are kept.", secret=True
    ),
    Setting(
        "SECRET_KEY",
        _text,
        "",
        f"Signs and hashes; at least {SECRET_KEY_BYTES} bytes. Never in a file under version control.",
        secret=True,
    ),
    Setting(
        "PUBLIC_URL",
        _public_url,
        "http://127.0.0.1:8000",
        "Links are built from this, never from a Host header.",
    ),
    Setting("TRUSTED_PROXIES", _networks, "", "CIDRs of proxies whose X-Forwarded-For is believed."),
    Setting(
        "RATE_LIMIT_STORAGE",
        _text,
        "",
        "Where limits are counted; empty: a private SQLite file beside the database.",
        secret=True,
    ),
    Setting("LIMIT_POST", _limit, "10 per minute;60 per hour", "Comments and edits of one reader."),
    Setting("LIMIT_VOTE", _limit, "60 per minute", "Votes of one reader."),
    Setting("LIMIT_REPORT", _limit, "10 per hour", "Reports of one reader."),
    Setting("LIMIT_PREVIEW", _limit, "30 per minute", "Previews, forms and looks at one's own comments."),
    Setting("LIMIT_SIGN_IN", _limit, "10 per hour", "Sign-ins at the moderators' page from one address."),
    Setting("LIMIT_THREADS", _limit, "5 per hour", "New slugs that one reader's posts may make."),
    Setting("MAX_BODY", _positive, "10000", "The longest comment, in characters."),
    Setting(
        "METRICS_TOKEN",
        _token,
        "",
        "What Prometheus shows to read /metrics; empty: there are no metrics.",
        secret=True,
    ),
)
# What carries a secret may stand in a file, such as a container's secret, instead of the environment.
FILES = tuple(f"{PREFIX}{setting.name}_FILE" for setting in SETTINGS if setting.secret)


@dataclass(frozen=True)
class Settings:
    """The settings of one running service, read and checked."""

    secret_key: bytes
    database_url: str = "sqlite:///var/comments.db"
    public_url: str = "http://127.0.0.1:8000"
    trusted_proxies: tuple[Network, ...] = ()
    rate_limit_storage: str = ""
    limit_post: str = "10 per minute;60 per hour"
    limit_vote: str = "60 per minute"
    limit_report: str = "10 per hour"
    limit_preview: str = "30 per minute"
    limit_sign_in: str = "10 per hour"
    limit_threads: str = "5 per hour"
    max_body: int = 10_000
    metrics_token: str = ""

    @property
    def origin(self) -> str:
        """The origin of our own pages."""
        return origin_of(self.public_url)

    @property
    def is_sqlite(self) -> bool:
        """The embedded way: one SQLite file."""
        return self.database_url.startswith("sqlite:")

    @property
    def database_path(self) -> Path:
        """The SQLite file; raises ValueError on another database."""
        if not self.is_sqlite:
            raise ValueError("This database is not a file.")
        return Path(self.database_url.removeprefix("sqlite:///")).absolute()

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read all settings from the environment; raises SettingsError for what is unknown or unreadable."""
        environ = os.environ if environ is None else environ
        _refuse_unknown(environ)
        values = {}
        for setting in SETTINGS:
            name = PREFIX + setting.name
            try:
                values[setting.name.lower()] = setting.read(_value(environ, name, setting))
            except ValueError as error:
                raise SettingsError(f"{name}: {error}.") from error
        values["secret_key"] = _checked_secret(values["secret_key"])
        return cls(**values)


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {PREFIX + setting.name for setting in SETTINGS} | set(FILES)
    for name in environ:
        if name.startswith(PREFIX) and name not in known and not name.startswith(NOT_SETTINGS):
            raise SettingsError(f"{name} is not a setting of this service; docs/settings.md lists them all.")


def _value(environ: Mapping[str, str], name: str, setting: Setting) -> str:
    file = environ.get(name + "_FILE") if setting.secret else None
    if file is None:
        return environ.get(name, setting.default)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE: cannot read {file}: {error.strerror}.") from error


def _checked_secret(value: str) -> bytes:
    secret = value.encode()
    if len(secret) < SECRET_KEY_BYTES:
        raise SettingsError(
            f"COMMENTS_SECRET_KEY (or COMMENTS_SECRET_KEY_FILE) needs at least {SECRET_KEY_BYTES} bytes; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return secret

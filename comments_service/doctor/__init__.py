"""The doctor: looks at what is configured, reachable, migrated and slow, and says what is unsafe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from urllib.parse import unquote

from sqlalchemy.exc import SQLAlchemyError

from .. import upkeep
from ..config import FILES, Settings, SettingsError
from . import configured, counting, machine, stored, widget
from .addresses import password
from .finding import FAIL, OK, WARN, Finding

__all__ = ["FAIL", "OK", "WARN", "Finding", "examine"]


def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything the settings of `environ` lead to; changes nothing, and raises for nothing it finds.

    No sentence holds the secret key or a password.
    """
    files = {name: environ[name] for name in FILES if environ.get(name)}
    try:
        settings = Settings.read(environ)
    except SettingsError as error:
        return [*configured.secret_files(files), Finding(FAIL, str(error))]
    return [
        Finding(finding.level, _without(_secrets(settings), finding.sentence))
        for finding in _looks(settings, files)
    ]


def _looks(settings: Settings, files: Mapping[str, str]) -> Iterator[Finding]:
    yield from configured.public_url(settings)
    yield from configured.proxies(settings)
    yield from configured.secret_key(settings, files)
    yield from configured.secret_files(files)
    yield from configured.limits(settings)
    yield from configured.metrics(settings)
    yield from counting.looks(settings)
    yield from _stored(settings)
    if settings.is_sqlite:
        yield from machine.looks(settings.database_path)
    yield from widget.looks(settings)


def _stored(settings: Settings) -> Iterator[Finding]:
    with ExitStack() as stack:
        try:
            database = stack.enter_context(upkeep.opened(settings))
        except (SQLAlchemyError, ImportError, ValueError) as error:
            yield Finding(FAIL, f"COMMENTS_DATABASE_URL cannot be used: {error}")
            return
        yield from stored.looks(database)


def _secrets(settings: Settings) -> list[str]:
    """What no sentence may hold: even a driver's error might quote an address as it was given."""
    passwords = [password(url) for url in (settings.database_url, settings.rate_limit_storage)]
    given = [settings.secret_key.decode("utf-8", "replace"), settings.metrics_token, *passwords]
    return [secret for text in given if text for secret in {text, unquote(text)}]


def _without(secrets: list[str], sentence: str) -> str:
    for secret in secrets:
        sentence = sentence.replace(secret, "***")
    return sentence

"""The one clock, so that tests can pin it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The time now, in UTC, with microseconds. Call it as `clock.now()`; tests replace it."""
    return datetime.now(UTC)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, for versions and keys."""
    return int(moment.timestamp() * 1_000_000)


def rfc3339(moment: datetime) -> str:
    """The time as JSON shows it: RFC 3339, UTC, whole seconds, with a `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

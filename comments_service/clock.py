"""The one clock, so that tests can pin it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The time now, in UTC, with microseconds. Call it as `clock.now()`; tests replace it."""
    return datetime.now(UTC)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, for versions and keys."""
    return (moment - EPOCH) // timedelta(microseconds=1)  # exact, where a float would round


def from_microseconds(count: int) -> datetime:
    """The moment that many microseconds after 1970; raises OverflowError beyond the year 9999."""
    return EPOCH + timedelta(microseconds=count)


def rfc3339(moment: datetime) -> str:
    """The time as JSON shows it: RFC 3339, UTC, whole seconds, with a `Z`."""
    # strftime writes the year 631 with three digits.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"

"""Times as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from comments_service import clock


def test_a_time_is_shown_in_utc_in_whole_seconds_with_four_digits_of_the_year() -> None:
    assert clock.rfc3339(datetime(2026, 11, 22, 7, 5, 9, 999_999, tzinfo=UTC)) == "2026-11-22T07:05:09Z"
    east = timezone(timedelta(hours=5, minutes=30))
    assert clock.rfc3339(datetime(2026, 1, 1, 0, 0, tzinfo=east)) == "2025-12-31T18:30:00Z"
    assert clock.rfc3339(datetime(631, 10, 26, tzinfo=UTC)) == "0631-10-26T00:00:00Z"

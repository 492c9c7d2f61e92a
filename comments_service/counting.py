"""Counting what happens, as plain numbers of this process; whoever shows them asks `counted`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from threading import Lock

# A name, then the values of its labels.
Key = tuple[str, ...]

# In seconds; what takes longer than the last is counted in none of them.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# The ends of names that `observe` makes; the bucket's number is its first label.
BUCKET, SUM = ":bucket", ":sum"

_lock = Lock()
_counts: dict[Key, float] = {}


def count(name: str, *labels: str) -> None:
    """One more of these. Labels are few words of our own, never what somebody sent."""
    key = (name, *labels)
    with _lock:
        _counts[key] = _counts.get(key, 0) + 1


def observe(name: str, seconds: float, *labels: str) -> None:
    """One more that took so long."""
    bucket = (name + BUCKET, str(bisect_left(BUCKETS, seconds)), *labels)
    total = (name + SUM, *labels)
    with _lock:
        _counts[bucket] = _counts.get(bucket, 0) + 1
        _counts[total] = _counts.get(total, 0.0) + seconds


def counted() -> Mapping[Key, float]:
    """All numbers as they are now."""
    with _lock:
        return dict(_counts)

"""Files as a converter would write them, and files that somebody has changed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from comments_service.transfer.records import KINDS

TIME = "2026-05-04T12:00:00.000000Z"
Record = dict[str, Any]


def plain(*, thread: str = "tarn", statuses: Sequence[str] = ("published",), body: str = "Lovely.") -> bytes:
    """A file with one thread and comments by people without key."""
    return signed([header(), *comments(thread, statuses, body)])


def header() -> Record:
    site = {"key": "horizons", "name": "Horizons", "number": 1, "policy": {}, "created_at": TIME}
    return {
        "type": "header",
        "format": "comments-service",
        "version": 1,
        "source": "a-converter",
        "site": site,
    }


def comments(thread: str, statuses: Sequence[str], body: str) -> Iterable[Record]:
    places = sum(status == "published" for status in statuses)
    yield {
        "type": "thread",
        "slug": thread,
        "aliases": [],
        "title": None,
        "url": None,
        "mode": None,
        "closes_at": None,
        "slow_seconds": 0,
        "last_n": places,
        "opened_at": TIME if places else None,
        "created_at": TIME,
    }
    n = 0
    for number, status in enumerate(statuses, start=1):
        n += status == "published"
        yield comment(number, thread, status, n if status == "published" else None)
        yield {
            "type": "revision",
            "comment": number,
            "revision": 1,
            "body": body,
            "salt": "00" * 16,
            "created_at": TIME,
        }


def comment(number: int, thread: str, status: str, n: int | None) -> Record:
    return {
        "type": "comment",
        "id": number,
        "thread": thread,
        "parent": None,
        "root": None,
        "author": None,
        "name": "Wren",
        "badge": None,
        "status": status,
        "revision": 1,
        "held_revision": None,
        "reason": None,
        "n": n,
        "shown": status == "published",
        "ups": 0,
        "downs": 0,
        "score": 0,
        "reviewed": False,
        "created_at": TIME,
        "edited_at": None,
        "withdrawn_at": None,
    }


def signed(records: Iterable[Record]) -> bytes:
    """The records as lines, with the footer that belongs to them."""
    records = [record for record in records if record["type"] != "footer"]
    lines = b"".join(line(record) for record in records)
    counts = Counter(record["type"] for record in records)
    footer = {
        "type": "footer",
        "counts": {kind: counts[kind] for kind in KINDS[1:-1]},
        "sha256": hashlib.sha256(lines).hexdigest(),
    }
    return lines + line(footer)


def line(record: Record) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def changed(content: bytes, change: Callable[[list[Record]], Any]) -> bytes:
    """The file after somebody changed its records and signed it again."""
    records = [json.loads(one) for one in content.split(b"\n") if one]
    change(records)
    return signed(records)

"""Numbers for Prometheus at `/metrics`, of all workers together; the extra `metrics` writes the format.

Everything is counted in plain numbers, whether anybody asks or not. Each worker leaves its own in a file of a
folder that they share, once a second; who is asked adds them up.
"""

from __future__ import annotations

import hmac
import importlib.util
import json
import logging
import os
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from .. import clock, counting, db
from ..config import Settings
from ..counting import BUCKET, BUCKETS, SUM, Key
from ..errors import NotFound, Unauthorised
from ..reading import figures
from .audience import OPERATOR, open_to
from .hot import Hot

if TYPE_CHECKING:
    from prometheus_client.core import Metric

WRITE_SECONDS = 1.0
# What a worker left longer ago says nothing of now: it ended.
PRESENT_SECONDS = 10.0
PREFIX = "comments_"
EXTENSION = "comments_metrics"

# Name, labels, what it counts. The documentation lists the same.
COUNTERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("requests", ("method", "route", "status"), "Requests that the application answered."),
    ("cached_pages", ("result",), "Public pages that were answered from memory (hit) or made anew (made)."),
    ("limited", ("kind",), "Acts that a rate limit refused."),
    ("verdicts", ("check", "verdict"), "What checks said of comments and edits; check=all: what came of it."),
)
HISTOGRAMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("request_seconds", ("method", "route"), "How long the application took to answer."),
    ("write_seconds", (), "How long a write took, its wait for the turn included."),
)
GAUGES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("writes_waiting", (), "Writes that wait for their turn (SQLite)."),
    ("pending", ("site",), "Comments that wait for a moderator."),
    ("pending_oldest_seconds", ("site",), "The age of the oldest of them; 0 without any."),
    ("database_up", (), "1 while the database answers, else 0."),
)

blueprint = Blueprint("metrics", __name__)
logger = logging.getLogger(__name__)


class Metrics:
    """The numbers of one application, and with `share` of all processes that share the folder."""

    def __init__(self, hot: Hot, database: db.Database) -> None:
        self._hot, self._database = hot, database
        self._file: Path | None = None

    def share(self, folder: str) -> None:
        """Leave this process's numbers in the folder from now on, and add up what others leave there."""
        self._file = Path(folder) / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        threading.Thread(target=self._leave_often, daemon=True, name="metrics").start()

    def counts(self) -> tuple[Mapping[Key, float], int]:
        """All counts, and how many writes wait."""
        counts, waiting = dict(self._own_counts()), self._waiting()
        for file in self._files_of_others():
            # It may end, or be written, just now.
            with suppress(OSError, ValueError):
                left = json.loads(file.read_text())
                for key, number in left["counts"]:
                    counts[tuple(key)] = counts.get(tuple(key), 0) + number
                is_present = time.time() - file.stat().st_mtime < PRESENT_SECONDS
                waiting += left["waiting"] if is_present else 0
        return counts, waiting

    def _own_counts(self) -> Mapping[Key, float]:
        counts = dict(counting.counted())
        counts["cached_pages", "hit"] = self._hot.hits.total
        counts["cached_pages", "made"] = self._hot.made
        return counts

    def _waiting(self) -> int:
        return self._database.group.waiting if self._database.group is not None else 0

    def _files_of_others(self) -> list[Path]:
        if self._file is None:
            return []
        return [file for file in self._file.parent.glob("*.json") if file != self._file]

    def _leave_often(self) -> None:
        while True:
            with suppress(OSError):  # a full disk, or the end of the service
                self._leave()
            time.sleep(WRITE_SECONDS)

    def _leave(self) -> None:
        assert self._file is not None
        left = {"counts": list(self._own_counts().items()), "waiting": self._waiting()}
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(left))
        new.replace(self._file)


@blueprint.get("/metrics")
@open_to(OPERATOR)
def metrics() -> Response:
    """The numbers, for who shows the token. Raises NotFound while they are switched off."""
    found: Metrics | None = current_app.extensions.get(EXTENSION)
    if found is None:
        raise NotFound("There is nothing here.")
    _check_token(current_app.extensions["comments_settings"].metrics_token)
    from prometheus_client.exposition import choose_encoder

    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(_Collected(list(_families(found)))), content_type=content_type)


def init_app(app: Flask, settings: Settings, hot: Hot) -> None:
    """Switch the numbers on where there is a token for them and the extra is installed."""
    if not settings.metrics_token:
        return
    if importlib.util.find_spec("prometheus_client") is None:
        logger.warning("COMMENTS_METRICS_TOKEN is set, but the extra `metrics` is not installed.")
        return
    app.extensions[EXTENSION] = Metrics(hot, app.extensions["comments_database"])


def _check_token(token: str) -> None:
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    # As bytes: text that is not ASCII cannot be compared in constant time.
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        shown.strip().encode("utf-8", "replace"), token.encode()
    ):
        raise Unauthorised("Send the token of COMMENTS_METRICS_TOKEN: Authorization: Bearer TOKEN.")


class _Collected:
    """What the encoders take for a registry."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _families(found: Metrics) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    counts, waiting = found.counts()
    for name, labels, about in COUNTERS:
        counter = CounterMetricFamily(PREFIX + name, about, labels=labels)
        for key, number in sorted(counts.items()):
            if key[0] == name:
                counter.add_metric(key[1:], number)
        yield counter
    for name, labels, about in HISTOGRAMS:
        yield _histogram(name, labels, about, counts)
    now = [(("writes_waiting",), float(waiting)), *_of_database()]
    for name, labels, about in GAUGES:
        gauge = GaugeMetricFamily(PREFIX + name, about, labels=labels)
        for key, number in now:
            if key[0] == name:
                gauge.add_metric(key[1:], number)
        yield gauge


def _histogram(name: str, labels: tuple[str, ...], about: str, counts: Mapping[Key, float]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    found: dict[Key, list[float]] = defaultdict(lambda: [0.0] * (len(BUCKETS) + 1))
    for key, number in counts.items():
        if key[0] == name + BUCKET:
            found[key[2:]][int(key[1])] = number
    family = HistogramMetricFamily(PREFIX + name, about, labels=labels)
    ends = [*(str(end) for end in BUCKETS), "+Inf"]
    for values, numbers in sorted(found.items()):
        below = 0.0
        buckets = [(end, below := below + number) for end, number in zip(ends, numbers, strict=True)]
        family.add_metric(values, buckets, counts.get((name + SUM, *values), 0.0))
    return family


def _of_database() -> Iterator[tuple[Key, float]]:
    """What is asked of the database now; while it is away only that it is."""
    try:
        waiting = figures.waiting(db.reading())
    except SQLAlchemyError:
        yield ("database_up",), 0.0
        return
    yield ("database_up",), 1.0
    for one in waiting:
        age = (clock.now() - one.oldest).total_seconds() if one.oldest else 0.0
        yield ("pending", one.site), float(one.comments)
        yield ("pending_oldest_seconds", one.site), max(0.0, age)

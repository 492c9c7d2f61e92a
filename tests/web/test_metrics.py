"""What Prometheus reads at /metrics: who may, what it says, and that workers add up."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from comments_service import clock, counting
from comments_service.config import Settings
from comments_service.models import Comment
from comments_service.web.metrics import EXTENSION
from tests.app import Live, Service
from tests.server.running import wait_for

TOKEN = "a-token-of-the-operator"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

Numbers = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone; tests/reading/test_figures.py asks both databases what waits."""
    return sqlite_url


@pytest.fixture
def measured(settings: Settings) -> Iterator[Service]:
    """A service with a site and metrics switched on; two comments an address, in a window of a year.

    The edge of a shorter one would let a third through.
    """
    service = Service(replace(settings, metrics_token=TOKEN, limit_post="2 per year"))
    service.add_site()
    yield service
    service.close()


def numbers(text: str) -> Numbers:
    """Each sample by its name and the values of its labels."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def risen(service: Service, act: Callable[[], Any]) -> Numbers:
    """What rose while something was done: other tests count in the same process."""
    before = numbers(service.client.get("/metrics", headers=BEARER).text)
    act()
    after = numbers(service.client.get("/metrics", headers=BEARER).text)
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


def test_there_are_none_unless_they_are_switched_on(horizons: Service) -> None:
    assert horizons.client.get("/metrics", headers=BEARER).status_code == 404
    assert EXTENSION not in horizons.app.extensions


def test_without_the_extra_there_are_none_and_the_log_says_why(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A finder that knows no such package, as where it was never installed.
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    service = Service(replace(settings, metrics_token=TOKEN))
    try:
        assert service.client.get("/metrics", headers=BEARER).status_code == 404
    finally:
        service.close()
    assert [one.message for one in caplog.records if "metrics" in one.message] == [
        "COMMENTS_METRICS_TOKEN is set, but the extra `metrics` is not installed."
    ]


def test_only_who_shows_the_token_reads_them(measured: Service) -> None:
    for shown in ("", "Bearer", "Bearer other", f"Basic {TOKEN}", f"Bearer {TOKEN}\u00e9", "Bearer \u00e9"):
        answer = measured.client.get("/metrics", headers={"Authorization": shown})
        assert answer.status_code == 401, shown
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert TOKEN not in answer.text
    answer = measured.client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    assert answer.headers["Cache-Control"] == "no-store"
    wanted = {**BEARER, "Accept": "application/openmetrics-text; version=1.0.0"}
    assert measured.client.get("/metrics", headers=wanted).text.endswith("# EOF\n")


def test_what_happened_is_counted(measured: Service) -> None:
    def act() -> None:
        measured.posted("A thought.")
        for _ in range(3):
            measured.page()
        measured.set_policy(words_held=["zaunkoenig"], links_max=0)
        measured.posted("The zaunkoenig sings at https://birds.example.")
        assert measured.post("Once more.").status_code == 429

    rose = risen(measured, act)
    post = page = "/api/v1/sites/<site>/comments"
    assert rose["comments_requests_total", ("POST", post, "201")] == 1
    assert rose["comments_requests_total", ("POST", post, "202")] == 1
    assert rose["comments_requests_total", ("POST", post, "429")] == 1
    assert rose["comments_requests_total", ("GET", page, "200")] == 1
    assert rose["comments_request_seconds_count", ("POST", post)] == 3
    assert rose["comments_request_seconds_bucket", ("+Inf", "POST", post)] == 3
    assert 0 < rose["comments_request_seconds_sum", ("POST", post)] < 60
    assert rose["comments_cached_pages_total", ("made",)] == 1
    assert rose["comments_cached_pages_total", ("hit",)] == 2
    assert rose["comments_limited_total", ("post",)] == 1
    assert rose["comments_verdicts_total", ("all", "publish")] == 1
    assert rose["comments_verdicts_total", ("all", "hold")] == 1
    assert rose["comments_verdicts_total", ("words", "hold")] == 1
    assert rose["comments_verdicts_total", ("links", "hold")] == 1
    assert rose["comments_write_seconds_count", ()] >= 2


def test_what_waits_is_said_by_site_with_its_age(measured: Service) -> None:
    measured.add_site("meridian", mode="premoderated")
    ids = [measured.posted(f"Thought {at}.", site="meridian")["id"] for at in range(2)]
    old = clock.now() - timedelta(hours=3)
    measured.write(lambda s: s.execute(update(Comment).where(Comment.id == ids[0]).values(created_at=old)))
    said = numbers(measured.client.get("/metrics", headers=BEARER).text)
    assert said["comments_database_up", ()] == 1
    assert said["comments_writes_waiting", ()] == 0
    assert said["comments_pending", ("meridian",)] == 2
    assert said["comments_pending", ("horizons",)] == 0
    assert 3 * 3600 <= said["comments_pending_oldest_seconds", ("meridian",)] < 4 * 3600
    assert said["comments_pending_oldest_seconds", ("horizons",)] == 0


def test_a_histogram_adds_up() -> None:
    for seconds in (0.0001, 0.001, 0.3, 100.0):
        counting.observe("tried", seconds, "once")
    found = {key: number for key, number in counting.counted().items() if key[0].startswith("tried")}
    assert sum(number for key, number in found.items() if key[0] == "tried:bucket") == 4
    assert found["tried:bucket", "0", "once"] == 2
    assert found["tried:bucket", str(len(counting.BUCKETS)), "once"] == 1
    assert found["tried:sum", "once"] == pytest.approx(100.3011)


def test_the_numbers_of_all_workers_add_up(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "comments.db")
    live = Live(tmp_path, f"sqlite:///{tmp_path / 'comments.db'}", COMMENTS_METRICS_TOKEN=TOKEN)
    live.start()
    try:
        workers, requests = set[str](), 0
        deadline = time.monotonic() + 60
        # One of them may be ready later.
        while len(workers) < 2 or requests < 30:
            assert time.monotonic() < deadline
            live.request("/healthz")
            requests += 1
            workers = {line.split('"worker": ')[1] for line in live.errors.read_text().splitlines()}

        def asked() -> float:
            said = numbers(live.request("/metrics", None, **BEARER)[2])
            return said.get(("comments_requests_total", ("GET", "/healthz", "200")), 0)

        # Each worker leaves its numbers once a second, so it takes a moment; none is ever counted twice.
        wait_for(lambda: asked() == requests)
    finally:
        live.stop()

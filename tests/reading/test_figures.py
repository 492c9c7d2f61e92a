"""Figures of a period: counts by word, who decided, and how long what people decided had waited."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from comments_service import clock
from comments_service.db import Database
from comments_service.errors import Invalid
from comments_service.models import Decision, Notice
from comments_service.reading import figures
from comments_service.reading.figures import Figures
from tests.databases import NOON
from tests.scene import Scene

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def of(scene: Scene, since: datetime = NOON, until: datetime = NOON + DAY) -> Figures:
    return scene.do(lambda session: figures.of(session, scene.site, since, until))


def test_figures_count_a_period(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def at(minutes: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: NOON + minutes * MINUTE)

    at(-1)
    scene.decided(scene.post("pending"))
    at(0)
    waited = [scene.post("pending") for _ in range(10)]
    for minutes, comment in enumerate(waited, start=1):
        at(minutes)
        scene.decided(comment, "reject" if minutes < 4 else "approve")
    at(20)
    found = scene.post()
    scene.decided(found, "spam", reason="spam")  # nobody waited for that
    reported = scene.post()
    report = scene.report(reported)  # at NOON
    at(60)
    decision = scene.decided(reported, "reject", reason="illegal", note="A threat.")
    scene.reverse(decision)
    scene.do(lambda session: session.add(a_notice(report)))
    for _ in range(2):
        scene.post("pending")

    counted = of(scene)
    assert (counted.by_people, counted.by_software) == (13, 12)
    assert counted.actions == {"hold": 12, "approve": 7, "reject": 4, "spam": 1, "reverse": 1}
    assert counted.reasons == {"abuse": 3, "spam": 1, "illegal": 1}
    # The undone decision closes no report any more: its wait is not known. Ten are left: 1 to 10 minutes.
    assert counted.median_seconds == pytest.approx(5 * 60)
    assert counted.p90_seconds == pytest.approx(9 * 60)
    assert (counted.notices, counted.pending, counted.reported) == (1, 2, 1)

    empty = of(scene, NOON + DAY, NOON + 2 * DAY)
    assert (empty.by_people, empty.actions, empty.median_seconds, empty.p90_seconds) == (0, {}, None, None)
    assert empty.notices == 0


def test_a_wait_begins_with_the_first_report_that_a_decision_answers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment = scene.post()
    scene.report(comment)  # at NOON
    monkeypatch.setattr(clock, "now", lambda: NOON + 7 * MINUTE)
    scene.decided(comment)
    counted = of(scene)
    assert counted.median_seconds == counted.p90_seconds == pytest.approx(7 * 60)


def test_of_many_waits_a_sample_is_looked_at(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    for _ in range(8):
        scene.decided(scene.post("pending"))
    smallest = scene.do(
        lambda session: session.scalars(select(Decision.hash).order_by(Decision.hash)).first()
    )
    monkeypatch.setattr(figures, "SAMPLE", 0)
    assert smallest is not None
    assert smallest > bytes(4), "no row has that hash"
    assert of(scene).by_people == 8
    assert of(scene).median_seconds is None
    monkeypatch.setattr(figures, "SAMPLE", 7)
    assert of(scene).median_seconds is not None


@pytest.mark.parametrize("until", [NOON, NOON - DAY, NOON + 401 * DAY])
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_period_has_a_length_between_bounds(scene: Scene, until: datetime) -> None:
    with pytest.raises(Invalid):
        of(scene, NOON, until)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_period_is_found_by_the_logs_index(scene: Scene) -> None:
    plan = scene.do(
        lambda session: session.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT action, count(*) FROM decision"
                " WHERE site_id = 1 AND created_at >= 0 AND created_at < 1 GROUP BY action"
            )
        ).all()
    )
    assert any("ix_decision_site_id_created_at" in row[-1] for row in plan)


def test_what_waits_is_counted_by_site_with_the_oldest_of_it(scene: Scene) -> None:
    scene.post()
    assert scene.do(figures.waiting) == [("horizons", 0, None)]
    edited = scene.post(created_at=NOON - MINUTE)
    scene.post("pending")
    scene.edit(edited, held=True)
    assert scene.do(figures.waiting) == [("horizons", 2, NOON - MINUTE)]


def a_notice(report: int) -> Notice:
    return Notice(
        report_id=report, revision=1, text="It is.", name="Mo", email="m@x", receipt=b"r", created_at=NOON
    )

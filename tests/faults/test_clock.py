"""The machine's clock moves an hour forwards or back between two requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from comments_service import clock, purging
from comments_service.config import Settings
from comments_service.models import Thread
from tests.app import Service, new_author_key
from tests.databases import NOON
from tests.faults.sound import assert_sound

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# From half past, so that an hour either way is the middle of another hour.
HALF_PAST = NOON + HOUR / 2
SHIFTS = (timedelta(), HOUR, timedelta(), -HOUR, timedelta(), 2 * HOUR, HOUR)
# Each of the seven stages is a second later on a clock that was never moved.
SECOND = timedelta(seconds=1)

Set = Callable[[datetime], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Set]:
    """Sets every clock of this process."""
    shown = [HALF_PAST]
    monkeypatch.setattr(clock, "now", lambda: shown[0])
    monkeypatch.setattr(time, "time", lambda: shown[0].timestamp())
    monkeypatch.setattr("comments_service.web.limits.time", lambda: shown[0].timestamp())
    yield lambda moment: shown.__setitem__(0, moment)
    monkeypatch.undo()


def test_versions_and_places_only_ever_grow(horizons: Service, set_clock: Set) -> None:
    key, versions, posted = new_author_key(), [], []
    for stage, shift in enumerate(SHIFTS):
        set_clock(HALF_PAST + shift + stage * SECOND)
        posted.append(horizons.posted(f"At stage {stage}", author_key=key, key=str(stage))["id"])
        versions.append(horizons.write(lambda session: session.query(Thread).one().version))
        retried = horizons.post(f"At stage {stage}", author_key=key, key=str(stage))
        assert retried.get_json()["comment"]["id"] == posted[-1]
    assert versions == sorted(set(versions))
    page = horizons.page(sort="oldest")
    assert [comment["id"] for comment in page["comments"]] == posted
    assert_sound(horizons.settings.database_url)


def test_an_edit_window_closes_and_opens_with_the_clock(horizons: Service, set_clock: Set) -> None:
    sent = horizons.post("Written at half past").get_json()
    assert edit(horizons, sent, "At once") == 201
    set_clock(HALF_PAST + HOUR)
    ahead = horizons.post("Written an hour ahead").get_json()
    assert edit(horizons, sent, "An hour ahead") == 403
    set_clock(HALF_PAST + MINUTE)
    assert edit(horizons, sent, "Back again") == 201
    assert edit(horizons, ahead, "What was dated ahead can be edited too") == 201
    set_clock(HALF_PAST + HOUR + 15 * MINUTE)
    assert edit(horizons, ahead, "Too late") == 403


def test_slow_mode_never_holds_up_for_longer_than_two_pauses(horizons: Service, set_clock: Set) -> None:
    key = new_author_key()
    horizons.posted("First", author_key=key)
    horizons.write(lambda session: session.query(Thread).update({"slow_seconds": 60}))
    set_clock(HALF_PAST + HOUR)
    horizons.posted("An hour ahead", author_key=key)
    assert horizons.post("Too soon", author_key=key).status_code == 429
    set_clock(HALF_PAST + 2 * MINUTE)
    horizons.posted("The clock was put right", author_key=key)
    again = horizons.post("Too soon again", author_key=key)
    assert (again.status_code, int(again.headers["Retry-After"])) == (429, 60)
    # A clock that is a little ahead, as another machine's may be, opens nothing.
    set_clock(HALF_PAST + 2 * MINUTE - SECOND)
    assert horizons.post("Too soon still", author_key=key).status_code == 429


def test_a_form_that_was_opened_before_the_clock_went_back_counts_for_nothing(
    horizons: Service, set_clock: Set
) -> None:
    form = horizons.post_json("horizons/forms", {}).get_json()["form"]
    set_clock(HALF_PAST - HOUR)
    assert horizons.post("Typed with care", form=form).status_code == 201
    set_clock(HALF_PAST - SECOND)
    assert horizons.post("Typed by a machine", form=form).status_code == 202


def test_a_limit_neither_opens_nor_shuts_out(migrated_url: str, settings: Settings, set_clock: Set) -> None:
    service = Service(Settings(**{**settings.__dict__, "limit_post": "3 per hour"}))
    service.add_site()
    published = []
    for stage, shift in enumerate(SHIFTS):
        set_clock(HALF_PAST + shift + stage * SECOND)
        answers = [service.post(f"Number {number} at {stage}") for number in range(5)]
        assert {answer.status_code for answer in answers} <= {201, 429}
        published.append(sum(answer.status_code == 201 for answer in answers))
        waits = [int(answer.headers["Retry-After"]) for answer in answers if answer.status_code == 429]
        assert all(0 < wait <= 2 * HOUR.total_seconds() for wait in waits)
    service.close()
    assert max(published) <= 3
    # Never in the hours before: back in an hour that is spent, nothing more is let in.
    assert published[0] == 3
    assert published[2] == published[4] == 0
    assert published[3] > 0, "an hour that nobody has used is open"


@pytest.mark.parametrize("ahead", [timedelta(), HOUR], ids=["on time", "an hour ahead"])
def test_a_key_is_kept_for_a_day_at_least(horizons: Service, set_clock: Set, ahead: timedelta) -> None:
    words: dict[str, Any] = {"author_key": new_author_key(), "key": "kept"}
    first = horizons.posted("Once", **words)
    set_clock(HALF_PAST + 24 * HOUR + ahead)
    purging.purge(horizons.database, clock.now())
    again = horizons.post("Once", **words)
    assert (again.status_code, again.get_json()["comment"]) == (201, first)


def edit(service: Service, sent: dict[str, Any], body: str) -> int:
    """The status of an edit with the token that came with a post."""
    words = {"body": body, "edit_token": sent["edit_token"]}
    return service.post_json(f"horizons/comments/{sent['comment']['id']}/revisions", words).status_code

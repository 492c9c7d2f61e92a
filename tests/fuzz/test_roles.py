"""The API keeps to its description, whoever asks: nobody with a token, a reader, a moderator.

The short form runs always; COMMENTS_TEST_FUZZ=long sends thirty times as much, and asks
PostgreSQL, too.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from comments_service import clock
from comments_service.web.api.examples import AUTHOR_KEY
from tests.app import Service
from tests.fuzz.asking import PHASES, Outcome, ask

IS_LONG = os.environ.get("COMMENTS_TEST_FUZZ") == "long"
SITE: dict[str, list[str | int]] = {"path.site": ["horizons"]}
EXAMPLES, STEPS = (100, 12) if IS_LONG else (3, 8)
NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
DONE = (200, 201, 202, 204)
OTHERS_KEY, THIRD_KEY = "w" * 22, "t" * 22

pytestmark = pytest.mark.parametrize(
    "migrated_url", ["sqlite", "postgres"] if IS_LONG else ["sqlite"], indirect=True
)


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    # What was answered is sent again: times and tokens that differ would make every run another.
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def talk(horizons: Service) -> Service:
    """A thread as the description's examples know it: two comments, and one that waits."""
    horizons.posted("Deep.", author_key=AUTHOR_KEY)
    horizons.posted("How deep?", parent=1, author_key=OTHERS_KEY)
    horizons.posted("Look here.", subject="filled by a machine")
    return horizons


@pytest.fixture
def known(talk: Service) -> dict[str, list[str | int]]:
    """Values that lead somewhere, by where they are sent."""
    edit_token = talk.post("Not to stay.", author_key=THIRD_KEY).get_json()["edit_token"]
    return SITE | {
        "path.comment": [1, 2, 3, 4],
        "query.slug": ["tarn"],
        "body.slug": ["tarn"],
        "body.author_key": [AUTHOR_KEY, OTHERS_KEY],
        "body.edit_token": [edit_token],
        "body.comment": [1, 2, 3, 4],
        "body.parent": [1, 2],
    }


def test_nobody_without_a_token_finds_no_fault(talk: Service) -> None:
    outcome = ask(talk.app, examples=EXAMPLES, steps=STEPS, headers={}, known=SITE, tag="moderation")
    _assert_kept(outcome)
    assert outcome.without(401) == []


def test_a_reader_finds_no_fault(talk: Service, known: dict[str, list[str | int]]) -> None:
    outcome = ask(talk.app, examples=EXAMPLES, steps=STEPS, headers={}, known=known, tag="readers")
    _assert_kept(outcome)
    assert outcome.without(*DONE) == []


def test_a_moderator_finds_no_fault(talk: Service, known: dict[str, list[str | int]]) -> None:
    token = talk.add_moderator(role="admin")
    # The description's examples know this decision as the second, after the software's.
    decided = talk.decide(token, {"comment": 3, "revision": 1, "from": "pending", "action": "approve"})
    assert decided.get_json()["results"] == [{"comment": 3, "result": "done", "decision": 2}]
    outcome = ask(
        talk.app,
        examples=EXAMPLES,
        steps=STEPS,
        headers={"Authorization": f"Bearer {token}"},
        known=known,
        tag="moderation",
        # What is moderated is posted first.
        also=("readers_post", "readers_page", "readers_one"),
    )
    _assert_kept(outcome)
    assert [name for name in outcome.without(*DONE) if name.startswith("moderation_")] == []


def _assert_kept(outcome: Outcome) -> None:
    said = [f"{' / '.join(key)}\n{text}" for key, text in outcome.wrong.items()]
    assert not said, "\n\n".join(said)
    for phase in PHASES:
        assert outcome.sent[phase] > 0, f"{phase} sent nothing"

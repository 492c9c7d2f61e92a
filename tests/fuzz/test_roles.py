"""The API keeps to its description, whoever asks: nobody in particular, a reader, a moderator.

The short form runs always; COMMENTS_TEST_FUZZ=long sends thirty times as much.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from comments_service.config import Settings
from comments_service.web.api.examples import AUTHOR_KEY
from tests.app import UNLIMITED, Service, new_author_key
from tests.databases import SECRET
from tests.fuzz.asking import PHASES, Outcome, ask

IS_LONG = os.environ.get("COMMENTS_TEST_FUZZ") == "long"
SITE: dict[str, list[str | int]] = {"path.site": ["horizons"]}
EXAMPLES, STEPS = (100, 30) if IS_LONG else (3, 6)


@pytest.fixture
def service(migrated_file: Path, tmp_path: Path) -> Iterator[Service]:
    """A site with a thread as the examples know it: two comments, and one that waits."""
    copy = tmp_path / "comments.db"
    copy.write_bytes(migrated_file.read_bytes())
    settings = Settings(
        secret_key=SECRET,
        database_url=f"sqlite:///{copy}",
        rate_limit_storage=f"sqlitefile:///{tmp_path / 'limits.db'}",
        **UNLIMITED,  # type: ignore[arg-type]
    )
    made = Service(settings)
    made.add_site()
    made.posted("Deep.", author_key=AUTHOR_KEY)
    made.posted("How deep?", parent=1, author_key=new_author_key())
    made.posted("Look here.", subject="filled by a machine")
    yield made
    made.close()


@pytest.fixture
def known(service: Service) -> dict[str, list[str | int]]:
    """Values that lead somewhere, by where they are sent."""
    edit_token = service.post("Not to stay.", author_key=new_author_key()).get_json()["edit_token"]
    return SITE | {
        "path.comment": [1, 2, 3, 4],
        "query.slug": ["tarn"],
        "body.slug": ["tarn"],
        "body.author_key": [AUTHOR_KEY, new_author_key()],
        "body.edit_token": [edit_token],
        "body.comment": [1, 2, 3, 4],
        "body.parent": [1, 2],
    }


def test_nobody_without_a_token_finds_no_fault(service: Service) -> None:
    outcome = ask(service.app, examples=EXAMPLES, steps=STEPS, headers={}, known=SITE, tag="moderation")
    _assert_kept(outcome)


def test_a_reader_finds_no_fault(service: Service, known: dict[str, list[str | int]]) -> None:
    outcome = ask(service.app, examples=EXAMPLES, steps=STEPS, headers={}, known=known, tag="readers")
    _assert_kept(outcome)


def test_a_moderator_finds_no_fault(service: Service, known: dict[str, list[str | int]]) -> None:
    token = service.add_moderator(role="admin")
    outcome = ask(
        service.app,
        examples=EXAMPLES,
        steps=STEPS,
        headers={"Authorization": f"Bearer {token}"},
        known=known,
        tag="moderation",
        # What is moderated is posted first.
        also=("readers_post", "readers_page", "readers_one"),
    )
    _assert_kept(outcome)


def _assert_kept(outcome: Outcome) -> None:
    said = [f"{' / '.join(key)}\n{text}" for key, text in outcome.wrong.items()]
    assert not said, "\n\n".join(said)
    for phase in PHASES:
        assert outcome.sent(phase) > 0, f"{phase} sent nothing"

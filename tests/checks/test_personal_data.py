"""Personal details against the labelled set, and the site's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from sqlalchemy.orm import Session

from comments_service.checks import Draft, personal_data

from .labels import LABELLED, documented

NO_SESSION = cast(Session, None)
LEAST_CAUGHT = 0.9
MOST_HELD_INNOCENT = 0.03


def test_details_are_caught_and_other_numbers_left_alone(draft: Callable[..., Draft]) -> None:
    lines = LABELLED["personal"]
    verdicts = [personal_data.check(NO_SESSION, draft(line["text"])).action for line in lines]
    judged = list(zip(lines, verdicts, strict=True))
    held = [verdict for line, verdict in judged if line["label"] == "held"]
    innocent = [verdict for line, verdict in judged if line["label"] == "innocent"]
    caught, falsely = held.count("hold"), innocent.count("hold")
    assert caught >= LEAST_CAUGHT * len(held), [line for line, verdict in judged if verdict != line["label"]]
    assert falsely <= MOST_HELD_INNOCENT * len(innocent)
    assert documented("personal details") == [f"{caught} of {len(held)}", f"{falsely} of {len(innocent)}"]


@pytest.mark.parametrize("contact", ["Desk: desk@news.example, +44 20 7946 0123", "desk (at) news.example"])
def test_the_sites_own_address_may_be_named(draft: Callable[..., Draft], contact: str) -> None:
    assert (
        personal_data.check(NO_SESSION, draft("Write to desk@news.example", contact=contact)).action
        == "publish"
    )
    other = personal_data.check(NO_SESSION, draft("desk@news.example or anna@news.example", contact=contact))
    assert [(found.start, found.end) for found in other.evidence] == [(21, 38)]

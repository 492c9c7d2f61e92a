"""Drafts to check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from comments_service.checks import Draft
from comments_service.models.policy import Policy


@pytest.fixture
def draft() -> Callable[..., Draft]:
    """Makes a draft on a site with the policy keys given; other arguments are the draft's own."""

    def make(body: str = "A thought.", **values: Any) -> Draft:
        policy = Policy.parse({key: values.pop(key) for key in list(values) if key in Policy.__match_args__})
        usual: dict[str, Any] = {
            "site_id": 1,
            "thread": None,
            "author": None,
            "name": "Wren",
            "shown": body,
            "links": (),
            "fingerprint": b"",
        }
        return Draft(policy=policy, body=body, **{**usual, **values})

    return make

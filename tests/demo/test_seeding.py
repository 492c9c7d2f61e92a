"""Seeding through the API: what was done before an interruption is not done again, and stays as it is."""

from __future__ import annotations

import io
from typing import Any

import pytest

from comments_service.demo.api import Api
from comments_service.demo.articles import Article
from comments_service.demo.conversations import Comment, Complaint, Conversation, Removal
from comments_service.demo.seeding import Seeder
from tests.app import Service

PLAIN = Comment(
    id="plain",
    name="Mo",
    body="A thought.",
    parent=None,
    up=2,
    down=1,
    edit="A second thought.",
    withdrawn=False,
    reports=(Complaint("spam", ""),),
    removal=None,
)
WITHDRAWN = Comment("gone", "Jo", "Sorry.", None, 1, 0, None, True, (), None)
REMOVED = Comment("removed", "Bo", "Buy this.", "plain", 0, 2, None, False, (), Removal("spam", "An advert."))


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # the demo knows no other
def test_seeding_again_changes_nothing(horizons: Service, articles: list[Article]) -> None:
    api = Api(horizons.app, "horizons", token=horizons.add_moderator(), log=io.StringIO())
    talk = Conversation(articles[0].slug, (PLAIN, WITHDRAWN, REMOVED))

    def seeded() -> list[dict[str, Any]]:
        Seeder(api, b"secret").seed(articles[:1], [talk], lambda done, of: None)
        comments: list[dict[str, Any]] = horizons.page(talk.article)["comments"]
        return comments

    first = seeded()
    assert len(first) == 1, "the others are gone, and have no replies"
    assert "A second thought." in first[0]["html"]
    assert seeded() == first

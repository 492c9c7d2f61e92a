"""Seeding through the API: what was done before an interruption is not done again, and stays as it is."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from comments_service.demo.api import Api
from comments_service.demo.articles import Article
from comments_service.demo.conversations import (
    Comment,
    Complaint,
    Conversation,
    Removal,
    read_conversations,
)
from comments_service.demo.seeding import Seeder, written
from tests.app import Service

from .conftest import EDITION

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
        Seeder(api, b"secret").seed(articles[:1], [talk], EDITION, lambda done, of: None)
        comments: list[dict[str, Any]] = horizons.page(talk.article)["comments"]
        return comments

    first = seeded()
    assert len(first) == 1, "the others are gone, and have no replies"
    assert "A second thought." in first[0]["html"]
    assert first[0]["created_at"] < first[0]["edited_at"] < EDITION.isoformat()
    assert seeded() == first


def test_people_write_between_article_and_edition_in_the_order_of_their_conversation(
    articles: list[Article],
) -> None:
    talks = read_conversations()
    comments = written(articles, talks, EDITION)

    appeared = {article.slug: article.published_at for article in articles}
    assert all(appeared[slug] < at < EDITION for at, slug, _ in comments)
    assert [at for at, _, _ in comments] == sorted({at for at, _, _ in comments})
    for talk in talks:
        assert tuple(one.comment for one in comments if one.slug == talk.article) == talk.comments
    newest = [one for one in comments if EDITION - one.at < timedelta(hours=1)]
    assert len(newest) > 5

"""The conversations are whole: parents come first, and every kind of comment that the demo shows is there."""

from __future__ import annotations

import unicodedata

import pytest

from comments_service.demo.articles import Article
from comments_service.demo.conversations import Comment, Conversation, read_conversations


@pytest.fixture
def longest() -> Conversation:
    return max(read_conversations(), key=lambda talk: len(talk.comments))


def scripts(text: str) -> set[str]:
    return {unicodedata.name(letter).split()[0] for letter in text if letter.isalpha()}


def any_with(text: str, talk: Conversation) -> bool:
    return any(text in comment.body for comment in talk.comments)


def test_one_conversation_has_sixty_comments_and_several_others_exist(longest: Conversation) -> None:
    assert len(longest.comments) >= 60
    assert len(read_conversations()) >= 4


def test_every_conversation_belongs_to_an_article(articles: list[Article]) -> None:
    slugs = [talk.article for talk in read_conversations()]

    assert set(slugs) <= {article.slug for article in articles}
    assert len(slugs) == len(set(slugs))


def test_every_reply_follows_its_parent_and_every_id_is_its_own() -> None:
    for talk in read_conversations():
        seen: set[str] = set()
        for comment in talk.comments:
            assert comment.id not in seen
            assert comment.parent is None or comment.parent in seen
            seen.add(comment.id)


def test_replies_go_at_least_four_deep(longest: Conversation) -> None:
    depth: dict[str | None, int] = {None: 0}
    for comment in longest.comments:
        depth[comment.id] = depth[comment.parent] + 1

    assert max(depth.values()) >= 4


def test_people_write_in_several_languages_one_from_right_to_left(longest: Conversation) -> None:
    found = set().union(*(scripts(comment.body) for comment in longest.comments))

    assert {"LATIN", "ARABIC", "HIRAGANA"} <= found
    for word in ("À Besançon", "En mi pueblo", "Unsere Rathausuhr"):
        assert any_with(word, longest)


def test_the_conversation_shows_what_markdown_can_do(longest: Conversation) -> None:
    for mark in ("\n- ", "1. ", "```", "> ", "](https://", "**", "`"):
        assert any_with(mark, longest)


def test_moderators_find_reports_of_several_readers_and_something_to_remove(longest: Conversation) -> None:
    everything = [comment for talk in read_conversations() for comment in talk.comments]
    removed = [comment for comment in longest.comments if comment.removal]
    withdrawn = [comment for comment in longest.comments if comment.withdrawn]

    assert sum(len(comment.reports) > 1 for comment in everything) >= 3
    assert all(has_reply(comment, longest) for comment in removed + withdrawn)
    assert removed
    assert withdrawn


def has_reply(comment: Comment, talk: Conversation) -> bool:
    return any(other.parent == comment.id for other in talk.comments)

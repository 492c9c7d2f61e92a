"""The articles are complete, distinct and dated before their edition."""

from __future__ import annotations

from collections import Counter

from comments_service.demo.articles import SECTIONS, Article

from .conftest import EDITION


def test_there_are_nine_articles_or_more_in_four_sections_or_more(articles: list[Article]) -> None:
    assert len(articles) >= 9
    assert len({article.section for article in articles}) >= 4
    assert {article.section for article in articles} == set(SECTIONS)


def test_every_slug_and_every_title_is_its_own(articles: list[Article]) -> None:
    assert max(Counter(article.slug for article in articles).values()) == 1
    assert max(Counter(article.title for article in articles).values()) == 1


def test_every_article_has_a_body_with_a_subheading(articles: list[Article]) -> None:
    for article in articles:
        kinds = Counter(block.kind for block in article.body)
        assert kinds["paragraph"] >= 5, article.slug
        assert kinds["subheading"] >= 1, article.slug


def test_every_article_names_its_authors_and_describes_its_picture(articles: list[Article]) -> None:
    for article in articles:
        assert article.byline, article.slug
        assert article.alt, article.slug
        assert article.caption, article.slug


def test_articles_come_newest_first_and_none_is_later_than_the_edition(articles: list[Article]) -> None:
    times = [article.published_at for article in articles]

    assert times == sorted(times, reverse=True)
    assert times[0] <= EDITION


def test_exactly_one_article_leads(articles: list[Article]) -> None:
    assert sum(article.lead for article in articles) == 1

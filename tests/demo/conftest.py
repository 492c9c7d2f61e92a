"""The newspaper of one day, printed without a service."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from comments_service.demo.articles import Article, read_articles
from comments_service.demo.newspaper import create_newspaper

SERVICE = "http://127.0.0.1:8000"
EDITION = datetime(2026, 11, 22, 8, 40, tzinfo=UTC)


@pytest.fixture
def articles() -> list[Article]:
    return read_articles(EDITION)


@pytest.fixture
def newspaper() -> FlaskClient:
    alone = create_newspaper(
        service=SERVICE, edition=EDITION, counts=lambda slugs: {}, fragments=lambda slug: None
    )
    return alone.test_client()

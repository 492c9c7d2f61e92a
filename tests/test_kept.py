"""What is kept from test to test knows nothing of the last one, though its ids and addresses come again."""

from __future__ import annotations

import pytest

from comments_service.config import Settings
from comments_service.db import Database
from comments_service.web import hot
from tests.app import Service
from tests.databases import add_site
from tests.kept import Applications


# The tests of this module run in one process, one after the other.
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_page_of_the_last_test_is_not_one_of_this(
    horizons: Service, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    monkeypatch.setattr(hot, "POSTGRES_SECONDS", 3_600)
    assert horizons.posted(f"Turn {turn}.")["id"] == 1
    [shown] = horizons.page()["comments"]
    assert shown["html"] == f"<p>Turn {turn}.</p>"


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_empty_again(database: Database, turn: int) -> None:
    assert database.write(add_site) == 1


def test_an_application_is_made_once(settings: Settings, applications: Applications) -> None:
    app = applications.fresh(settings)
    memory = app.wsgi_app
    assert applications.fresh(settings) is app
    assert isinstance(memory, hot.Hot)
    assert isinstance(app.wsgi_app, hot.Hot)
    assert app.wsgi_app is not memory
    assert app.wsgi_app.app is memory.app


def test_nothing_came_to_an_application_that_might_remember(service: Service) -> None:
    # Whoever adds something here sees to it that `Applications.fresh` makes it forget what it read.
    assert set(service.app.extensions) == {
        "comments_database",
        "comments_gate",
        "comments_limits",
        "comments_settings",
        "comments_signer",
        "limiter",
        "sqlalchemy",
    }

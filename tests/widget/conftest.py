"""A service and a page that embeds it, shared by a module's tests: each test writes to threads of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.widget.host import Newspaper, prepared
from tests.widget.reader import Reader
from tests.widget.relay import Relay

DESK = {"viewport": {"width": 800, "height": 900}}


@pytest.fixture(scope="session")
def newspaper(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newspaper]:
    """The running service and its host, for all tests of a process."""
    made = prepared(migrated_file, tmp_path_factory.mktemp("newspaper"))
    made.service.start(workers=1)
    yield made
    made.service.stop()
    made.host.close()


@pytest.fixture
def relay(newspaper: Newspaper) -> Iterator[Relay]:
    """Where the article finds the service in a test."""
    made, told = Relay(newspaper.service.url), newspaper.host.service
    newspaper.host.service = made.url
    yield made
    newspaper.host.service = told
    made.close()


@pytest.fixture(scope="session")
def slugs() -> Iterator[str]:
    """Slugs that no other test of the process has."""
    return (f"article-{number}" for number in itertools.count())


@pytest.fixture
def reader(
    newspaper: Newspaper, slugs: Iterator[str], open_page: Callable[..., Page]
) -> Callable[..., Reader]:
    """Opens an article as a reader with a device of their own.

    Comments that are sent sooner than a person types are held, so readers get the token of a form that was
    opened long ago, unless they are not patient. `device` has options of `new_context`; what else is named
    becomes an attribute.
    """
    service, host, _, forms = newspaper
    slug = next(slugs)

    def arrive(
        *,
        site: str = "horizons",
        slug: str = slug,
        is_patient: bool = True,
        device: Mapping[str, object] = DESK,
        **attributes: str,
    ) -> Reader:
        page = open_page(**device)
        if is_patient:
            page.route("**/forms", lambda route: route.fulfill(json={"form": forms[site]}))
        return Reader(page, service, host.address(slug, site=site, **attributes), site, slug)

    return arrive

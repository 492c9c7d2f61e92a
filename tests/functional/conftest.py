"""The server of the moderators' desk, and where pictures of its pages go."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.app import Live
from tests.functional.desk import Work


@pytest.fixture(scope="session")
def live_desk(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server for all tests of the moderators' page, as starting it takes longest."""
    folder = tmp_path_factory.mktemp("moderators")
    shutil.copy(migrated_file, folder / "comments.db")
    running = Live(folder, f"sqlite:///{folder / 'comments.db'}")
    running.start(workers=1)
    yield running
    running.stop()


@pytest.fixture
def work(live_desk: Live, request: pytest.FixtureRequest) -> Work:
    """What waits for the moderator of this test, on a site of its own."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name[5:])
    return Work(live_desk, name[-40:].strip("-"))


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], None]:
    """Keeps a picture of what is on the screen in the test's own folder."""

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png", animations="disabled")

    return keep

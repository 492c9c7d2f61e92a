"""The decision log as people read it."""

from __future__ import annotations

from functools import partial

import pytest

from comments_service.db import Database
from comments_service.reading import decisions
from tests.scene import Scene


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def test_the_log_comes_in_pages(scene: Scene) -> None:
    for _ in range(5):
        scene.post("pending")
    seen: list[int] = []
    cursor: str | None = None
    while True:
        rows, cursor = scene.do(partial(decisions.logged, site_id=scene.site, cursor=cursor, limit=2))
        seen += [row.seq for row in rows]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]

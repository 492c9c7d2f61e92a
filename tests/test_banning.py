"""Bans: of an author or an address bucket, for a while, and lifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from comments_service import banning, clock, models
from comments_service.banning import Ban
from comments_service.db import Database
from comments_service.errors import Invalid, NotFound
from tests.databases import add_author, add_site
from tests.scene import Scene

BUCKET = b"0123456789abcdef"


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def ban(scene: Scene, site: int | None = None, **fields: Any) -> Ban:
    asked = {"kind": "author", "reason": "Insults.", **fields}
    return scene.do(
        lambda session: banning.ban(session, site_id=site or scene.site, moderator_id=scene.ada, **asked)
    )


def listed(scene: Scene, **page: Any) -> list[int]:
    bans, _ = scene.do(lambda session: banning.listed(session, scene.site, **page))
    return [one.id for one in bans]


def written(scene: Scene, **columns: Any) -> int:
    today = clock.now().date().isoformat()
    return scene.post(**{"bucket": BUCKET, "bucket_day": today, **columns})


def test_the_author_of_a_comment_is_banned(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    made = ban(scene, comment_id=written(scene, author_id=author))
    assert (made.kind, made.author_id, made.author_name) == ("author", author, "Wren")
    assert (made.reason, made.by, made.expires_at) == ("Insults.", "Ada", None)
    assert listed(scene) == [made.id]


def test_an_author_is_banned_by_id_until_a_time(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    until = clock.now() + timedelta(days=400)
    assert ban(scene, author_id=author, expires_at=until).expires_at == until


def test_an_address_ban_keeps_the_hash_of_the_comment_and_ends_with_its_day(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    made = ban(scene, kind="address", comment_id=written(scene))
    row = scene.do(lambda session: session.get_one(models.Ban, made.id))
    today = now.date()
    assert (row.bucket, row.bucket_day, row.author_id) == (BUCKET, today.isoformat(), None)
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    assert made.expires_at == midnight + timedelta(days=30)
    assert (made.kind, made.author_id) == ("address", None)


def test_an_address_ban_may_end_sooner_but_not_later(scene: Scene) -> None:
    comment = written(scene)
    soon = clock.now() + timedelta(days=1)
    assert ban(scene, kind="address", comment_id=comment, expires_at=soon).expires_at == soon
    with pytest.raises(Invalid):
        ban(scene, kind="address", comment_id=comment, expires_at=clock.now() + timedelta(days=30, hours=1))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"kind": "name"}, "kind"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expires_at"),
        ({"kind": "address", "comment_id": None}, "comment"),
        ({"comment_id": None}, "author"),
        ({"author_id": 1}, "author"),
    ],
)
def test_a_ban_that_makes_no_sense_is_refused(scene: Scene, fields: dict[str, Any], field: str) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    comment = written(scene, author_id=author)
    with pytest.raises(Invalid) as caught:
        ban(scene, **{"comment_id": comment, **fields})
    assert [error.field for error in caught.value.errors] == [field]


@pytest.mark.parametrize(
    ("kind", "columns"), [("author", {}), ("address", {"bucket": None, "bucket_day": None})]
)
def test_nobody_is_banned_who_is_not_known(scene: Scene, kind: str, columns: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        ban(scene, kind=kind, comment_id=written(scene, **columns))
    assert [(error.field, error.code) for error in caught.value.errors] == [("kind", "unknown")]


def test_what_belongs_to_another_site_is_not_found(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    comment = written(scene, author_id=author)
    made = ban(scene, author_id=author)
    other = scene.do(lambda session: add_site(session, "fells"))
    for fields in ({"comment_id": comment}, {"author_id": author}, {"author_id": 10**9}):
        with pytest.raises(NotFound):
            ban(scene, other, **fields)
    with pytest.raises(NotFound):
        scene.do(lambda session: banning.lift(session, site_id=other, ban_id=made.id))
    assert scene.do(lambda session: banning.listed(session, other)) == ([], None)


def test_a_lifted_ban_is_over_and_cannot_be_lifted_again(scene: Scene) -> None:
    made = ban(scene, kind="address", comment_id=written(scene))
    scene.do(lambda session: banning.lift(session, site_id=scene.site, ban_id=made.id))
    assert listed(scene) == []
    assert scene.do(lambda session: session.scalars(select(models.Ban.lifted_at)).one()) is not None
    with pytest.raises(NotFound):
        scene.do(lambda session: banning.lift(session, site_id=scene.site, ban_id=made.id))


def test_a_ban_ends_by_itself(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    made = ban(scene, author_id=author, expires_at=clock.now() + timedelta(hours=1))
    assert listed(scene) == [made.id]
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert listed(scene) == []


def test_bans_come_in_pages_the_newest_first(scene: Scene) -> None:
    comment = written(scene)
    made = [ban(scene, kind="address", comment_id=comment).id for _ in range(5)]
    seen: list[int] = []
    cursor: str | None = None
    while True:
        bans, cursor = scene.do(partial(banning.listed, site_id=scene.site, cursor=cursor, limit=2))
        seen += [one.id for one in bans]
        if cursor is None:
            break
    assert seen == made[::-1]
    with pytest.raises(Invalid):
        listed(scene, cursor="bm9uZQ")

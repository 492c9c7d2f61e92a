"""Threads: registered and steered by an editor, renamed and merged, reached by old slugs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import clock, threads
from comments_service.db import Database
from comments_service.errors import Conflict, Invalid, NotFound
from comments_service.models import Comment
from comments_service.models import Thread as ThreadRow
from comments_service.threads import Thread
from tests.databases import add_site, add_thread
from tests.scene import Scene

LATER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def find(scene: Scene, slug: str = "tarn") -> Thread:
    return scene.do(lambda session: threads.find(session, site_id=scene.site, slug=slug))


def patch(scene: Scene, slug: str = "tarn", **changes: Any) -> Thread:
    return scene.do(lambda s: threads.patch(s, site_id=scene.site, slug=slug, changes=changes))


def move(scene: Scene, slug: str, to: str) -> Thread:
    return scene.do(lambda session: threads.move(session, site_id=scene.site, slug=slug, to=to))


def drop_alias(scene: Scene, slug: str) -> None:
    scene.do(lambda session: threads.drop_alias(session, site_id=scene.site, slug=slug))


def version(scene: Scene, slug: str = "tarn") -> int:
    id = find(scene, slug).id
    return scene.do(lambda session: session.get_one(ThreadRow, id).version)


def test_what_an_editor_decides_about_a_thread_is_kept(scene: Scene) -> None:
    before = version(scene)
    changes: dict[str, Any] = {
        "mode": "premoderated",
        "closes_at": LATER,
        "slow_seconds": 30,
        "title": "At the tarn",
        "url": "https://news.example/tarn",
    }
    patched = patch(scene, **changes)
    assert {name: getattr(patched, name) for name in changes} == changes
    assert find(scene) == patched
    assert version(scene) > before


def test_a_field_that_is_not_named_stays_and_null_clears(scene: Scene) -> None:
    patch(scene, mode="closed", title="Tarn")
    patched = patch(scene, mode=None)
    assert (patched.mode, patched.title) == (None, "Tarn")


def test_a_new_slug_is_registered_and_opened(scene: Scene) -> None:
    made = patch(scene, "/politics/vote ", title="The vote")
    assert (made.slug, made.count, made.mode) == ("politics/vote", 0, None)
    assert made.opened_at is not None
    assert patch(scene, "politics/vote").id == made.id


def test_a_thread_of_pending_comments_only_is_opened_by_its_registration(scene: Scene) -> None:
    scene.post("pending")
    assert find(scene).opened_at is None
    assert patch(scene).opened_at is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "quiet"),
        ("closes_at", "tomorrow"),
        ("closes_at", datetime(2030, 1, 1)),  # noqa: DTZ001 (a time without zone is the point)
        ("slow_seconds", -1),
        ("slow_seconds", 86_401),
        ("slow_seconds", True),
        ("slow_seconds", None),
        ("title", "x" * 501),
        ("title", "a\0b"),
        ("url", "javascript:alert(1)"),
        ("url", "https://"),
        ("url", "https://[bad"),
        ("url", "https://user@news.example/"),
        ("url", "https://news.example/" + "x" * 2000),
        ("count", 5),
    ],
)
def test_what_a_thread_cannot_be_is_refused_and_registers_nothing(
    scene: Scene, name: str, value: Any
) -> None:
    with pytest.raises(Invalid) as caught:
        patch(scene, "new", **{name: value})
    assert [error.field for error in caught.value.errors] == [name]
    with pytest.raises(NotFound):
        find(scene, "new")


@pytest.mark.parametrize(("name", "value"), [("slow_seconds", 86_400), ("title", "x" * 500)])
def test_values_at_the_limit_are_taken(scene: Scene, name: str, value: Any) -> None:
    assert getattr(patch(scene, **{name: value}), name) == value


def test_an_unknown_slug_is_not_found_and_a_bad_one_refused(scene: Scene) -> None:
    with pytest.raises(NotFound):
        find(scene, "nowhere")
    with pytest.raises(NotFound):
        move(scene, "nowhere", "tarn")
    with pytest.raises(Invalid):
        find(scene, " / ")


def test_threads_of_another_site_are_not_seen(scene: Scene) -> None:
    other = scene.do(lambda session: add_site(session, "fells"))
    with pytest.raises(NotFound):
        scene.do(lambda session: threads.find(session, site_id=other, slug="tarn"))
    move(scene, "tarn", "lake")
    with pytest.raises(NotFound):
        scene.do(lambda session: threads.drop_alias(session, site_id=other, slug="tarn"))


def test_a_renamed_thread_is_reached_by_its_old_slug(scene: Scene) -> None:
    comment = scene.post()
    before = version(scene)
    moved = move(scene, "tarn", "lake")
    assert (moved.slug, moved.aliases, moved.count) == ("lake", ("tarn",), 1)
    assert find(scene, "tarn") == moved
    assert version(scene, "lake") > before
    assert scene.comment(comment)["thread_id"] == moved.id
    assert patch(scene, "tarn", title="Lake").id == moved.id


def test_a_thread_goes_back_to_its_old_slug(scene: Scene) -> None:
    move(scene, "tarn", "lake")
    back = move(scene, "lake", "tarn")
    assert (back.slug, back.aliases) == ("tarn", ("lake",))


def test_a_thread_cannot_move_to_where_it_is(scene: Scene) -> None:
    for slug in ("tarn", "/tarn/"):
        with pytest.raises(Conflict):
            move(scene, slug, "tarn")


def test_merged_comments_come_after_those_of_the_other_thread(scene: Scene) -> None:
    other = scene.do(lambda session: add_thread(session, scene.site, "lake"))
    old_root = scene.post()
    lake_root = scene.post(thread_id=other)
    old_reply = scene.post(parent=old_root)
    old_pending = scene.post("pending")
    lake_reply = scene.post(parent=lake_root, thread_id=other)
    old_removed = scene.post()
    scene.decided(old_removed, "reject")
    before = version(scene, "lake")

    merged = move(scene, "tarn", "lake")

    assert (merged.id, merged.slug, merged.aliases, merged.count) == (other, "lake", ("tarn",), 4)
    assert find(scene, "tarn") == merged
    assert version(scene, "lake") > before
    assert places(scene, other) == [lake_root, lake_reply, old_root, old_reply, old_removed]
    assert scene.comment(old_pending)["n"] is None
    assert scene.comment(old_pending)["thread_id"] == other
    assert scene.do(lambda session: session.get(ThreadRow, scene.thread)) is None
    # What is approved or posted next still gets a place of its own, at the end.
    scene.decided(old_pending)
    assert places(scene, other)[-1] == old_pending
    assert scene.comment(old_pending)["n"] == 6


def test_aliases_follow_a_merged_thread(scene: Scene) -> None:
    scene.do(lambda session: add_thread(session, scene.site, "lake"))
    move(scene, "tarn", "pond")
    merged = move(scene, "pond", "lake")
    assert merged.aliases == ("tarn", "pond")
    assert find(scene, "tarn").slug == "lake"


def test_a_move_to_an_alias_merges_into_its_thread(scene: Scene) -> None:
    other = scene.do(lambda session: add_thread(session, scene.site, "lake"))
    move(scene, "lake", "mere")
    assert move(scene, "tarn", "lake").id == other
    assert find(scene, "tarn").slug == "mere"


def test_a_dropped_alias_leads_nowhere(scene: Scene) -> None:
    move(scene, "tarn", "lake")
    drop_alias(scene, "tarn")
    with pytest.raises(NotFound):
        find(scene, "tarn")
    for unknown in ("tarn", "lake"):
        with pytest.raises(NotFound):
            drop_alias(scene, unknown)


def test_the_version_never_falls_behind_the_clock(scene: Scene) -> None:
    now = clock.microseconds(clock.now())
    patch(scene, title="Tarn")
    assert version(scene) >= now


def places(scene: Scene, thread: int) -> list[int]:
    def work(session: Session) -> list[int]:
        query = select(Comment.id).where(Comment.thread_id == thread, Comment.n.is_not(None))
        return list(session.scalars(query.order_by(Comment.n)))

    return scene.do(work)

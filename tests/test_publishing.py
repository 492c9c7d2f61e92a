"""The one function that changes a status, against a naive model over random histories."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import log, publishing
from comments_service.db import Database
from comments_service.errors import Conflict
from comments_service.models import Author, Comment, Thread
from comments_service.publishing import State
from tests.databases import add_author
from tests.scene import Scene

HISTORIES = 6
STEPS = 60


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


@dataclass
class Naive:
    """What must be so, computed from scratch out of who replies to whom and every comment's status."""

    parent: dict[int, int | None] = field(default_factory=dict)
    status: dict[int, str] = field(default_factory=dict)
    # In the order of their first publication.
    published_once: list[int] = field(default_factory=list)

    def put(self, comment: int, status: str) -> None:
        self.status[comment] = status
        if status == "published" and comment not in self.published_once:
            self.published_once.append(comment)

    def published(self) -> set[int]:
        return {comment for comment, status in self.status.items() if status == "published"}

    def line(self, comment: int) -> list[int]:
        """The comment and all above it."""
        above = self.parent[comment]
        return [comment] + (self.line(above) if above is not None else [])

    def shown(self) -> set[int]:
        return {one for comment in self.published() for one in self.line(comment)}

    def replies_total(self, root: int) -> int:
        return sum(comment != root and self.line(comment)[-1] == root for comment in self.published())


def check(scene: Scene, naive: Naive, author: int) -> None:
    def work(session: Session) -> None:
        thread = session.get_one(Thread, scene.thread)
        rows = {row.id: row for row in session.scalars(select(Comment))}
        assert {id: row.status for id, row in rows.items()} == naive.status
        assert thread.count == len(naive.published())
        assert thread.last_n == len(naive.published_once)
        assert {id for id, row in rows.items() if row.shown} == naive.shown()
        numbered = sorted((row.n, id) for id, row in rows.items() if row.n is not None)
        assert numbered == list(enumerate(naive.published_once, start=1))
        for id, row in rows.items():
            if row.root_id is None:
                assert row.replies_total == naive.replies_total(id)
            else:
                assert row.replies_total == 0
        check_prefixes(rows)
        record = session.get_one(Author, author)
        assert record.published == len(naive.published())
        assert record.rejected == sum(status in ("rejected", "spam") for status in naive.status.values())
        assert log.verify(session, scene.site) is None

    scene.do(work)


def check_prefixes(rows: dict[int, Comment]) -> None:
    """Any beginning of a root's shown replies, by `n`, must be a closed tree: no reply before its parent."""
    shown = sorted((row for row in rows.values() if row.shown), key=lambda row: row.n or 0)
    seen: set[int] = set()
    for row in shown:
        assert row.parent_id is None or row.parent_id in seen
        seen.add(row.id)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_counters_and_places_are_right_after_any_history(scene: Scene, seed: int) -> None:
    chance, naive = random.Random(seed), Naive()
    author = scene.do(lambda session: add_author(session, scene.site))
    undoable: dict[int, tuple[int, str]] = {}
    version = 0
    for _ in range(STEPS):
        step = chance.choices(("post", "decide", "reverse", "edit", "withdraw"), (5, 6, 2, 2, 1))[0]
        before = naive.shown(), naive.published(), dict(naive.status)
        if step == "post" or not naive.status:
            post(scene, chance, naive, author)
        elif step == "decide":
            decide(scene, chance, naive, undoable)
        elif step == "reverse" and undoable:
            undo(scene, chance, naive, undoable)
        elif step == "edit":
            edit(scene, chance, naive, undoable)
        elif step == "withdraw":
            withdraw(scene, chance, naive, undoable)
        now = scene.do(lambda session: session.get_one(Thread, scene.thread).version)
        assert now >= version
        if (naive.shown(), naive.published()) != before[:2]:
            assert now > version
        version = now
    check(scene, naive, author)


def post(scene: Scene, chance: random.Random, naive: Naive, author: int) -> None:
    # A reply needs a published parent when it is inserted.
    parents = [None, *sorted(naive.published())]
    parent = chance.choice(parents)
    status = chance.choice(("published", "published", "pending", "spam"))
    comment = scene.post(status, parent=parent, author_id=author)
    naive.parent[comment] = parent
    naive.put(comment, status)


def decide(scene: Scene, chance: random.Random, naive: Naive, undoable: dict[int, tuple[int, str]]) -> None:
    comment = chance.choice(sorted(naive.status))
    action = chance.choice(("approve", "approve", "reject", "spam"))
    held = scene.comment(comment)["held_revision"] is not None
    (result,) = scene.decide(scene.item(comment, action))
    if naive.status[comment] == "withdrawn":
        assert result.result == "stale"
    elif result.decision is not None:
        undoable[comment] = (result.decision, naive.status[comment])
        if action == "approve" or not (held and naive.status[comment] == "published"):
            naive.put(comment, {"approve": "published", "reject": "rejected", "spam": "spam"}[action])


def undo(scene: Scene, chance: random.Random, naive: Naive, undoable: dict[int, tuple[int, str]]) -> None:
    comment = chance.choice(sorted(undoable))
    decision, status = undoable.pop(comment)
    scene.reverse(decision)
    naive.put(comment, status)


def edit(scene: Scene, chance: random.Random, naive: Naive, undoable: dict[int, tuple[int, str]]) -> None:
    candidates = [id for id in sorted(naive.published()) if scene.comment(id)["held_revision"] is None]
    if candidates:
        comment = chance.choice(candidates)
        scene.edit(comment, held=chance.random() < 0.5)
        decision = undoable.pop(comment, None)
        if decision is not None:
            with pytest.raises(Conflict):
                scene.reverse(decision[0])


def withdraw(scene: Scene, chance: random.Random, naive: Naive, undoable: dict[int, tuple[int, str]]) -> None:
    comment = chance.choice(sorted(naive.status))
    set_state(scene, comment, "withdrawn")
    naive.put(comment, "withdrawn")
    undoable.pop(comment, None)


def set_state(scene: Scene, comment_id: int, status: str) -> None:
    def work(session: Session) -> None:
        comment = publishing.lock(session, scene.site, comment_id)
        assert comment is not None
        publishing.change(session, comment, State(status, comment.revision))

    scene.do(work)


def test_a_pending_comment_leaves_no_public_trace(scene: Scene) -> None:
    def trace(session: Session) -> tuple[int, int, int, object]:
        thread = session.get_one(Thread, scene.thread)
        return thread.version, thread.count, thread.last_n, thread.opened_at

    before = scene.do(trace)
    comment = scene.post("pending")
    scene.decided(comment, "reject")
    assert scene.do(trace) == before
    assert scene.comment(comment)["leaf"] is None


def test_a_held_edit_and_its_refusal_leave_no_public_trace(scene: Scene) -> None:
    comment = scene.post()
    before = scene.do(lambda session: session.get_one(Thread, scene.thread).version)
    scene.edit(comment, held=True)
    scene.decided(comment, "reject")
    assert scene.do(lambda session: session.get_one(Thread, scene.thread).version) == before


def test_a_late_approval_stands_at_the_end(scene: Scene) -> None:
    late = scene.post("pending")
    early = scene.post()
    scene.decided(late)
    assert scene.comment(early)["n"] == 1
    assert scene.comment(late)["n"] == 2


def test_a_removed_parent_stays_as_a_tombstone_while_a_reply_is_published(scene: Scene) -> None:
    root = scene.post()
    reply = scene.post(parent=root)
    scene.decided(root, "reject")
    assert scene.comment(root)["shown"]
    scene.decided(reply, "reject")
    assert not scene.comment(root)["shown"]
    scene.decided(reply)
    assert scene.comment(root)["shown"]
    assert scene.comment(root)["replies_total"] == 1


def test_a_tombstone_that_changes_its_reason_is_a_visible_change(scene: Scene) -> None:
    root = scene.post()
    scene.post(parent=root)
    scene.decided(root, "reject")
    before = scene.do(lambda session: session.get_one(Thread, scene.thread).version)
    set_state(scene, root, "withdrawn")
    assert scene.do(lambda session: session.get_one(Thread, scene.thread).version) > before


def test_a_comment_of_another_site_is_not_locked(scene: Scene) -> None:
    comment = scene.post()
    assert scene.do(lambda session: publishing.lock(session, scene.site + 1, comment)) is None


def test_who_holds_many_comments_knows_what_others_changes_hid(scene: Scene) -> None:
    parent = scene.post()
    reply = scene.post(parent=parent)
    scene.decided(parent, "reject")
    assert scene.comment(parent)["shown"], "the premise: a tombstone"

    def work(session: Session) -> None:
        above, below = publishing.lock_all(session, [scene.thread], [parent, reply])
        publishing.change(session, below, State("rejected", 1))
        assert not above.shown
        publishing.change(session, above, State("published", 1))

    scene.do(work)
    assert [scene.comment(one)["shown"] for one in (parent, reply)] == [True, False]

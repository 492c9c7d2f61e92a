"""The decision log: any row altered, removed or put in is found, and a kept head finds a cut."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from comments_service import log
from comments_service.db import Database
from comments_service.log import Head
from comments_service.models import Decision, DecisionOrigin, LogHead
from tests.databases import NOON, add_decision, add_site
from tests.scene import Scene

ROWS = 5


@pytest.fixture
def scene(database: Database) -> Scene:
    scene = Scene.on(database)
    for number in range(ROWS):
        scene.do(partial(add_decision, site_id=scene.site, comment_id=number + 1, moderator_id=scene.ada))
    return scene


def tamper(scene: Scene, statement: str, **values: Any) -> None:
    scene.do(lambda session: session.execute(text(statement), values))


def broken_at(scene: Scene, kept: Head | None = None) -> int | None:
    found = scene.do(lambda session: log.verify(session, scene.site, kept=kept))
    return found.seq if found is not None else None


def head(scene: Scene) -> Head:
    return scene.do(lambda session: log.head(session, scene.site))


def test_a_log_that_nobody_touched_is_whole(scene: Scene) -> None:
    assert head(scene).count == ROWS
    assert broken_at(scene) is None
    assert broken_at(scene, kept=head(scene)) is None


def test_an_empty_log_is_whole(scene: Scene) -> None:
    other = scene.do(lambda session: add_site(session, "fells"))
    assert scene.do(lambda session: log.verify(session, other)) is None
    assert scene.do(lambda session: log.head(session, other)) == Head(0, log.NOTHING_YET)


def test_each_site_has_a_chain_of_its_own(scene: Scene) -> None:
    other = scene.do(lambda session: add_site(session, "fells"))
    scene.do(lambda session: add_decision(session, other, 1))
    assert scene.do(lambda session: log.head(session, other)).count == 1
    assert head(scene).count == ROWS
    assert scene.do(lambda session: log.verify(session, other)) is None


ALTERED: tuple[tuple[str, Any], ...] = (
    ("site_id", 2),
    ("seq", 99),
    ("comment_id", 99),
    ("revision", 2),
    ("action", "approve"),
    ("reason", "abuse"),
    ("reason", None),
    ("moderator_id", None),
    ("reverses", 1),
    ("before_status", "published"),
    ("before_revision", 7),
    ("before_held_revision", 3),
    ("after_status", "spam"),
    ("trusts", True),
    ("text_hash", bytes(32)),
    ("note_hash", bytes(32)),
    ("note_hash", None),
    ("created_at", NOON),
    ("hash", bytes(32)),
)


def test_an_altered_row_is_named_whatever_was_altered(scene: Scene) -> None:
    scene.do(lambda session: add_site(session, "fells"))
    with Session(scene.database.writer) as session:
        for column, value in ALTERED:
            row = session.get_one(Decision, 3)
            assert getattr(row, column) != value
            setattr(row, column, value)
            session.flush()
            broken = log.verify(session, scene.site)
            assert broken is not None, column
            assert broken.seq == 3, column
            session.rollback()
    # Its id is but its handle: `seq` is its place.
    assert {column for column, _ in ALTERED} == {c.key for c in Decision.__table__.columns} - {"id"}


def test_an_altered_number_of_an_imported_row_is_found(scene: Scene) -> None:
    with Session(scene.database.writer) as session:
        end = log.head(session, scene.site)
        row = session.get_one(Decision, ROWS)
        numbers = {"site": 7, "comment": row.comment_id, "moderator": 5, "reverses": None}
        copied = {c.key: getattr(row, c.key) for c in Decision.__table__.columns if c.key != "id"}
        imported = Decision(**copied | {"seq": ROWS + 1})
        origin = DecisionOrigin(**numbers)
        imported.hash = log.chained(end.hash, imported, origin)
        log.extend(session, scene.site, [(imported, origin, None)])
        session.flush()
        assert log.verify(session, scene.site) is None
        for name, number in numbers.items():
            setattr(origin, name, (number or 0) + 1)
            session.flush()
            broken = log.verify(session, scene.site)
            assert broken is not None, name
            assert broken.seq == ROWS + 1, name
            setattr(origin, name, number)


def test_an_altered_time_is_found_to_the_microsecond(scene: Scene) -> None:
    def shift(session: Session) -> None:
        row = session.get_one(Decision, 3)
        row.created_at = row.created_at.replace(microsecond=row.created_at.microsecond ^ 1)

    scene.do(shift)
    assert broken_at(scene) == 3


def test_an_altered_note_is_found(scene: Scene) -> None:
    tamper(scene, "UPDATE decision_note SET note = 'Never said.' WHERE decision_id = 4")
    assert broken_at(scene) == 4
    tamper(scene, "UPDATE decision_note SET salt = :salt WHERE decision_id = 3", salt=bytes(16))
    assert broken_at(scene) == 3


def test_an_erased_note_breaks_nothing(scene: Scene) -> None:
    tamper(scene, "DELETE FROM decision_note WHERE decision_id = 4")
    assert broken_at(scene) is None


@pytest.mark.parametrize("seq", [1, 3])
def test_a_removed_row_is_found(scene: Scene, seq: int) -> None:
    tamper(scene, "DELETE FROM decision_note WHERE decision_id = :seq", seq=seq)
    tamper(scene, "DELETE FROM decision WHERE seq = :seq", seq=seq)
    assert broken_at(scene) == seq


def test_a_removed_row_is_found_when_the_others_are_counted_anew(scene: Scene) -> None:
    tamper(scene, "DELETE FROM decision WHERE seq = 2")
    for seq in range(3, ROWS + 1):
        tamper(scene, "UPDATE decision SET seq = :to WHERE seq = :seq", seq=seq, to=seq - 1)
    assert broken_at(scene) == 2


def test_two_rows_in_each_others_place_are_found(scene: Scene) -> None:
    for seq, to in ((2, 99), (3, 2), (99, 3)):
        tamper(scene, "UPDATE decision SET seq = :to WHERE seq = :seq", seq=seq, to=to)
    assert broken_at(scene) == 2


def test_a_row_put_in_is_found(scene: Scene) -> None:
    insert_copy(scene, of=2, seq=ROWS + 1)
    assert broken_at(scene) == ROWS + 1


def test_a_row_put_in_with_its_head_is_found(scene: Scene) -> None:
    insert_copy(scene, of=2, seq=ROWS + 1)
    tamper(scene, "UPDATE log_head SET count = :count", count=ROWS + 1)
    assert broken_at(scene) == ROWS + 1


def test_a_cut_tail_is_found(scene: Scene) -> None:
    tamper(scene, "DELETE FROM decision WHERE seq > 3")
    assert broken_at(scene) == 4


def test_a_kept_head_finds_a_tail_that_was_cut_with_care(scene: Scene) -> None:
    kept = head(scene)
    cut_with_care(scene, keep=3)
    assert broken_at(scene) is None
    assert broken_at(scene, kept=kept) == 4


def test_a_kept_head_finds_a_tail_that_was_written_anew(scene: Scene) -> None:
    kept = head(scene)
    cut_with_care(scene, keep=3)
    for _ in range(4):
        scene.do(lambda session: add_decision(session, scene.site, 77))
    assert broken_at(scene) is None
    assert broken_at(scene, kept=kept) == ROWS


def test_a_kept_head_stays_good_while_the_log_grows(scene: Scene) -> None:
    kept = head(scene)
    scene.do(lambda session: add_decision(session, scene.site, 6))
    assert broken_at(scene, kept=kept) is None


def cut_with_care(scene: Scene, *, keep: int) -> None:
    """What somebody would do who knows how the log is made."""

    def work(session: Session) -> None:
        last = session.get_one(Decision, keep)
        found = session.get_one(LogHead, scene.site)
        found.count, found.hash = last.seq, last.hash
        session.execute(text("DELETE FROM decision WHERE seq > :keep"), {"keep": keep})

    scene.do(work)


def insert_copy(scene: Scene, *, of: int, seq: int) -> None:
    def work(session: Session) -> None:
        row = session.get_one(Decision, of)
        columns = {c.key: getattr(row, c.key) for c in Decision.__table__.columns if c.key != "id"}
        session.add(Decision(**{**columns, "seq": seq}))

    scene.do(work)

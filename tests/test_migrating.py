"""The schema goes up and down and up again without losing a row, and is what the models say."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from comments_service import migrating
from comments_service.db import Base, Database
from tests.databases import fill, migrate, open_database, rows

# Tables that 0001 did not have: they go with what they hold.
LATER = ("source", "decision_origin", "notice")

A_BACKUP = "LOCK TABLE comment IN ACCESS SHARE MODE"
ANOTHER_MIGRATION = "SELECT pg_advisory_xact_lock(2026)"


@pytest.fixture(params=["sqlite", "postgres"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A copy of a database that was empty and upgraded, for the test to alter."""
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_file'), tmp_path / 'comments.db')}"
    else:
        server = request.getfixturevalue("postgres")
        url = server.database(server.template("migrated", migrate))
    with open_database(url) as database:
        yield database
    if request.param == "postgres":
        server.drop(url)


def test_going_down_and_up_on_a_filled_database_loses_nothing(migrated: Database) -> None:
    migrated.write(fill)
    with migrated.writer.connect() as connection:
        before = rows(connection)
    assert all(before.values()), "every table holds something to lose"
    assert set(before) == set(Base.metadata.tables)

    migrating.downgrade(migrated, "0001")
    with migrated.writer.connect() as connection:
        assert migrating.current(connection) == "0001"
    migrating.upgrade(migrated)

    with migrated.writer.connect() as connection:
        assert migrating.is_current(connection)
        assert rows(connection) == before | {table: [] for table in LATER}


def test_models_and_migrations_do_not_drift_apart(migrated: Database) -> None:
    with migrated.writer.connect() as connection:
        assert migrating.drift(connection) == []


def test_a_drift_is_found(migrated: Database) -> None:
    with migrated.writer.begin() as connection:
        connection.execute(text("DROP INDEX ix_comment_roots"))
        connection.execute(text("ALTER TABLE vote DROP COLUMN bucket"))
    with migrated.writer.connect() as connection:
        found = " ".join(migrating.drift(connection))
    assert "ix_comment_roots" in found
    assert "bucket" in found


def test_upgrading_again_changes_nothing(migrated: Database) -> None:
    migrated.write(fill)
    with migrated.writer.connect() as connection:
        before = rows(connection)
    migrating.upgrade(migrated)
    with migrated.writer.connect() as connection:
        assert rows(connection) == before


def test_everything_can_be_taken_down(migrated: Database) -> None:
    migrating.downgrade(migrated, "base")
    with migrated.writer.connect() as connection:
        assert migrating.current(connection) is None
        assert not migrating.is_current(connection)


@pytest.mark.parametrize("migrated", ["postgres"], indirect=True)
@pytest.mark.parametrize("act", [A_BACKUP, ANOTHER_MIGRATION])
def test_a_migration_steps_aside_until_it_has_a_moment_for_itself(
    migrated: Database, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    with migrated.writer.connect() as somebody:
        somebody.execute(text(act))

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                somebody.rollback()

        monkeypatch.setattr(migrating, "LOCK_MILLISECONDS", 20)
        monkeypatch.setattr(migrating, "sleep", pause)
        migrating.downgrade(migrated, "0001")
    assert len(pauses) == 2
    with migrated.writer.connect() as connection:
        assert migrating.current(connection) == "0001"
        # The patience that a migration has is not handed on.
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "5s"


def test_a_new_file_is_for_its_user_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "comments.db"
    with open_database(f"sqlite:///{file}") as database:
        migrating.upgrade(database)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

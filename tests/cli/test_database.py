"""`db`: upgrade, check, backup."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from comments_service import migrating
from tests.cli.running import Shell
from tests.databases import fill, open_database, rows


def test_upgrade_makes_the_database_and_check_finds_it_sound(nothing: Shell) -> None:
    newest = migrating.newest()
    for _ in range(2):
        assert nothing.done("db", "upgrade") == f"The database is at {newest}.\n"
    assert nothing.done("db", "check") == f"The database is at {newest} and sound.\n"
    assert stat.S_IMODE(nothing.file.stat().st_mode) == 0o600


def test_upgrade_check_and_the_rest_run_on_postgresql(postgres_url: str, nothing: Shell) -> None:
    there = Shell(nothing.folder, postgres_url)
    assert "comments-service db upgrade" in there.failed("site", "list")
    there.done("db", "upgrade")
    assert "sound" in there.done("db", "check")
    there.done("site", "add", "fells", "--origin", "https://fells.example")
    assert there.done("site", "list") == "fells\tfells\thttps://fells.example\n"
    assert there.done("log", "head") == f"fells 0:{'0' * 64}\n"
    there.done("purge")
    assert "synchronous_commit" in there.run("doctor").out


def test_check_names_what_is_not_as_it_should_be(nothing: Shell) -> None:
    nothing.done("db", "upgrade")
    with closing(sqlite3.connect(nothing.file)) as connection:
        connection.execute("DROP INDEX ix_comment_roots")
        connection.execute(
            "INSERT INTO thread_alias (site_id, slug, thread_id, created_at) VALUES (1, 'a', 1, '2026-01-01')"
        )
        connection.commit()
    sentence = nothing.failed("db", "check")
    assert "ix_comment_roots" in sentence
    assert "2 rows refer to rows that are gone" in sentence


def test_a_backup_is_a_whole_and_private_copy(nothing: Shell) -> None:
    nothing.done("db", "upgrade")
    copy = nothing.folder / "copy.db"
    with open_database(nothing.url) as database:
        database.write(fill)
        # While somebody else has the database open, and part of it is in the write-ahead log only.
        result = nothing.run("db", "backup", str(copy))
        with database.writer.connect() as connection:
            original = rows(connection)
    assert result.code == 0, result
    assert "Copied" in result.err, "it tells how far it is"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert {path.name for path in nothing.folder.iterdir()} == {"copy.db", "var"}
    with open_database(f"sqlite:///{copy}") as database, database.writer.connect() as connection:
        assert rows(connection) == original


def test_a_backup_never_overwrites(shell: Shell) -> None:
    there = shell.folder / "there.db"
    there.write_text("precious")
    assert "exists already" in shell.failed("db", "backup", str(there))
    assert there.read_text() == "precious"
    assert "Cannot write" in shell.failed("db", "backup", str(shell.folder / "no" / "such" / "folder.db"))


def test_a_backup_of_a_damaged_database_leaves_no_file(nothing: Shell) -> None:
    nothing.file.parent.mkdir()
    nothing.file.write_bytes(b"this is no database, however long it may be" * 100)
    nothing.failed("db", "backup", str(nothing.folder / "copy.db"))
    assert not (nothing.folder / "copy.db").exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_on_postgresql_the_exact_command_is_named_without_the_password(nothing: Shell, scheme: str) -> None:
    there = Shell(nothing.folder, f"{scheme}://ada:secret@db.example:5433/comments")
    sentence = there.failed("db", "backup", "my copy.dump")
    assert sentence.endswith(
        "pg_dump --format=custom --file='my copy.dump' postgresql://ada@db.example:5433/comments"
    )

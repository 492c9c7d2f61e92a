"""`log`: the head, and the proof against it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.running import Shell
from tests.databases import add_comment, add_decision, add_site, add_thread, open_database


@pytest.fixture
def log(nothing: Shell) -> Shell:
    """Two sites, the first with three decisions."""
    nothing.done("db", "upgrade")
    with open_database(nothing.url) as database:
        fells = database.write(lambda session: add_site(session, "fells"))
        database.write(lambda session: add_site(session, "tarns"))
        comment = database.write(lambda session: add_comment(session, add_thread(session, fells)))
        for _ in range(3):
            database.write(lambda session: add_decision(session, fells, comment))
    return nothing


def head_of(log: Shell) -> str:
    return log.done("log", "head", "--site", "fells").split()[1]


def change(log: Shell, statement: str) -> None:
    with closing(sqlite3.connect(log.file)) as connection:
        connection.execute(statement)
        connection.commit()


def test_heads_are_printed_and_hold(log: Shell) -> None:
    fells, tarns = log.done("log", "head").splitlines()
    assert fells.startswith("fells 3:")
    assert tarns == f"tarns 0:{'0' * 64}"
    result = log.run("log", "verify")
    assert result.code == 0
    assert result.out.splitlines() == [
        "fells: all 3 decisions are as they were written.",
        "tarns: all 0 decisions are as they were written.",
    ]
    assert "Verifying fells" in result.err
    log.done("log", "verify", "--site", "fells", "--head", fells.split()[1])


def test_an_altered_row_is_named(log: Shell) -> None:
    change(log, "UPDATE decision SET reason = 'spam' WHERE seq = 2")
    assert "row 2" in log.failed("log", "verify")


def test_only_a_kept_head_finds_a_log_that_was_cut_with_its_head(log: Shell) -> None:
    kept = head_of(log)
    change(log, "DELETE FROM decision WHERE seq = 3")
    change(log, "UPDATE log_head SET count = 2, hash = (SELECT hash FROM decision WHERE seq = 2)")
    log.done("log", "verify")
    assert "ends at row 2" in log.failed("log", "verify", "--site", "fells", "--head", kept)


def test_the_log_is_printed_for_programs_and_spreadsheets(log: Shell) -> None:
    rows = [json.loads(line) for line in log.done("log", "export", "--site", "fells").splitlines()]
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert rows[-1]["hash"] == head_of(log).split(":")[1]
    table = log.done("log", "export", "--site", "fells", "--format", "csv").splitlines()
    assert len(table) == 4
    assert table[0].startswith("id,seq,comment,")
    assert log.done("log", "export", "--site", "tarns") == ""
    assert "no site" in log.failed("log", "export", "--site", "nowhere")
    assert "--site" in log.misused("log", "export")


def test_a_head_belongs_to_one_site_and_looks_like_one(log: Shell) -> None:
    assert "--site" in log.misused("log", "verify", "--head", head_of(log))
    for bad in ("3", "3:abc", "x:" + "0" * 64, "-1:" + "0" * 64):
        assert "COUNT:HASH" in log.misused("log", "verify", "--site", "fells", "--head", bad)
    assert "no site" in log.failed("log", "verify", "--site", "nowhere")

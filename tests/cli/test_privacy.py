"""`privacy`: a person's data as JSON, and erased when somebody says so."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import update
from sqlalchemy.orm import Session

from comments_service.cli import cli
from comments_service.identity import Signer
from comments_service.models import Author
from tests.cli.running import SECRET, Shell
from tests.databases import add_author, add_comment, add_site, add_thread, open_database

KEY = "Zx8mW1kq0vN4yT7hR2cJ5A"


@pytest.fixture
def wren(shell: Shell) -> int:
    """An author with the key KEY and a published comment, on a site of their own."""
    signer = Signer(SECRET.encode())

    def work(session: Session) -> int:
        site = add_site(session, "fells")
        author = add_author(session, site)
        session.execute(update(Author).values(key_hash=signer.author(site, KEY)))
        add_comment(session, add_thread(session, site), author_id=author, body="A lark.", n=1, shown=True)
        return author

    with open_database(shell.url) as database:
        return database.write(work)


def test_a_person_is_shown_what_is_stored_and_then_it_is_gone(shell: Shell, wren: int) -> None:
    document = json.loads(shell.done("privacy", "report", "--author", str(wren)))
    assert document["comments"][0]["revisions"][0]["body"] == "A lark."
    assert json.loads(shell.done("privacy", "report", "--author", KEY)) == document
    comment = document["comments"][0]["comment"]
    assert json.loads(shell.done("privacy", "report", "--comment", str(comment)))["comments"]

    refused = shell.run("privacy", "erase", "--author", str(wren))
    assert refused.code == 1
    assert "Erase 1 comments, 0 votes and 0 notices of Wren?" in refused.err
    assert json.loads(shell.done("privacy", "report", "--author", KEY)) == document

    # The key comes from stdin, and stays out of the shell's history.
    ended = CliRunner(env=shell.settings()).invoke(
        cli, ["privacy", "erase", "--author", "-", "--yes"], input=f"{KEY}\n"
    )
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == "Erased 1 comments, 0 votes, 0 reports, 0 notices and 0 moderators' notes.\n"
    assert b"A lark." not in shell.file.read_bytes()
    assert "There is no such author" in shell.failed("privacy", "report", "--author", str(wren))


def test_somebody_has_to_be_named(shell: Shell) -> None:
    assert "--author, --comment or --notice" in shell.misused("privacy", "report")
    assert "There is no comment 4711" in shell.failed("privacy", "report", "--comment", "4711")
    assert "There is no such author" in shell.failed("privacy", "report", "--author", "Wren")
    for notice in ("wren@birds.example", "1-Xb0c9nZ", "1"):
        assert "There is no such notice" in shell.failed("privacy", "report", "--notice", notice)

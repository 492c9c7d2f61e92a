"""`moderator` and `token`: people, and secrets that are shown once and never kept."""

from __future__ import annotations

import re

import pytest

from comments_service import people
from comments_service.identity import Signer
from tests.cli.running import SECRET, Shell
from tests.databases import open_database

SIGNER = Signer(SECRET.encode())


@pytest.fixture(scope="module")
def shell(shell: Shell) -> Shell:
    shell.done("site", "add", "horizons", "--origin", "https://news.example")
    return shell


def is_kept(shell: Shell, secret: str) -> bool:
    """Whether the secret stands anywhere in the database's files as it is."""
    return any(secret.encode() in path.read_bytes() for path in shell.folder.rglob("comments.db*"))


def test_people_are_added_listed_and_removed(shell: Shell) -> None:
    assert "moderator on horizons" in shell.done("moderator", "add", "Ada L", "--site", "horizons")
    shell.done("moderator", "add", "Ada L", "--site", "horizons", "--role", "admin")
    shell.done("moderator", "add", "Ben", "--all-sites")
    listed = shell.done("moderator", "list")
    assert listed == "Ada L\tadmin on horizons\nBen\tmoderator on all sites\n"
    shell.done("moderator", "remove", "Ben")
    assert "Ben" not in shell.done("moderator", "list")
    assert "no moderator" in shell.failed("moderator", "remove", "Ben")
    assert "no site" in shell.failed("moderator", "add", "Ben", "--site", "nowhere")


def test_where_must_be_said_one_way(shell: Shell) -> None:
    assert "--all-sites" in shell.misused("moderator", "add", "Cy")
    assert "--all-sites" in shell.misused("moderator", "add", "Cy", "--all-sites", "--site", "horizons")
    assert "admin" in shell.misused("moderator", "add", "Cy", "--all-sites", "--role", "owner")


def test_a_link_leads_to_the_public_address_and_signs_in(shell: Shell) -> None:
    shell.done("moderator", "add", "Dot", "--all-sites")
    printed = shell.done("moderator", "link", "Dot", PUBLIC_URL="https://comments.example/")
    match = re.fullmatch(r"https://comments\.example/moderate/sign-in\?token=([\w-]{43})\n", printed)
    assert match
    assert not is_kept(shell, match[1])
    with open_database(shell.url) as database:
        person = database.write(lambda session: people.peek_link(session, SIGNER, match[1]))
    assert person is not None
    assert person.name == "Dot"
    assert "no moderator" in shell.failed("moderator", "link", "Nobody")


def test_a_token_is_printed_once_last_on_its_line(shell: Shell) -> None:
    shell.done("moderator", "add", "Eve", "--all-sites")
    printed = shell.done("token", "add", "Eve")
    secret = printed.split()[-1]
    assert printed.count("\n") == 1
    assert not is_kept(shell, secret)
    with open_database(shell.url) as database:
        owner = database.write(lambda session: people.person_of_token(session, SIGNER, secret))
    assert owner is not None
    assert owner.name == "Eve"

    listed = shell.done("token", "list")
    assert secret not in listed
    number, name, created, used, revoked = listed.splitlines()[-1].split("\t")
    assert (name, used, revoked) == ("Eve", "-", "-")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created)

    shell.done("token", "revoke", number)
    with open_database(shell.url) as database:
        assert database.write(lambda session: people.person_of_token(session, SIGNER, secret)) is None
    assert not shell.done("token", "list").splitlines()[-1].endswith("-")
    assert "no token" in shell.failed("token", "revoke", "999")
    assert "no moderator" in shell.failed("token", "add", "Nobody")

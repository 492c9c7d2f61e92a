"""`privacy`: what is stored about a person, and erasing it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.orm import Session

from .. import clock, purging
from .. import privacy as subjects
from ..db import Database
from ..reading import personal
from ..reading.personal import Subject
from .commands import opened, progress, signer, snapshot

STDIN = "-"
BUSY = "A reader was busy: erased words stay in the write-ahead log until the next purge."


def _whose(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say whose data is meant."""
    options = (
        click.option(
            "--author",
            "authors",
            multiple=True,
            help="An author's number, or their author key (-: read from stdin); may repeat.",
        ),
        click.option(
            "--comment",
            "comments",
            multiple=True,
            type=click.IntRange(1),
            help="A comment's number; may repeat.",
        ),
        click.option(
            "--notice",
            "notices",
            multiple=True,
            help="A notice's receipt, or the e-mail address in it (-: read from stdin); may repeat.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def privacy() -> None:
    """Show what is stored about a person, or erase it.

    \b
    Example:
      comments-service privacy report --author 17
    """


@privacy.command()
@_whose
def report(**whose: tuple[Any, ...]) -> None:
    """Print all that is stored about a person as JSON, for their request to see it.

    \b
    Example:
      comments-service privacy report --author 17 > author-17.json
    """
    with opened() as database, snapshot(database) as session:
        document = personal.report(session, _subject(database, session, **whose))
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@privacy.command()
@_whose
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(yes: bool, **whose: tuple[Any, ...]) -> None:
    """Erase a person's comments, votes, reports, notices and name for good, at once.

    \b
    Example:
      comments-service privacy erase --author 17
    """
    with opened() as database:
        with snapshot(database) as session:
            subject = _subject(database, session, **whose)
            about = personal.report(session, subject)
        if not yes:
            click.confirm(_question(about), abort=True, err=True)
        erased = subjects.erase(database, subject)
        purged = purging.purge(database, clock.now(), progress)
    click.echo(
        f"Erased {erased.comments} comments, {erased.votes} votes, {erased.reports} reports, "
        f"{erased.notices} notices and {erased.notes} moderators' notes."
    )
    if erased.banned:
        click.echo(f"{erased.banned} authors are banned: the hash of their key stays until the ban ends.")
    if not purged.emptied:
        click.echo(BUSY, err=True)


def _subject(
    database: Database,
    session: Session,
    *,
    authors: tuple[str, ...],
    comments: tuple[int, ...],
    notices: tuple[str, ...],
) -> Subject:
    if not authors and not comments and not notices:
        raise click.UsageError("Say whose: --author, --comment or --notice.")
    return subjects.find(
        session,
        signer(database),
        authors=map(_read, authors),
        comments=comments,
        notices=map(_read, notices),
    )


def _read(given: str) -> str:
    # A key or an address on the command line would stay in the shell's history.
    return sys.stdin.readline().strip() if given == STDIN else given


def _question(about: dict[str, Any]) -> str:
    parts = ("comments", "authors", "notices")
    names = {one["name"] for part in parts for one in about[part]}
    whose = ", ".join(sorted(name for name in names if name)) or "nobody by name"
    return (
        f"Erase {len(about['comments'])} comments, {len(about['votes'])} votes and "
        f"{len(about['notices'])} notices of {whose}?"
    )

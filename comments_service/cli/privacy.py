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
from ..privacy import Subject
from .commands import opened, progress, signer, snapshot

STDIN = "-"
BUSY = "A reader was busy: erased words stay in the write-ahead log until the next purge."


def _whose(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say whose data is meant."""
    comment = click.option(
        "--comment", "comments", multiple=True, type=click.IntRange(1), help="A comment's number; may repeat."
    )
    author = click.option(
        "--author",
        "authors",
        multiple=True,
        help="An author's number, or their author key (-: read from stdin); may repeat.",
    )
    return author(comment(command))


@click.group()
def privacy() -> None:
    """Show what is stored about a person, or erase it.

    \b
    Example:
      comments-service privacy report --author 17
    """


@privacy.command()
@_whose
def report(authors: tuple[str, ...], comments: tuple[int, ...]) -> None:
    """Print all that is stored about an author as JSON, for their request to see it.

    \b
    Example:
      comments-service privacy report --author 17 > author-17.json
    """
    with opened() as database, snapshot(database) as session:
        document = subjects.report(session, _subject(database, session, authors, comments))
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@privacy.command()
@_whose
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(authors: tuple[str, ...], comments: tuple[int, ...], yes: bool) -> None:
    """Erase an author's comments, votes, reports and name for good, at once.

    \b
    Example:
      comments-service privacy erase --author 17
    """
    with opened() as database:
        with snapshot(database) as session:
            subject = _subject(database, session, authors, comments)
            about = subjects.report(session, subject)
        if not yes:
            click.confirm(_question(about), abort=True, err=True)
        erased = subjects.erase(database, subject)
        purged = purging.purge(database, clock.now(), progress)
    click.echo(
        f"Erased {erased.comments} comments, {erased.votes} votes, {erased.reports} reports and "
        f"{erased.notes} moderators' notes."
    )
    if erased.banned:
        click.echo(f"{erased.banned} authors are banned: the hash of their key stays until the ban ends.")
    if not purged.emptied:
        click.echo(BUSY, err=True)


def _subject(
    database: Database, session: Session, authors: tuple[str, ...], comments: tuple[int, ...]
) -> Subject:
    if not authors and not comments:
        raise click.UsageError("Say whose: --author or --comment.")
    # A key on the command line would stay in the shell's history.
    named = [sys.stdin.readline().strip() if author == STDIN else author for author in authors]
    return subjects.find(session, signer(database), authors=named, comments=comments)


def _question(about: dict[str, Any]) -> str:
    names = {comment["name"] for comment in about["comments"]} | {one["name"] for one in about["authors"]}
    whose = ", ".join(sorted(name for name in names if name)) or "nobody by name"
    return f"Erase {len(about['comments'])} comments and {len(about['votes'])} votes of {whose}?"

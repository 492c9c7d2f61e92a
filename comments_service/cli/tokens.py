"""`token`: the API tokens of moderators."""

from __future__ import annotations

from datetime import datetime

import click

from .. import clock, people
from .commands import opened, signer, snapshot


@click.group()
def token() -> None:
    """Make, list and revoke API tokens.

    \b
    Example:
      comments-service token add "Ada L"
    """


@token.command()
@click.argument("name")
def add(name: str) -> None:
    """Print a new API token of that person, last on its line. It cannot be shown again.

    \b
    Example:
      comments-service token add "Ada L"
    """
    with opened() as database:
        secret = database.write(lambda session: people.add_token(session, signer(database), name))
    click.echo(f"Keep this token of {name}, it is shown only now: {secret}")


@token.command("list")
def list_() -> None:
    """List all tokens: number, person, made, last used, revoked. Never the tokens themselves.

    \b
    Example:
      comments-service token list
    """
    with opened() as database, snapshot(database) as session:
        for issued in people.tokens(session):
            times = (issued.created_at, issued.last_used_at, issued.revoked_at)
            click.echo("\t".join([str(issued.id), issued.person, *map(_time, times)]))


@token.command()
@click.argument("number", type=click.IntRange(min=1))
def revoke(number: int) -> None:
    """End the token with that NUMBER in the list.

    \b
    Example:
      comments-service token revoke 3
    """
    with opened() as database:
        database.write(lambda session: people.revoke_token(session, number))
    click.echo(f"Revoked token {number}.")


def _time(moment: datetime | None) -> str:
    return clock.rfc3339(moment) if moment else "-"

"""The command line: `comments-service ...`, one file per group of commands."""

from __future__ import annotations

import click

from . import database, decisions, keeping, moderators, serving, sites, tokens, transfer
from .commands import Commands


@click.group(cls=Commands)
@click.version_option(package_name="comments-service", prog_name="comments-service")
def cli() -> None:
    """Self-hosted article comments.

    Settings come from environment variables named COMMENTS_...; docs/settings.md lists them.

    \b
    Example:
      comments-service db upgrade
      comments-service site add horizons --origin https://news.example
      comments-service serve
    """


for command in (
    serving.serve,
    database.db,
    sites.site,
    moderators.moderator,
    tokens.token,
    decisions.log,
    transfer.export,
    transfer.import_,
    keeping.purge,
    keeping.doctor,
):
    cli.add_command(command)


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed (with a sentence on stderr), 2 misused."""
    cli.main(prog_name="comments-service")

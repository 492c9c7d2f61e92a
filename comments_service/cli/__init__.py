"""The command line: `comments-service ...`, one file per group of commands."""

from __future__ import annotations

import click

from .commands import Commands

# Where each command is: it is imported when it is called, and with it only what it needs.
PLACES = {
    "serve": "serving:serve",
    "db": "database:db",
    "site": "sites:site",
    "moderator": "moderators:moderator",
    "token": "tokens:token",
    "log": "decisions:log",
    "export": "exporting:export",
    "import": "importing:import_",
    "purge": "keeping:purge",
    "render": "keeping:render",
    "privacy": "privacy:privacy",
    "doctor": "keeping:doctor",
}


@click.group(cls=Commands, package=__name__, places=PLACES)
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


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed (with a sentence on stderr), 2 misused."""
    cli.main(prog_name="comments-service")

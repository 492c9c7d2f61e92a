"""`site`: the sites and their policies."""

from __future__ import annotations

import json
from typing import Any

import click

from .. import sites
from ..models.policy import KEYS, Policy
from .commands import opened, snapshot


@click.group()
def site() -> None:
    """Add sites, list them, change what they allow.

    \b
    Example:
      comments-service site add horizons --origin https://news.example
    """


@site.command()
@click.argument("key")
@click.option(
    "--origin", "origins", multiple=True, required=True, help="An origin that embeds the widget; may repeat."
)
@click.option("--name", help="What people call the site; its key by default.")
def add(key: str, origins: tuple[str, ...], name: str | None) -> None:
    """Add a site, known by its KEY: small letters, digits and hyphens.

    \b
    Example:
      comments-service site add horizons --origin https://news.example --name Horizons
    """
    with opened() as database:
        database.write(lambda session: sites.add(session, key=key, name=name or key, origins=origins))
    click.echo(f"Added the site {key}.")


@site.command("list")
@click.option("--policy", is_flag=True, help="Show every key of each policy too.")
def list_(policy: bool) -> None:
    """List all sites with their origins.

    \b
    Example:
      comments-service site list --policy
    """
    with opened() as database, snapshot(database) as session:
        for row in sites.listed(session):
            document = Policy.of(row).document()
            click.echo(f"{row.key}\t{row.name}\t{' '.join(document['origins'])}")
            if policy:
                _print(document, indent="  ")


@site.command("set")
@click.argument("key")
@click.argument("changes", metavar="NAME=VALUE...", nargs=-1, required=True)
def set_(key: str, changes: tuple[str, ...]) -> None:
    """Change keys of a site's policy. Lists are separated by commas; NAME= alone sets the default.

    \b
    Example:
      comments-service site set horizons mode=first links_max=1 words_held=casino,poker
    """
    wanted = dict(_change(text) for text in changes)
    with opened() as database:
        policy = database.write(lambda session: sites.set_policy(session, key, wanted))
    document = policy.document()
    _print({name: document[name] for name in wanted})


def _change(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or name not in KEYS:
        raise click.UsageError(f"{text!r} is not NAME=VALUE with a name of: {', '.join(KEYS)}")
    return name, value or None


def _print(document: dict[str, Any], indent: str = "") -> None:
    for name, value in document.items():
        shown = ",".join(value) if isinstance(value, list) else value
        click.echo(f"{indent}{name}={json.dumps(shown, ensure_ascii=False).strip(chr(34))}")

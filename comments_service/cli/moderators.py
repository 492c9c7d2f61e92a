"""`moderator`: people, their roles and sign-in links."""

from __future__ import annotations

import click

from .. import people, sites
from ..models.moderator import ROLES
from .commands import opened, signer, snapshot


@click.group()
def moderator() -> None:
    """Add people who moderate, list and remove them, let them sign in.

    \b
    Example:
      comments-service moderator add "Ada L" --site horizons
    """


@moderator.command()
@click.argument("name")
@click.option("--site", "keys", multiple=True, help="The key of a site; may repeat.")
@click.option("--all-sites", is_flag=True, help="On every site, later ones too.")
@click.option("--role", type=click.Choice(ROLES), default="moderator", show_default=True)
def add(name: str, keys: tuple[str, ...], all_sites: bool, role: str) -> None:
    """Give a person a role on some sites or all; again, to add sites or change the role.

    \b
    Example:
      comments-service moderator add "Ada L" --site horizons --role admin
    """
    if all_sites == bool(keys):
        raise click.UsageError("Say where: either --site KEY (may repeat) or --all-sites.")
    with opened() as database:
        wanted = None if all_sites else keys
        database.write(lambda session: people.add(session, name=name, sites=wanted, role=role))
    click.echo(f"{name} is {role} on {'all sites' if all_sites else ', '.join(keys)}.")


@moderator.command("list")
def list_() -> None:
    """List everybody with their roles.

    \b
    Example:
      comments-service moderator list
    """
    with opened() as database, snapshot(database) as session:
        keys: dict[int | None, str] = {row.id: row.key for row in sites.listed(session)}
        keys[None] = "all sites"
        for person in people.listed(session):
            roles = ", ".join(f"{role} on {keys[place]}" for place, role in person.roles.items())
            click.echo(f"{person.name}\t{roles}")


@moderator.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take roles, tokens, links and sessions from a person; the log keeps their name.

    \b
    Example:
      comments-service moderator remove "Ada L"
    """
    with opened() as database:
        database.write(lambda session: people.remove(session, name))
    click.echo(f"Removed {name}.")


@moderator.command()
@click.argument("name")
def link(name: str) -> None:
    """Print a sign-in link of that person: good once, for 15 minutes; older ones die.

    \b
    Example:
      comments-service moderator link "Ada L"
    """
    with opened() as database:
        secret = database.write(lambda session: people.make_link(session, signer(database), name))
        click.echo(people.link_address(database.settings.public_url, secret))

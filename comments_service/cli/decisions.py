"""`log`: the decision log, its head, its proof, and the whole of it as a file."""

from __future__ import annotations

import click
from sqlalchemy.orm import Session

from .. import log as chain
from .. import sites
from ..models import Site
from ..reading import log_files
from .commands import opened, progress, snapshot

HASH_BYTES = 32


class HeadType(click.ParamType[chain.Head]):
    """COUNT:HASH, as `log head` prints it."""

    name = "COUNT:HASH"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> chain.Head:
        """The head; fails as misuse when it is not one."""
        count, _, digest = value.partition(":")
        try:
            head = chain.Head(int(count), bytes.fromhex(digest))
        except ValueError:
            self.fail(f"{value!r} is not COUNT:HASH, as `log head` prints it", param, ctx)
        if head.count < 0 or len(head.hash) != HASH_BYTES:
            self.fail(f"{value!r} is not COUNT:HASH, as `log head` prints it", param, ctx)
        return head


@click.group()
def log() -> None:
    """Print the decision log, or its head, to be kept elsewhere; prove that the log was not altered.

    \b
    Example:
      comments-service log head
    """


@log.command()
@click.option("--site", "key", help="Only this site.")
def head(key: str | None) -> None:
    """Print each site's number of decisions and the hash of the last: KEY COUNT:HASH.

    \b
    Example:
      comments-service log head --site horizons
    """
    with opened() as database, snapshot(database) as session:
        for site in _wanted(session, key):
            end = chain.head(session, site.id)
            click.echo(f"{site.key} {end.count}:{end.hash.hex()}")


@log.command()
@click.option("--head", "kept", type=HeadType(), help="A head that was kept elsewhere; one site only.")
@click.option("--site", "key", help="Only this site.")
def verify(kept: chain.Head | None, key: str | None) -> None:
    """Walk the whole log; names the first broken row, and exits with 1 if there is one.

    \b
    Example:
      comments-service log verify --site horizons --head 120:9f86d081...
    """
    with opened() as database, snapshot(database) as session:
        wanted = _wanted(session, key)
        if kept is not None and len(wanted) != 1:
            raise click.UsageError("A head belongs to one site: name it with --site KEY.")
        broken = [_verify(session, site, kept) for site in wanted]
    if any(broken):
        raise click.ClickException(" ".join(filter(None, broken)))


@log.command("export")
@click.option("--site", "key", required=True, help="The site's key.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(log_files.FORMATS)),
    default="jsonl",
    show_default=True,
    help="JSON Lines, or CSV for a spreadsheet.",
)
def export(key: str, form: str) -> None:
    """Print a site's whole log, oldest first. It holds moderators' names and notes.

    \b
    Example:
      comments-service log export --site horizons --format csv > log.csv
    """
    with opened() as database, snapshot(database) as session:
        for line in log_files.FORMATS[form](session, sites.by_key(session, key).id):
            click.echo(line.encode(), nl=False)


def _wanted(session: Session, key: str | None) -> list[Site]:
    return sites.listed(session) if key is None else [sites.by_key(session, key)]


def _verify(session: Session, site: Site, kept: chain.Head | None) -> str | None:
    end = chain.head(session, site.id)
    progress(f"Verifying {site.key}, {end.count:,} decisions")
    broken = chain.verify(session, site.id, kept=kept)
    if broken is not None:
        return f"The log of {site.key} is broken: {broken.why}."
    click.echo(f"{site.key}: all {end.count:,} decisions are as they were written.")
    return None

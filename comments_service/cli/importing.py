"""`import`: a site from a file, into this database."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from sqlalchemy.orm import Session

from .. import sites
from ..db import Database
from ..errors import NotFound
from ..transfer.checking import Checked, check
from ..transfer.records import in_words
from .commands import opened, progress, snapshot

if TYPE_CHECKING:
    from ..transfer.importing import Added

STANDARD = Path("-")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path), default=STANDARD)
@click.option("--site", "key", help="The site to import into; the one the file names by default.")
@click.option("--dry-run", is_flag=True, help="Check the file, say what would be added, and change nothing.")
def import_(file: Path, key: str | None, dry_run: bool) -> None:
    """Add what FILE (or stdin) has and the site has not. A site that is not there is added.

    The whole file is checked first. Run it again after a break: it goes on where it stopped.

    \b
    Example:
      comments-service import horizons.jsonl --dry-run
      comments-service import horizons.jsonl
    """
    with opened() as database, _readable(file) as source:
        checked = check(source, longest=database.settings.max_body, tell=progress)
        try:
            wanted = key or checked.header["site"]["key"]
            act = _missing if dry_run else _store
            added = act(database, checked, wanted)
        finally:
            checked.close()
    for note in added.notes:
        click.echo(note, err=True)
    click.echo(f"{'Would add' if dry_run else 'Added'} {in_words(added.counts)} to {wanted}.")


# `importing` brings the parsers, which the list of commands does without.


def _missing(database: Database, checked: Checked, key: str) -> Added:
    from ..transfer import importing

    with snapshot(database) as session:
        return importing.missing(session, checked, key)


def _store(database: Database, checked: Checked, key: str) -> Added:
    from ..transfer import importing

    database.write(lambda session: _add_site(session, key, checked.header["site"]))
    return importing.store(database, checked, key, progress)


def _add_site(session: Session, key: str, there: Mapping[str, Any]) -> None:
    try:
        sites.by_key(session, key)
    except NotFound:
        policy = dict(there["policy"])
        origins = policy.pop("origins", [])
        sites.add(session, key=key, name=there["name"], origins=origins, policy=policy)


@contextmanager
def _readable(file: Path) -> Iterator[BinaryIO]:
    """The file to read; what comes through a pipe is put on disk first, because it is read more than once."""
    try:
        source = sys.stdin.buffer if file == STANDARD else file.open("rb")
    except OSError as error:
        raise click.ClickException(f"Cannot read {file}: {error.strerror}.") from error
    with source:
        if file != STANDARD and source.seekable():
            yield source
            return
        with tempfile.TemporaryFile() as copy:
            copyfileobj(source, copy)
            yield copy

"""`export`: a site as a file, out of this database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from .. import sites
from ..transfer import exporting
from ..transfer.records import in_words
from .commands import opened, progress, snapshot

STANDARD = Path("-")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path), default=STANDARD)
@click.option("--site", "key", required=True, help="The site's key.")
def export(key: str, file: Path) -> None:
    """Write a site with its threads, comments, votes, reports and decisions into FILE, or to stdout.

    The file holds personal data: it is made with mode 0600, and never overwrites.

    \b
    Example:
      comments-service export --site horizons horizons.jsonl
    """
    with opened() as database, snapshot(database) as session:
        site = sites.by_key(session, key)
        with _new(file) as target:
            counts = exporting.export(session, site, target, progress)
        left_out = exporting.bans_of_addresses(session, site)
    click.echo(f"Exported {in_words(counts)}.", err=file == STANDARD)
    if left_out:
        click.echo(f"{left_out} bans of addresses are left out: they mean nothing elsewhere.", err=True)


@contextmanager
def _new(file: Path) -> Iterator[BinaryIO]:
    """The file to write; gone again if writing fails: half an export must not pass for one."""
    if file == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise click.ClickException(f"{file} exists already; an export never overwrites.") from error
    except OSError as error:
        raise click.ClickException(f"Cannot write {file}: {error.strerror}.") from error
    try:
        with open(descriptor, "wb") as target:
            yield target
    except OSError as error:
        file.unlink()
        raise click.ClickException(f"Cannot write {file}: {error.strerror}.") from error
    except BaseException:
        file.unlink()
        raise

"""`purge`, `render` and `doctor`: what keeps a service healthy."""

from __future__ import annotations

import os
import sys

import click

from .. import clock, purging
from .commands import opened, progress


@click.command()
def purge() -> None:
    """Erase what was withdrawn and what has outlived its time. `serve` does this every hour.

    \b
    Example:
      comments-service purge
    """
    with opened() as database:
        done = purging.purge(database, clock.now(), progress)
    click.echo(
        f"Erased {done.comments} withdrawn comments, {done.buckets} address hashes, "
        f"{done.day_keys} day keys, {done.idempotency_keys} idempotency keys, "
        f"{done.notices} notices, {done.links} links, {done.sessions} sessions."
    )
    if not done.emptied:
        click.echo("A reader was busy: the write-ahead log will be emptied by the next purge.", err=True)


@click.command()
def render() -> None:
    """Render stored comments again, from their source, where another version's rules made their HTML.

    It may run beside the service, and be broken off: it goes on where it stopped.

    \b
    Example:
      comments-service render
    """
    from .. import rendering  # brings the parsers, which `purge` and the list of commands do without

    with opened() as database:
        waiting = rendering.waiting(database)
        with click.progressbar(length=waiting, label="Rendering", file=sys.stderr) as bar:
            done = rendering.render_again(database, bar.update)
    click.echo(f"Rendered {done.rendered} texts again; {done.changed} look different now.")


@click.command()
def doctor() -> None:
    """Look at settings, databases and disk; say what is wrong, slow or unsafe; exit with 1 if anything fails.

    \b
    Example:
      comments-service doctor
    """
    from ..doctor import FAIL, examine  # brings Flask, likewise

    findings = examine(os.environ)
    for finding in findings:
        click.echo(f"{finding.level:4}  {finding.sentence}")
    failed = sum(finding.level == FAIL for finding in findings)
    if failed:
        raise click.ClickException(f"{failed} of {len(findings)} looks failed; see above.")

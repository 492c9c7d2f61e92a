"""`serve`: the service itself, and the purge that runs beside it."""

from __future__ import annotations

import click

from .. import clock, purging, server
from .commands import require_migrated, unchecked


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="The port.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that serve."
)
@click.option(
    "--threads",
    default=32,
    show_default=True,
    type=click.IntRange(server.THREADS_FOR_READS + 1, 1_000),
    help="Threads of each of them.",
)
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve readers and moderators until SIGTERM; purges a minute later and then every hour.

    \b
    Example:
      comments-service serve --host 0.0.0.0 --port 8000
    """
    with unchecked() as database:
        require_migrated(database)
        counts = bool(database.settings.metrics_token)
    server.serve(host=host, port=port, workers=workers, threads=threads, hourly=purge_hourly, counts=counts)


def purge_hourly() -> None:
    """What the keeper process does: `purge`, without a word."""
    with unchecked() as database:
        purging.purge(database, clock.now())

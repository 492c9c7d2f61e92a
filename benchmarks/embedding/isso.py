"""Isso, the peer: installed into an environment of its own, with the same comments as ours."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import venv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.reading.servers import Server, fetch
from tests.servers.ports import free_port

VERSION = "0.14.0"
# Moderation and its guard would only slow Isso down; markdown as it comes.
CONFIGURATION = """\
[general]
dbpath = {database}
host = {origin}
[server]
listen = http://127.0.0.1:{port}
[guard]
enabled = false
"""
COLUMNS = "tid, id, parent, created, mode, remote_addr, text, author, likes, dislikes, voters"


class Isso(Server):
    """A running Isso whose pages live at `origin`; it is filled by `fill` before it starts."""

    def __init__(self, program: Path, database: Path, origin: str) -> None:
        port = free_port()
        configuration = database.with_suffix(".cfg")
        configuration.write_text(CONFIGURATION.format(database=database, origin=origin, port=port))
        super().__init__(
            [str(program), "-c", str(configuration), "run"], port, {}, database.with_suffix(".log")
        )

    def probe(self) -> str:
        """Its own script."""
        return "/js/embed.min.js"

    def count(self, uri: str) -> int:
        """How many comments it has for a page, replies included."""
        answer = fetch(f"{self.url}/?uri={uri}&limit=0&nested_limit=0")
        return answer[2].count(b'"id"')


def program(folder: Path) -> Path:
    """Isso's command, installed into `folder` when it is not there. Raises CalledProcessError."""
    place = folder / f"isso-{VERSION}"
    command = place / "bin" / "isso"
    if not command.exists():
        print(f"installing Isso {VERSION} into {place.relative_to(folder.parent)}", file=sys.stderr)
        venv.create(place, with_pip=True, clear=True)
        words = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", f"isso=={VERSION}"]
        subprocess.run(words, check=True)
    return command


def fill(program: Path, database: Path, pages: dict[str, Sequence[Any]]) -> None:
    """Make Isso's file with these comments, by the path of their page; rows as `ours.comments` has them."""
    code = (
        "import sys; from isso import config, db;"
        " db.SQLite3(sys.argv[1], config.load(config.default_file(), sys.argv[2]))"
    )
    empty = database.with_suffix(".cfg")
    empty.write_text(CONFIGURATION.format(database=database, origin="http://127.0.0.1", port=1))
    python = program.with_name("python")
    subprocess.run([str(python), "-c", code, str(database), str(empty)], check=True, capture_output=True)
    with sqlite3.connect(database) as connection:
        for number, (uri, rows) in enumerate(pages.items(), 1):
            connection.execute("INSERT INTO threads (id, uri, title) VALUES (?, ?, ?)", (number, uri, uri))
            connection.executemany(
                f"INSERT INTO comments ({COLUMNS}) VALUES (?, ?, ?, ?, 1, '127.0.0.0', ?, ?, ?, ?, x'00')",
                [(number, *_as_theirs(row)) for row in rows],
            )
    connection.close()


def _as_theirs(row: Any) -> tuple[Any, ...]:
    # Isso draws one level of answers: each belongs to the root.
    created = datetime.fromisoformat(row["created_at"]).timestamp()
    return row["id"], row["root_id"], created, row["body"], row["name"], row["ups"], row["downs"]

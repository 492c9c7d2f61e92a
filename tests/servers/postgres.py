"""A private PostgreSQL: made by initdb in a folder of its own, with a fresh database for every test."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.server.running import wait_for
from tests.servers.ports import free_port
from tests.servers.private import Server, as_user, private_folder

OWNER = "comments"
# A test's data need not survive a power cut; a test about just that passes settings of its own.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SMALL = {"shared_buffers": "32MB", "max_connections": "100", "timezone": "UTC", "log_min_messages": "warning"}


class Postgres:
    """A running PostgreSQL, on a free port of 127.0.0.1 and on a socket in its folder."""

    def __init__(self, program: Path, settings: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.folder = private_folder("pg")
        self.numbers = itertools.count(1)
        self.templates: dict[str, str] = {}
        data = self.folder / "data"
        initdb(program.resolve().parent / "initdb", data)
        listening = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder)}
        chosen = {**SMALL, **FORGETFUL, **listening, **(settings or {})}
        words = [f"--{name}={value}" for name, value in chosen.items()]
        self.words = [program, "-D", data, "-p", str(self.port), *words]
        self.start()

    def start(self) -> None:
        """Starts it; returns when it answers."""
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
        self.server = Server(self.words, self.folder, end=signal.SIGINT)
        self.server.wait_until(self.is_ready)

    def crash(self) -> None:
        """What `pg_ctl stop -m immediate` does: every process ends at once and nothing is tidied up."""
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait(10)

    def hang(self) -> None:
        """Stops all its processes where they stand, until `resume`: it says nothing, and sends no error."""
        first = self.server.process.pid
        os.kill(first, signal.SIGSTOP)
        wait_for(lambda: is_stopped(first))
        # It alone starts others: these are all, and only they can end.
        for pid in children(first):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets what `hang` stopped go on."""
        for pid in (*children(self.server.process.pid), self.server.process.pid):
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, signal.SIGCONT)

    def is_ready(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def run(self, statement: str) -> None:
        """Runs one statement outside any transaction, as the superuser."""
        where = f"host=127.0.0.1 port={self.port} user={OWNER} dbname=postgres connect_timeout=5"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template1") -> str:
        """Makes a database, empty or a copy of a template's, and answers its URL."""
        name = f"test_{next(self.numbers)}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """Makes a template once: `fill` gets the URL of an empty database. Answers what `database` takes."""
        if name not in self.templates:
            url = self.database()
            fill(url)
            self.templates[name] = url.rpartition("/")[2]
        return self.templates[name]

    def drop(self, url: str) -> None:
        """Removes a database, whoever is still connected to it."""
        name = url.rpartition("/")[2]
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        self.server.stop()


def is_stopped(pid: int) -> bool:
    """Whether the process stands still, after SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def initdb(program: Path, data: Path) -> None:
    """Makes the data folder: UTF-8, the C locale everywhere alike, no password (only 127.0.0.1 can come)."""
    words = [program, "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(as_user(words), cwd=data.parent, check=True, capture_output=True, stdin=subprocess.DEVNULL)

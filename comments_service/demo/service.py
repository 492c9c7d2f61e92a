"""The real service as the demo runs it: its settings, its database, its process."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Flask

from .. import create_app, db, upkeep
from ..config import PREFIX, Settings
from ..db import Database
from ..server import die_with
from .folder import Folder

HOST = "127.0.0.1"
READY_SECONDS = 60.0
READY_ASKED_EVERY = 0.05
STOP_SECONDS = 15.0

# While one program posts what many readers say in a week.
UNCOUNTED: dict[str, Any] = dict.fromkeys(
    ("limit_post", "limit_vote", "limit_report", "limit_threads"), "off"
)


class ServiceFailed(Exception):
    """The service did not start, or ended; the message says where to look."""


class Service:
    """The service on `port` with its data in `folder`."""

    def __init__(self, folder: Folder, port: int) -> None:
        self._folder = folder
        self._port = port
        self.url = f"http://{HOST}:{port}"
        self.settings = Settings.read(self._environment())

    def opened(self) -> AbstractContextManager[Database]:
        """Its database, for what a person would do by commands: each would take half a second to start."""
        return upkeep.opened(self.settings)

    @contextmanager
    def uncounted(self) -> Iterator[Flask]:
        """Its application in this process, which lets readers post, vote and report as much as they like."""
        app = create_app(replace(self.settings, **UNCOUNTED))
        try:
            yield app
        finally:
            with app.app_context():
                db.extension().engine.dispose()
            app.extensions["comments_database"].writer.dispose()

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """The service as a child process, ready in a moment; stopped when the block is left."""
        command = [sys.executable, "-m", "comments_service.cli", "serve", "--host", HOST]
        with self._folder.open_log() as log:
            child = subprocess.Popen(  # noqa: S603 (our own program, no shell)
                [*command, "--port", str(self._port)],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C is ours: we stop it when we are done
                preexec_fn=partial(die_with, os.getpid()),  # safe: no other thread runs yet
            )
        try:
            yield child
        finally:
            stop(child)

    def wait_until_ready(self, child: subprocess.Popen[bytes]) -> None:
        """Return once it answers; raises ServiceFailed when it does not come to that."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                raise ServiceFailed(f"The service did not start; see {self._folder.log_file}.")
            time.sleep(READY_ASKED_EVERY)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=READY_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _environment(self) -> dict[str, str]:
        """Ours, but for settings of another service that the person at the keyboard may have exported."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        own = {
            "DATABASE_URL": self._folder.database_url,
            "SECRET_KEY_FILE": str(self._folder.key_file),
            "PUBLIC_URL": self.url,
        }
        return inherited | {PREFIX + name: value for name, value in own.items()}


def stop(child: subprocess.Popen[bytes]) -> None:
    """End the child: politely, so that it finishes what it is at, and by force if it does not."""
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()

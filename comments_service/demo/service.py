"""The real service as the demo runs it: its settings, its commands, its process."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ..config import PREFIX
from ..server import die_with
from .folder import Folder

HOST = "127.0.0.1"
COMMAND = (sys.executable, "-m", "comments_service.cli")
READY_SECONDS = 60.0
READY_ASKED_EVERY = 0.05
STOP_SECONDS = 15.0

# One address posts for all of the newspaper's readers, and says for whom, as a proxy would.
WHILE_SEEDING = {
    "LIMIT_POST": "off",
    "LIMIT_VOTE": "off",
    "LIMIT_REPORT": "off",
    "LIMIT_THREADS": "off",
    "TRUSTED_PROXIES": f"{HOST}/32",
}


class ServiceFailed(Exception):
    """A command failed, or the service did not start; the message is what it said."""


class Service:
    """The service on `port` with its data in `folder`."""

    def __init__(self, folder: Folder, port: int) -> None:
        self._folder = folder
        self._port = port
        self.url = f"http://{HOST}:{port}"

    def command(self, *arguments: str) -> str:
        """Run `comments-service` and return what it printed; raises ServiceFailed with its complaint."""
        done = subprocess.run(  # noqa: S603 (our own program, no shell)
            [*COMMAND, *arguments], env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            shown = " ".join(arguments[:2])
            raise ServiceFailed(f"comments-service {shown} failed:\n{done.stderr.strip()}")
        return done.stdout

    @contextmanager
    def running(self, *, seeding: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """The service as a child process, ready to answer; stopped when the block is left.

        While `seeding`, it counts no limits and believes us about addresses. Raises ServiceFailed.
        """
        settings = WHILE_SEEDING if seeding else {}
        arguments = [*COMMAND, "serve", "--host", HOST, "--port", str(self._port)]
        with self._folder.open_log() as log:
            child = subprocess.Popen(  # noqa: S603 (our own program, no shell)
                arguments,
                env=self._environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C is ours: we stop it when we are done
                preexec_fn=partial(die_with, os.getpid()),  # safe: no other thread runs yet
            )
        try:
            self._wait_until_ready(child)
            yield child
        finally:
            stop(child)

    def _wait_until_ready(self, child: subprocess.Popen[bytes]) -> None:
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

    def _environment(self, **settings: str) -> dict[str, str]:
        """Ours, but for settings of another service that the person at the keyboard may have exported."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        own = {
            "DATABASE_URL": self._folder.database_url,
            "SECRET_KEY_FILE": str(self._folder.key_file),
            "PUBLIC_URL": self.url,
            **settings,
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

"""A server process of our own: a private folder, an unprivileged user, an end that comes whatever happens."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.servers.ports import PAUSE

PREFIX = "comments-test-"


class DidNotStart(Exception):
    """The server ended or stayed silent; the text is the end of what it wrote."""


def user() -> str | None:
    """Whom to run as: PostgreSQL refuses root, and no test server needs it. None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


def private_folder(name: str) -> Path:
    """A new folder of the server's user, with a short path: a unix socket's may have 107 bytes.

    Its name carries our process id, so that a later run can clear away what a killed one left behind.
    """
    clear_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{name}-", dir="/tmp"))
    if (owner := user()) is not None:
        shutil.chown(folder, owner)
    return folder


def clear_leftovers() -> None:
    for folder in Path("/tmp").glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def as_user(words: Sequence[object], last_signal: str = "KILL") -> list[str]:
    """The command line, run as `user()` and signalled by the kernel if the test process dies suddenly."""
    setpriv = shutil.which("setpriv", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if setpriv is None:
        return [str(word) for word in words]
    owner = user()
    identity = [] if owner is None else [f"--reuid={owner}", f"--regid={group_of(owner)}", "--clear-groups"]
    return [setpriv, *identity, f"--pdeathsig={last_signal}", *(str(word) for word in words)]


def group_of(owner: str) -> int:
    return pwd.getpwnam(owner).pw_gid


class Server:
    """One running process with its log; `stop` ends it and removes its folder."""

    def __init__(
        self, words: Sequence[object], folder: Path, *, end: signal.Signals = signal.SIGTERM
    ) -> None:
        self.folder = folder
        self.end = end
        self.log = folder / "output.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                as_user(words, end.name.removeprefix("SIG")),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C reaches pytest alone, which then stops us in order
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float = 20) -> None:
        """Returns when it is ready; DidNotStart, with its last words, when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                last_words = self.log.read_text("utf-8", "replace")[-2000:]
                self.stop()
                raise DidNotStart(last_words)
            time.sleep(PAUSE)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self, seconds: float = 10) -> None:
        """Ends it, by force if it will not listen. Stopping twice is fine."""
        if self.running:
            self.process.send_signal(self.end)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

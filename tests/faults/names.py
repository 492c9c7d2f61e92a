"""Names that one service looks up, for as long as somebody answers."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.faults.mounting import mounting_shell

INSIDE = 'mount --bind "$1" /etc && shift && exec "$@"'
NAME = "server.example"


class Names:
    """NAME is 127.0.0.1 from `answer` to `hang`; before and after, to look it up has no end.

    The service sees a copy of /etc, where the list of hosts is a file or a pipe into which nobody writes.
    `within` are the words to start the service's command with.
    """

    def __init__(self, folder: Path) -> None:
        self._settings = folder / "etc"
        # What this user may not read, the service does not need.
        subprocess.run(["cp", "-R", "/etc", self._settings], check=False, stderr=subprocess.DEVNULL)
        (self._settings / "nsswitch.conf").write_text("hosts: files\n")
        self.within = [*mounting_shell(folder), INSIDE, "sh", str(self._settings)]
        self.hang()

    def answer(self) -> None:
        """From now on somebody answers."""
        hosts, new = self._settings / "hosts", self._settings / "new"
        new.write_text(f"127.0.0.1 localhost {NAME}\n")
        hung = hosts.rename(self._settings / "hung")
        new.replace(hosts)
        # Whoever waits is told something, as by a name server that is back. There may be nobody.
        with suppress(OSError):
            os.close(os.open(hung, os.O_WRONLY | os.O_NONBLOCK))

    def hang(self) -> None:
        """From now on nobody does, and nobody says so."""
        new = self._settings / "new"
        os.mkfifo(new)
        new.replace(self._settings / "hosts")

"""A disk of a few megabytes for one service: a file system in memory that only its processes see."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.app import Live
from tests.faults.mounting import mounting_shell

MOUNT = 'mount -t tmpfs -o size="$1" small "$2"'
INSIDE = f'{MOUNT} && cp -p "$3" "$2/comments.db" && log="$2/log" && shift 3 && exec "$@" 2>>"$log"'
CHUNK = 64 * 1024


class SmallDisk:
    """A disk of so many bytes at `folder`, which begins with a copy of `database` as comments.db.

    What the service says goes to the disk too, to `log`. `within` are the words to start the service's
    command with; `seen` is the folder as this process sees it.
    """

    def __init__(self, folder: Path, size: int, database: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.url = f"sqlite:///{folder / 'comments.db'}"
        self.within = [*mounting_shell(folder), INSIDE, "sh", str(size), str(folder), str(database)]
        self.seen = Path()

    def belongs_to(self, live: Live) -> None:
        """The service has started: from now on `seen` leads to the disk."""
        assert live.process is not None
        self.seen = Path(f"/proc/{live.process.pid}/root", *self.folder.parts[1:])

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        left = os.statvfs(self.seen)
        return left.f_bavail * left.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Something else takes the room, but for so many bytes."""
        with (self.seen / "ballast").open("ab") as ballast:
            while (room := self.free - leave) > 0:
                ballast.write(bytes(min(CHUNK, room)))
                ballast.flush()

    def clear(self) -> None:
        """The room is given back."""
        (self.seen / "ballast").unlink()

    def rescue(self, folder: Path) -> str:
        """A copy of the database in another folder, as its URL; nobody may write meanwhile."""
        folder.mkdir()
        for file in self.seen.glob("comments.db*"):
            if file.name in ("comments.db", "comments.db-wal"):
                shutil.copy(file, folder / file.name)
        return f"sqlite:///{folder / 'comments.db'}"

"""The demo's folder: its secret key, its database, its log, and how far its first run has come."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from .. import clock

KEY_BYTES = 48


@dataclass(frozen=True)
class Folder:
    """A private folder; everything of the demo is in it, so deleting it starts the demo anew."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Folder:
        """The folder at `path`, made if need be, readable by nobody else. Raises OSError."""
        path = path.resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)  # it may have been made by hand, or under another umask
        folder = cls(path)
        folder._make_key()
        return folder

    @property
    def key_file(self) -> Path:
        return self.path / "secret-key"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.path / 'comments.db'}"

    @property
    def log_file(self) -> Path:
        return self.path / "service.log"

    def open_log(self) -> BinaryIO:
        """The service's log, to append to."""
        return os.fdopen(os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    @property
    def edition(self) -> datetime:
        """When the newspaper came out: the first run, so that articles stay older than their comments."""
        state = self._state()
        if "edition" not in state:
            state = self._remember(edition=clock.now().isoformat())
        return datetime.fromisoformat(str(state["edition"]))

    @property
    def prepared_for(self) -> int | None:
        """The port for which site and moderator were last set up."""
        port = self._state().get("prepared_for")
        return port if isinstance(port, int) else None

    def remember_prepared(self, port: int) -> None:
        """Note that later runs on this port find site and moderator as they should be."""
        self._remember(prepared_for=port)

    @property
    def is_seeded(self) -> bool:
        """Whether the whole conversation was posted; after an interruption it was not."""
        return bool(self._state().get("seeded", False))

    def remember_seeded(self) -> None:
        """Note that later runs have nothing left to post."""
        self._remember(seeded=True)

    def _make_key(self) -> None:
        if not self.key_file.exists():
            write_private(self.key_file, secrets.token_urlsafe(KEY_BYTES))

    def _state(self) -> dict[str, object]:
        try:
            state: dict[str, object] = json.loads(self._state_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return state

    def _remember(self, **changes: object) -> dict[str, object]:
        state = {**self._state(), **changes}
        write_private(self._state_file, json.dumps(state))
        return state

    @property
    def _state_file(self) -> Path:
        return self.path / "demo.json"


def write_private(path: Path, text: str) -> None:
    """Put `text` at `path` whole or not at all, readable by nobody else."""
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(
        os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)

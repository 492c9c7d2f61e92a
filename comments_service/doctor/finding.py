"""What a look finds: how something is, and what to do about it."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["ok", "warn", "fail"]
OK: Level = "ok"
WARN: Level = "warn"
FAIL: Level = "fail"

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, and what to do about it."""

    level: Level
    sentence: str


def mode_for_others(path: Path) -> str | None:
    """The file's mode as `0644` when others than its owner may use it, else None; raises OSError."""
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{mode:04o}" if mode & OTHERS else None


def timed(what: str, seconds: float, slow: float, why: str) -> Finding:
    """How long `what` took; a warning that says why when it was more than `slow` seconds."""
    sentence = f"{what} took {seconds * 1000:.1f} ms."
    return Finding(WARN, f"{sentence} {why}") if seconds > slow else Finding(OK, sentence)

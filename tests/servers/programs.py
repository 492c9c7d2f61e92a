"""Programs that tests need: finding them, and saying what to install when they are missing."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import pytest

REQUIRE = "COMMENTS_TEST_REQUIRE"
WIDGET = Path(__file__).parents[2] / "widget"
# Debian keeps servers outside an ordinary user's PATH, and PostgreSQL's outside everybody's.
ELSEWHERE = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")


@dataclass(frozen=True)
class Program:
    """A kind of server: how to name it, which files to look for and which line installs it."""

    name: str
    files: tuple[str, ...]
    install: str
    folders: tuple[str, ...] = ELSEWHERE
    mode: int = os.F_OK | os.X_OK  # what can be done with the file

    @property
    def missing(self) -> str:
        return f"{self.name} is not on this machine: {self.install}"


NEEDED = {
    "postgres": Program(
        "PostgreSQL", ("postgres",), "apt-get install postgresql", (*ELSEWHERE, "/usr/lib/postgresql/*/bin")
    ),
    "redis": Program("Redis", ("redis-server", "valkey-server"), "apt-get install redis-server"),
    "nginx": Program("nginx", ("nginx",), "apt-get install nginx-light"),
    "chromium": Program(
        "Chromium",
        ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        "apt-get install chromium",
    ),
    "axe": Program(
        "axe-core", ("axe.min.js",), "cd widget && npm ci", (str(WIDGET / "node_modules/axe-core"),), os.R_OK
    ),
    "typescript": Program(
        "TypeScript", ("tsc",), "cd widget && npm ci", (str(WIDGET / "node_modules/.bin"),)
    ),
    "mounts": Program(
        "A disk of our own (unshare -rm)", ("unshare",), "apt-get install util-linux, and let us mount"
    ),
}


def required() -> set[str]:
    """The servers that COMMENTS_TEST_REQUIRE says must be here; ValueError for a name that is not ours."""
    named = {word.strip() for word in os.environ.get(REQUIRE, "").split(",") if word.strip()}
    unknown = named - NEEDED.keys() - {"all"}
    if unknown:
        raise ValueError(f"{REQUIRE} names {', '.join(sorted(unknown))}; it knows all, {', '.join(NEEDED)}")
    return set(NEEDED) if "all" in named else named


def find(key: str) -> Path | None:
    """The program's file, the newest version first, or None."""
    program = NEEDED[key]
    folders = [
        folder for pattern in program.folders for folder in sorted(glob(pattern), key=version, reverse=True)
    ]
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *folders])
    found = next(filter(None, (shutil.which(file, program.mode, path) for file in program.files)), None)
    return None if found is None else Path(found)


def need(key: str) -> Path:
    """The program's file; without it the test is skipped, or fails where the run requires it."""
    found = find(key)
    if found is None and key in required():
        pytest.fail(f"{REQUIRE}: {NEEDED[key].missing}", pytrace=False)
    if found is None:
        pytest.skip(NEEDED[key].missing)
    return found


def version(folder: str) -> tuple[int, ...]:
    """The numbers in a folder's name, so that 16 is newer than 9."""
    return tuple(int(part) for part in folder.split("/") if part.isdigit())

"""The disk under an SQLite database: what file system it is, how much is free, how long a sync takes."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from .finding import FAIL, OK, WARN, Finding, timed

MOUNTS = Path("/proc/self/mountinfo")
# Locks do not hold over these, and SQLite's write-ahead log cannot be shared: databases get damaged.
NETWORK = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
        "fuse.glusterfs",
    )
)
# Their locks depend on whoever stands behind them.
BORROWED = frozenset(("9p", "virtiofs", "vboxsf", "prl_fs", "fuse.grpcfuse", "fuse.osxfs", "fuse.rclone"))
PASSING = {"tmpfs": "the machine's memory", "overlay": "a container's own layer"}

MEGABYTE = 2**20
FULL_BYTES = 100 * MEGABYTE
LOW_BYTES = 1024 * MEGABYTE
SYNCS = 5
SLOW_SECONDS = 0.1


def looks(database: Path) -> Iterator[Finding]:
    """What lies under the database's file; nothing while its folder is not there yet."""
    folder = database.parent
    if not folder.is_dir():
        return
    yield from file_system(folder, mounts())
    yield free_space(folder, shutil.disk_usage(folder).free)
    yield _sync(folder)


def mounts() -> str:
    """What is mounted where, as Linux tells it; empty elsewhere."""
    return MOUNTS.read_text(encoding="utf-8", errors="replace") if MOUNTS.exists() else ""


def file_system(folder: Path, mounts: str) -> Iterator[Finding]:
    """Whether SQLite is safe in this folder, by the lines of `/proc/self/mountinfo`."""
    kind = _kind(folder.resolve(), mounts)
    if kind in NETWORK:
        yield Finding(
            FAIL,
            f"{folder} lies on a network file system ({kind}), where SQLite gets damaged. Move the database "
            "to a local disk, or use PostgreSQL.",
        )
    elif kind in BORROWED:
        yield Finding(
            WARN,
            f"{folder} is lent by another system ({kind}), and SQLite relies on its locks. A disk or volume "
            "of this machine's own is safer.",
        )
    elif kind in PASSING:
        yield Finding(
            WARN,
            f"{folder} lies in {PASSING[kind]} ({kind}): the comments end with it. Put the database "
            "on a disk or a volume.",
        )
    elif kind:
        yield Finding(OK, f"{folder} lies on {kind}.")


def free_space(folder: Path, free: int) -> Finding:
    """How many bytes are left to grow in."""
    sentence = f"{folder} has {free // MEGABYTE:,} MB free."
    if free < FULL_BYTES:
        return Finding(FAIL, f"{sentence} Nobody can post once it is full: make room.")
    if free < LOW_BYTES:
        return Finding(WARN, f"{sentence} Make room before it is full: then nobody can post.")
    return Finding(OK, sentence)


def _kind(folder: Path, mounts: str) -> str:
    """The type of the file system that was mounted last on the longest path above the folder."""
    found = ("", "")
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        place = fields[4].replace("\\040", " ")
        if folder.is_relative_to(place) and len(place) >= len(found[0]):
            found = (place, right.split()[0])
    return found[1]


def _sync(folder: Path) -> Finding:
    seconds = []
    try:
        # It has no name, so nothing of it is left, whatever happens.
        with tempfile.TemporaryFile(dir=folder) as file:
            for _ in range(SYNCS):
                file.write(b"\0" * 4096)
                file.flush()
                started = time.perf_counter()
                os.fsync(file.fileno())
                seconds.append(time.perf_counter() - started)
    except OSError as error:
        return Finding(FAIL, f"Cannot write in {folder}: {error.strerror}. Give it to the service's user.")
    why = "Everybody who posts waits for at least one: a quicker disk would help."
    return timed("Writing 4 kB through to the disk", median(seconds), SLOW_SECONDS, why)

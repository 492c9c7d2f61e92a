"""What a power cut may leave of a database: a model of a disk that keeps only what it was told to sync.

Everything that was synced survives. Of what was written, cut off, made or deleted since, any part may have
reached the disk, whatever its order, and any sectors of a write. What was never written reads as zeros.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from tests.faults.recorder import Deleted, DirectorySynced, Event, Made, Synced, Truncated, Written

T = TypeVar("T")
Change = Written | Truncated

SECTOR = 512


@dataclass
class File:
    """What of a file is on the disk for sure, and what is on its way there."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        """All that was pending is on the disk."""
        for change in self.pending:
            _apply(self.synced, change)
        self.pending = []


class Disk:
    """One directory with its files, as the events of a recording make it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        """A disk that holds these files for sure."""
        self.named = {name: File(bytearray(content)) for name, content in files.items()}
        self._synced_names = dict(self.named)
        # A name with the file that it got, or with None when it was deleted.
        self._pending_names: list[tuple[str, File | None]] = []

    def happen(self, event: Event) -> None:
        """Do what the recorded program did."""
        match event:
            case Made(name):
                self._name(name, File())
            case Deleted(name):
                self._name(name, None)
            case Written(name) | Truncated(name):
                self.named[name].pending.append(event)
            case Synced(name):
                self.named[name].sync()
            case DirectorySynced():
                self._synced_names = dict(self.named)
                self._pending_names = []

    def cut(self, chance: random.Random) -> dict[str, bytes]:
        """The files that a cut of the power leaves at this moment, by name; `chance` says what survives."""
        names = dict(self._synced_names)
        for name, file in _some(self._pending_names, chance):
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        return {name: _left(file, chance) for name, file in names.items()}

    @property
    def pending(self) -> int:
        """How many changes are on their way to the disk."""
        return len(self._pending_names) + sum(len(file.pending) for file in self.named.values())

    def _name(self, name: str, file: File | None) -> None:
        self._pending_names.append((name, file))
        if file is None:
            del self.named[name]
        else:
            self.named[name] = file


def store(files: dict[str, bytes], folder: Path) -> None:
    """Write the files into a new folder."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _left(file: File, chance: random.Random) -> bytes:
    content = bytearray(file.synced)
    pieces = [piece for change in file.pending for piece in _pieces(change)]
    for piece in _some(pieces, chance):
        _apply(content, piece)
    return bytes(content)


def _pieces(change: Change) -> Iterator[Change]:
    """What of a change reaches the disk at once or not at all."""
    if isinstance(change, Truncated):
        yield change
        return
    end = change.place + len(change.content)
    edges = [change.place, *range((change.place // SECTOR + 1) * SECTOR, end, SECTOR), end]
    for begin, until in pairwise(edges):
        yield Written(change.file, begin, change.content[begin - change.place : until - change.place])


def _some(changes: Sequence[T], chance: random.Random) -> list[T]:
    """Nothing, all, all up to a moment, or any of them: disks that keep an order and disks that do not."""
    match chance.randrange(4):
        case 0:
            return []
        case 1:
            return list(changes)
        case 2:
            return list(changes[: chance.randint(0, len(changes))])
        case _:
            share = chance.random()
            return [change for change in changes if chance.random() < share]


def _apply(content: bytearray, change: Change) -> None:
    if isinstance(change, Truncated):
        del content[change.size :]
        return
    content.extend(bytes(max(0, change.place - len(content))))
    content[change.place : change.place + len(change.content)] = change.content

"""Everything that SQLite sends to the disk, in order: a layer of Python between SQLite and its files.

SQLite reaches files through a table of functions (a VFS), and more of them can be registered while a program
runs. Ours copies the table of this machine and replaces the functions that change a file by functions of
Python, which do the same and note it. Only the standard library is needed: ctypes finds SQLite's functions in
the very library that the module sqlite3 uses.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OK = 0
POINTER = ctypes.c_void_p
# What belongs to a database and has to survive; its -shm is made anew by whoever comes first.
ENDINGS = ("", "-wal", "-journal")

Open = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, POINTER, POINTER, ctypes.c_int, POINTER)
Delete = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, ctypes.c_char_p, ctypes.c_int)
Write = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, POINTER, ctypes.c_int, ctypes.c_int64)
Truncate = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, ctypes.c_int64)
Sync = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, ctypes.c_int)
SetSystemCall = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, ctypes.c_char_p, POINTER)
GetSystemCall = ctypes.CFUNCTYPE(POINTER, POINTER, ctypes.c_char_p)
OpenDirectory = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, POINTER)


class Vfs(ctypes.Structure):
    """`sqlite3_vfs` of version 3, as sqlite3.h has it."""

    _fields_ = [
        ("iVersion", ctypes.c_int),
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        ("pNext", POINTER),
        ("zName", ctypes.c_char_p),
        ("pAppData", POINTER),
        ("xOpen", POINTER),
        ("xDelete", POINTER),
        ("xAccess", POINTER),
        ("xFullPathname", POINTER),
        ("xDlOpen", POINTER),
        ("xDlError", POINTER),
        ("xDlSym", POINTER),
        ("xDlClose", POINTER),
        ("xRandomness", POINTER),
        ("xSleep", POINTER),
        ("xCurrentTime", POINTER),
        ("xGetLastError", POINTER),
        ("xCurrentTimeInt64", POINTER),
        ("xSetSystemCall", POINTER),
        ("xGetSystemCall", POINTER),
        ("xNextSystemCall", POINTER),
    ]


class Methods(ctypes.Structure):
    """`sqlite3_io_methods` of version 3: what can be done with an open file."""

    _fields_ = [
        ("iVersion", ctypes.c_int),
        ("xClose", POINTER),
        ("xRead", POINTER),
        ("xWrite", POINTER),
        ("xTruncate", POINTER),
        ("xSync", POINTER),
        ("xFileSize", POINTER),
        ("xLock", POINTER),
        ("xUnlock", POINTER),
        ("xCheckReservedLock", POINTER),
        ("xFileControl", POINTER),
        ("xSectorSize", POINTER),
        ("xDeviceCharacteristics", POINTER),
        ("xShmMap", POINTER),
        ("xShmLock", POINTER),
        ("xShmBarrier", POINTER),
        ("xShmUnmap", POINTER),
        ("xFetch", POINTER),
        ("xUnfetch", POINTER),
    ]


@dataclass(frozen=True)
class Made:
    """A file got a name in the directory."""

    file: str


@dataclass(frozen=True)
class Deleted:
    """A file lost its name."""

    file: str


@dataclass(frozen=True)
class Written:
    """Bytes went to a place in a file."""

    file: str
    place: int
    content: bytes


@dataclass(frozen=True)
class Truncated:
    """A file was cut to a size in bytes."""

    file: str
    size: int


@dataclass(frozen=True)
class Synced:
    """The system was asked to put a file on the disk, and said that it had."""

    file: str


@dataclass(frozen=True)
class DirectorySynced:
    """The same for the names of files."""


@dataclass(frozen=True)
class Told:
    """Something was said to the outside meanwhile; nothing happened on the disk."""

    what: Any


Event = Made | Deleted | Written | Truncated | Synced | DirectorySynced | Told


@contextmanager
def recording(database: Path) -> Iterator[list[Event]]:
    """Records what this process does with a database that it opens inside of the `with`.

    The file exists already. Connections opened inside are closed inside.
    """
    recorder = Recorder(_library(), database)
    recorder.begin()
    try:
        yield recorder.events
    finally:
        recorder.end()


class Recorder:
    """The layer, for one database; the process's first VFS between `begin` and `end`."""

    def __init__(self, library: ctypes.CDLL, database: Path) -> None:
        self.events: list[Event] = []
        self._library = library
        self._names = {str(database) + ending: f"{database.name}{ending}" for ending in ENDINGS}
        self._open_files: dict[int, str] = {}
        self._methods: dict[int, tuple[Methods, Methods]] = {}
        self._below = library.sqlite3_vfs_find(None).contents
        self._vfs = Vfs.from_buffer_copy(self._below)
        self._vfs.zName = b"recorder"
        # ctypes keeps no function alive that only C refers to.
        self._functions = [
            Open(self._open),
            Delete(self._delete),
            Write(self._write),
            Truncate(self._truncate),
            Sync(self._sync),
            OpenDirectory(self._open_directory),
        ]
        opened, deleted, *self._of_files, self._directory = map(_address, self._functions)
        self._vfs.xOpen, self._vfs.xDelete = opened, deleted
        find = GetSystemCall(self._below.xGetSystemCall)
        self._directory_below = find(ctypes.addressof(self._below), b"openDirectory")

    def begin(self) -> None:
        """From now on connections are opened through this layer."""
        assert self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) == OK
        self._set_directory(self._directory)

    def end(self) -> None:
        """From now on they are not."""
        self._set_directory(self._directory_below)
        assert self._library.sqlite3_vfs_unregister(ctypes.byref(self._vfs)) == OK
        assert self._library.sqlite3_vfs_register(ctypes.byref(self._below), 1) == OK

    def _set_directory(self, function: int) -> None:
        # SQLite syncs a directory by opening it through this, its one trace that can be seen from here.
        replace = SetSystemCall(self._below.xSetSystemCall)
        assert replace(ctypes.addressof(self._below), b"openDirectory", function) == OK

    def _open(self, vfs: int, path: int | None, file: int, flags: int, out: int | None) -> int:
        name = None if path is None else self._names.get(ctypes.string_at(path).decode())
        is_new = name is not None and not Path(ctypes.string_at(path or 0).decode()).exists()
        result: int = Open(self._below.xOpen)(ctypes.addressof(self._below), path, file, flags, out)
        if result == OK and name is not None:
            if is_new:
                self.events.append(Made(name))
            self._open_files[file] = name
            methods = POINTER.from_address(file)  # the first field of every open file
            methods.value = ctypes.addressof(self._watched(methods.value or 0)[1])
        return result

    def _watched(self, address: int) -> tuple[Methods, Methods]:
        """(a file's own functions, the same with ours among them)."""
        if address not in self._methods:
            own = Methods.from_address(address)
            ours = Methods.from_buffer_copy(own)
            ours.xWrite, ours.xTruncate, ours.xSync = self._of_files
            self._methods[address] = own, ours
            self._methods[ctypes.addressof(ours)] = own, ours
        return self._methods[address]

    def _own(self, file: int) -> Methods:
        return self._watched(POINTER.from_address(file).value or 0)[0]

    def _delete(self, vfs: int, path: bytes, sync_directory: int) -> int:
        result: int = Delete(self._below.xDelete)(ctypes.addressof(self._below), path, sync_directory)
        name = self._names.get(path.decode())
        if result == OK and name is not None:
            self.events.append(Deleted(name))
        return result

    def _write(self, file: int, content: int, size: int, place: int) -> int:
        result: int = Write(self._own(file).xWrite)(file, content, size, place)
        self.events.append(Written(self._open_files[file], place, ctypes.string_at(content, size)))
        return result

    def _truncate(self, file: int, size: int) -> int:
        result: int = Truncate(self._own(file).xTruncate)(file, size)
        self.events.append(Truncated(self._open_files[file], size))
        return result

    def _sync(self, file: int, flags: int) -> int:
        result: int = Sync(self._own(file).xSync)(file, flags)
        if result == OK:
            self.events.append(Synced(self._open_files[file]))
        return result

    def _open_directory(self, path: bytes, out: int) -> int:
        result: int = OpenDirectory(self._directory_below)(path, out)
        if any(name.startswith(path.decode()) for name in self._names):
            self.events.append(DirectorySynced())
        return result


def _address(function: Any) -> int:
    return ctypes.cast(function, POINTER).value or 0


def _library() -> ctypes.CDLL:
    """The SQLite that the module sqlite3 uses; without one to be found the test is skipped."""
    files: list[str | None] = [getattr(_sqlite3, "__file__", None), None]
    for library in map(ctypes.CDLL, files):
        if hasattr(library, "sqlite3_vfs_find"):
            library.sqlite3_libversion.restype = ctypes.c_char_p
            library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
            if library.sqlite3_libversion().decode() == sqlite3.sqlite_version:
                return library
    pytest.skip("this Python keeps its SQLite to itself, so that nothing can be put between it and the disk")

"""The built widget as it lies in `comments_service/static`: read once, compressed once."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "static"
CONTENT_TYPE = "text/javascript; charset=utf-8"
# As the widget's build cuts it.
HASH_DIGITS = 16

_CURRENT = re.compile(r"v1(\.[a-z]+)?\.js")
_KEPT = re.compile(rf"v1(\.[a-z]+)?\.([0-9a-f]{{{HASH_DIGITS}}})\.js")


@dataclass(frozen=True)
class File:
    """One file's bytes, plain and gzipped, and the hash that its unchanging name carries."""

    content: bytes
    gzipped: bytes
    hash: str
    content_type: str = CONTENT_TYPE


@lru_cache(maxsize=1)
def served() -> Mapping[str, File]:
    """What is served, by name: the current release and those files of earlier ones that were kept.

    A page may hold an address with a hash (and an integrity that goes with it) for as long as it likes:
    a release is kept by copying its file to the name with its hash.
    """
    return found_in(FOLDER)


def found_in(folder: Path) -> Mapping[str, File]:
    """The files of a folder by the names they are served under; a kept file must still match its hash."""
    named: dict[str, File] = {}
    for path in sorted(folder.glob("v1*.js")):
        file = _read(path)
        if _CURRENT.fullmatch(path.name):
            named[hashed_name(path.name, file.hash)] = file
            if path.name == "v1.js":
                named[path.name] = file
        elif (kept := _KEPT.fullmatch(path.name)) and kept.group(2) == file.hash:
            named[path.name] = file
    return named


def hashed_name(name: str, digest: str) -> str:
    """The unchanging name: `v1.js` becomes `v1.<hash>.js`."""
    return f"{name.removesuffix('.js')}.{digest}.js"


def _read(path: Path) -> File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:HASH_DIGITS]
    # A fixed time: every process makes the same bytes, so the tag stays a strong one.
    return File(content, gzip.compress(content, compresslevel=9, mtime=0), digest)

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
CONTENT_TYPES = {".js": "text/javascript; charset=utf-8", ".json": "application/json"}
# As the widget's build cuts it.
HASH_DIGITS = 16

SCRIPT = "v1.js"
_WORDS = re.compile(r"v1\.[a-z]{2}\.json")


@dataclass(frozen=True)
class File:
    """One file's bytes, plain and gzipped, and the hash that its unchanging name carries."""

    content: bytes
    gzipped: bytes
    hash: str
    content_type: str


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
    for path in sorted(folder.glob("v1.*")):
        file = _read(path)
        if path.name == SCRIPT or _WORDS.fullmatch(path.name) or path.name == hashed_name(file.hash):
            named[path.name] = file
        if path.name == SCRIPT:
            named[hashed_name(file.hash)] = file
    return named


def hashed_name(digest: str) -> str:
    """The unchanging name of a script: `v1.<hash>.js`."""
    return f"v1.{digest}.js"


def _read(path: Path) -> File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:HASH_DIGITS]
    content_type = CONTENT_TYPES.get(path.suffix, "text/plain; charset=utf-8")
    # A fixed time: every process makes the same bytes, so the tag stays a strong one.
    return File(content, gzip.compress(content, compresslevel=9, mtime=0), digest, content_type)

"""Our own pages' style sheets, scripts and icons, served for ever under names that carry their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flask import Response, request

from ..errors import NotFound

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HASH_DIGITS = 12
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file: the name it is served under, its type and content."""

    served_name: str
    content_type: str
    content: bytes


class Assets:
    """Files that are read once, when this is made; what is no style sheet, script or icon is left out."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._by_name = {path.name: _read(path) for path in paths if path.suffix in TYPES}
        self._served = {asset.served_name: asset for asset in self._by_name.values()}

    def served_name(self, name: str) -> str:
        """The name with its hash, for templates."""
        return self._by_name[name].served_name

    def text(self, name: str) -> str:
        """What a file says."""
        return self._by_name[name].content.decode().strip()

    def answer(self, served_name: str) -> Response:
        """The file of this name with a hash, or 304; raises NotFound."""
        asset = self._served.get(served_name)
        if asset is None:
            raise NotFound("There is no such file.")
        response = Response(asset.content, content_type=asset.content_type)
        response.headers["Cache-Control"] = FOREVER
        response.set_etag(asset.served_name)
        response.make_conditional(request)
        return response


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:HASH_DIGITS]
    return Asset(f"{path.stem}.{digest}{path.suffix}", TYPES[path.suffix], content)

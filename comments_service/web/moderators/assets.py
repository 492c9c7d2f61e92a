"""The pages' own style sheet, script and icon, served under names that carry their hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from flask import Response, request

from ...errors import NotFound

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file: the name it is served under, its type and content."""

    name: str
    content_type: str
    content: bytes
    etag: str


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Asset(f"{path.stem}.{digest}{path.suffix}", TYPES[path.suffix], content, digest)


ASSETS = {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
_BY_HASHED_NAME = {asset.name: asset for asset in ASSETS.values()}


def served_name(name: str) -> str:
    """The hashed name of a file, for templates."""
    return ASSETS[name].name


def answer(name: str) -> Response:
    """The file of this hashed name, or 304; raises NotFound."""
    asset = _BY_HASHED_NAME.get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    response = Response(asset.content, content_type=asset.content_type)
    response.headers["Cache-Control"] = FOREVER
    response.set_etag(asset.etag)
    response.make_conditional(request)
    return response

"""The pages' style sheet, served under a name that carries its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Response, request

from ...errors import NotFound

FOLDER = Path(__file__).parent / "static"
CONTENT_TYPE = "text/css; charset=utf-8"
FOREVER = "public, max-age=31536000, immutable"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


_NAMES = {path.name: f"{path.stem}.{_digest(path)}{path.suffix}" for path in sorted(FOLDER.glob("*.css"))}
_CONTENTS = {_NAMES[name]: (FOLDER / name).read_bytes() for name in _NAMES}


def served_name(name: str) -> str:
    """The hashed name of a file, for templates."""
    return _NAMES[name]


def answer(name: str) -> Response:
    """The file of this hashed name, or 304; raises NotFound."""
    if name not in _CONTENTS:
        raise NotFound("There is no such file.")
    response = Response(_CONTENTS[name], content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = FOREVER
    response.set_etag(name)
    response.make_conditional(request)
    return response

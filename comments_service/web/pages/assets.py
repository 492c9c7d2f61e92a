"""The style sheets of the pages and of the fragment, served under names that carry their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Response, request

from ...errors import NotFound

FOLDER = Path(__file__).parent / "static"
PAGES = "pages.css"
# What the widget adopts as text; its build writes it.
WIDGET = "v1.css"
CONTENT_TYPE = "text/css; charset=utf-8"
FOREVER = "public, max-age=31536000, immutable"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


_PATHS = (FOLDER / PAGES, FOLDER.parents[2] / "static" / WIDGET)
_NAMES = {path.name: f"{path.stem}.{_digest(path)}{path.suffix}" for path in _PATHS}
_CONTENTS = {_NAMES[path.name]: path.read_bytes() for path in _PATHS}


def served_name(name: str) -> str:
    """The hashed name of a file, for templates."""
    return _NAMES[name]


def text(name: str) -> str:
    """What a file says."""
    return _CONTENTS[_NAMES[name]].decode().strip()


def answer(name: str) -> Response:
    """The file of this hashed name, or 304; raises NotFound."""
    if name not in _CONTENTS:
        raise NotFound("There is no such file.")
    response = Response(_CONTENTS[name], content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = FOREVER
    # Pages of other origins that isolate themselves (COEP) may link to the fragment's.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.set_etag(name)
    response.make_conditional(request)
    return response

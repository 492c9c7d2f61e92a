"""The built widget: it is here, and is what its notes say."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from ..config import Settings
from .finding import FAIL, OK, Finding

STATIC = Path(__file__).resolve().parents[1] / "static"
SCRIPT = "v1.js"


def looks(settings: Settings, static: Path = STATIC) -> Iterator[Finding]:
    """Its address and integrity hash, for those who pin it; a failure when it is not as it was built."""
    try:
        notes = json.loads((static / "v1.json").read_text(encoding="utf-8"))
        is_altered = _integrity(static / SCRIPT) != notes["integrity"]
        address = f"{settings.public_url}/embed/v1.{notes['hash']}.js"
    except (OSError, ValueError, KeyError, TypeError):
        yield Finding(
            FAIL, f"The built widget is missing or unreadable in {static}: install the service again."
        )
        return
    if is_altered:
        yield Finding(FAIL, f"Install the service again; not as it was built, in {static}: {SCRIPT}.")
    else:
        yield Finding(OK, f'The widget: {address} integrity="{notes["integrity"]}"')


def _integrity(file: Path) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()

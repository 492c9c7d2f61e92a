"""The labelled set, read once (see LABELLED.md), and what the docs say was measured with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

LABELLED: dict[str, Any] = json.loads(Path(__file__).with_name("labelled.json").read_text("utf-8"))
DOCS = Path(__file__).parents[2] / "docs" / "checks.md"


def documented(what: str) -> list[str]:
    """The figures in the row of the docs' table that begins so: caught, and held without reason."""
    for line in DOCS.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] == what:
            return [figure for cell in cells[1:] for figure in re.findall(r"\d+ of \d+", cell)]
    raise AssertionError(f"{DOCS.name} has no row for {what}")

"""The labelled set, read once; see LABELLED.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LABELLED: dict[str, Any] = json.loads(Path(__file__).with_name("labelled.json").read_text("utf-8"))

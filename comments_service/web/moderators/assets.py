"""The moderators' style sheet, script and icon."""

from __future__ import annotations

from pathlib import Path

from ..assets import Assets

ASSETS = Assets((Path(__file__).parent / "static").iterdir())

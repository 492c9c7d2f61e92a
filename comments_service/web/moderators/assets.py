"""The moderators' style sheet, script and icon."""

from __future__ import annotations

from pathlib import Path

from flask import url_for

from ..assets import Assets

ASSETS = Assets((Path(__file__).parent / "static").iterdir())


def address(name: str) -> str:
    """Where pages find one of them."""
    return url_for("moderators.static", name=ASSETS.served_name(name))

"""The style sheets of the pages and of the fragment."""

from __future__ import annotations

from pathlib import Path

from ..assets import Assets

FOLDER = Path(__file__).parent / "static"
PAGES = "pages.css"
# What the widget adopts as text; its build writes it.
WIDGET = "v1.css"

ASSETS = Assets((FOLDER / PAGES, FOLDER.parents[2] / "static" / WIDGET))

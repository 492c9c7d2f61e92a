"""The widget's files, as any site embeds them."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("embed", __name__)

"""The word lists and reserved names that both sites have."""

from __future__ import annotations

REFUSED = tuple(f"scoundrel{letter}" for letter in "abcdefghijklmnopqrst")
HELD = tuple(f"swindle{letter}" for letter in "abcdefghijklmnopqrst")
RESERVED = ("editor", "the horizons", "moderator")

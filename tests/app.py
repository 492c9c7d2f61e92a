"""Applications for tests: a migrated database, a client, factories; and `live`, a real server process."""

from __future__ import annotations

"""docs/privacy.md speaks of every table, and of times as they are."""

from __future__ import annotations

import re
from pathlib import Path

from comments_service import models, purging
from comments_service.db import Base
from comments_service.identity import DAYS_KEPT

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


def row(table: str) -> str:
    (found,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{table}` |"))
    return found


def test_every_table_is_there_and_no_other() -> None:
    assert models.Comment.metadata is Base.metadata
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(Base.metadata.tables)


def test_the_times_are_those_of_the_purge() -> None:
    assert f"{DAYS_KEPT} days" in row("day_key")
    assert f"{purging.NOTICES_KEPT.days} days" in row("notice")
    assert f"{purging.KEYS_KEPT.total_seconds() / 3600:.0f} hours" in row("idempotency_key")
    assert f"after {purging.REPORTS_WAIT.days} days whatever happens" in PAGE

"""One lively site for all tests: making it takes longer than most of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from comments_service.db import Base, Database
from comments_service.models import Comment
from tests.databases import open_database
from tests.transfer.lively import exported, lively

Rows = dict[str, list[Any]]

# Address hashes stay behind, and versions never repeat. The numbers of rows that nobody speaks of may differ.
ELSEWHERE = {
    "site": {"version"},
    "thread": {"version"},
    "comment": {"bucket", "bucket_day", "fingerprint", "leaf"},
    "evidence": {"id"},
    "vote": {"bucket", "bucket_day"},
    "report": {"id", "bucket", "bucket_day"},
    "notice": {"id", "report_id"},
}
NOT_MOVED = {"day_key", "decision_origin", "grant_of_role", "idempotency_key", "moderator", "source"}


@pytest.fixture(scope="session")
def lively_site(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Rows]:
    """A lively site as exported, and the rows it was exported from."""
    file = tmp_path_factory.mktemp("lively") / "comments.db"
    file.write_bytes(migrated_file.read_bytes())
    with open_database(f"sqlite:///{file}") as database:
        lively(database)
        return exported(database), stored(database)


@pytest.fixture(scope="session")
def content(lively_site: tuple[bytes, Rows]) -> bytes:
    """The lively site as exported."""
    return lively_site[0]


@pytest.fixture(scope="session")
def original(lively_site: tuple[bytes, Rows]) -> Rows:
    """The rows of the lively site."""
    return lively_site[1]


def stored(database: Database) -> Rows:
    """Every row that an import brings, without what stays behind; of public comments their leaves."""
    found: Rows = {}
    with database.writer.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name not in NOT_MOVED:
                columns = [c for c in table.c if c.name not in ELSEWHERE.get(table.name, ())]
                found[table.name] = sorted(map(tuple, connection.execute(select(*columns))), key=repr)
        public = select(Comment.id, Comment.leaf).where(Comment.status == "published")
        found["leaf"] = sorted(map(tuple, connection.execute(public)))
    return found

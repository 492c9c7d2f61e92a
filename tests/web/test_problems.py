"""What the database says as the problem that a reader is told."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.app import Service

A_COLUMN = (
    "ALTER TABLE comment RENAME COLUMN leaf TO away",
    "ALTER TABLE comment RENAME COLUMN away TO leaf",
)
A_TABLE = ("ALTER TABLE revision RENAME TO away", "ALTER TABLE away RENAME TO revision")


@pytest.mark.parametrize(("take", "give_back"), [A_COLUMN, A_TABLE], ids=["a column", "a table"])
def test_who_meets_a_migration_halfway_is_told_to_try_again(
    horizons: Service, take: str, give_back: str
) -> None:
    horizons.write(lambda session: session.connection().execute(text(take)).rowcount)
    try:
        answer = horizons.post("A thought.")
    finally:
        horizons.write(lambda session: session.connection().execute(text(give_back)).rowcount)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert horizons.posted("A thought.")["status"] == "published"

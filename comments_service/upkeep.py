"""Work on a database outside of requests: opening it for a while, and statements run as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.orm import Session

from .config import Settings
from .db import Database


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database of these settings, migrated or not; its connections are closed at the end.

    Raises what SQLAlchemy says of an address that it cannot use.
    """
    database = Database(settings)
    try:
        yield database
    finally:
        database.writer.dispose()


def run(session: Session, statement: Update | Delete) -> int:
    """Run the statement as it is, without a look at what the session holds; how many rows it changed."""
    plain = statement.execution_options(synchronize_session=False)
    return cast(CursorResult[Any], session.execute(plain)).rowcount

"""What a database is sent, as SQLite's driver or SQLAlchemy tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def statements(engine: Engine, noted: list[str] | None = None) -> Iterator[list[str]]:
    """Notes what an engine's connections send: statements, and where a transaction begins and ends."""
    noted = [] if noted is None else noted

    def note(statement: str) -> None:
        # What triggers do is told as a comment, and their statement again.
        if not statement.startswith("--") and statement not in noted[-1:]:
            noted.append(statement)

    def trace(driver: Any, *rest: Any) -> None:
        driver.set_trace_callback(note)

    def untrace(driver: Any, *rest: Any) -> None:
        driver.set_trace_callback(None)

    def begin(connection: Any) -> None:
        noted.append("begin")

    def execute(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        noted.append(statement)

    def commit(connection: Any) -> None:
        noted.append("commit")

    # SQLite's driver tells of what SQLAlchemy does not see.
    listeners: list[tuple[str, Callable[..., Any]]] = [("checkout", trace), ("checkin", untrace)]
    if engine.dialect.name == "postgresql":
        listeners = [("begin", begin), ("before_cursor_execute", execute), ("commit", commit)]
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield noted
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)

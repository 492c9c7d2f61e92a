"""Statements that run for every request: built by SQLAlchemy, and given to SQLite's driver as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Statement = Select[*tuple[Any, ...]] | Insert | Update | Delete
Values = Mapping[str, Any]
Row = Sequence[Any]
Processor = Callable[[Any], Any] | None


class Prepared:
    """A statement of SQLAlchemy's that is worked out once, for whoever runs it often.

    On SQLite, finding out again what it looks like and which types it has is a quarter of what a post costs,
    much of that while others wait for their turn to write. With PostgreSQL, which is asked over a network,
    SQLAlchemy runs it as it runs any other.

    Its parameters are bound by name, none of them a list, and no column may have a default that Python makes.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        # By the columns of an INSERT, which takes those that it is given.
        self._texts: dict[tuple[str, ...], _Text] = {}

    def rows(self, connection: Connection, values: Values) -> Sequence[Row]:
        """All rows that it brings; none when it brings none. Raises SQLAlchemy's errors."""
        if connection.dialect.name != "sqlite":
            result = connection.execute(self.statement, values)
            return result.all() if result.returns_rows else ()
        columns = tuple(values) if isinstance(self.statement, Insert) else ()
        text = self._texts.get(columns)
        if text is None:
            text = self._texts[columns] = _Text(self.statement, columns, connection.dialect)
        return text.rows(connection, values)

    def first(self, connection: Connection, values: Values) -> Row | None:
        """The first row, if there is any."""
        return next(iter(self.rows(connection, values)), None)

    def one(self, connection: Connection, values: Values) -> Row:
        """The only row; raises ValueError when there are more or fewer."""
        (row,) = self.rows(connection, values)
        return row


class _Text:
    """What SQLite is given, and how values become its and rows become ours."""

    def __init__(self, statement: Statement, columns: tuple[str, ...], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
        if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"this cannot be prepared: {compiled}")
        self._text = str(compiled)
        given = compiled.params
        self._binds = [
            (name, given[name], _own(compiled.binds[name].type, dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]
        self._reads = [
            _own(column.type, dialect).result_processor(dialect, None)
            for column in statement.exported_columns
        ]

    def rows(self, connection: Connection, values: Values) -> Sequence[Row]:
        driver = cast(sqlite3.Connection, connection.connection.driver_connection)
        bound = [
            process(values.get(name, default)) if process else values.get(name, default)
            for name, default, process in self._binds
        ]
        try:
            found = driver.execute(self._text, bound).fetchall()
        except sqlite3.Error as error:
            # As SQLAlchemy would say it; without the values, which readers wrote.
            raise DBAPIError.instance(
                self._text, None, error, sqlite3.Error, hide_parameters=True, dialect=connection.dialect
            ) from error
        return [
            [read(value) if read else value for value, read in zip(row, self._reads, strict=True)]
            for row in found
        ]


def _own(type_: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type_.dialect_impl(dialect)

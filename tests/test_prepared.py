"""Prepared statements: the same values in and out as SQLAlchemy's own way, on SQLite without it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from comments_service.models import Author, DayKey, Site
from comments_service.prepared import Prepared
from tests.app import Service

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AUTHOR = {"site_id": 1, "key_hash": b"\0\xff", "name": "Wren", "created_at": NOON}
COLUMNS = (Author.id, Author.key_hash, Author.name, Author.trusted_at, Author.created_at)

_ADD = Prepared(insert(Author.__table__).returning(Author.id))  # type: ignore[arg-type]
_READ = Prepared(select(*COLUMNS).where(Author.name == bindparam("name")).order_by(Author.id))
_RENAME = Prepared(update(Author).where(Author.id == bindparam("author")).values(name=bindparam("called")))


def test_values_go_in_and_come_out_as_with_sqlalchemy(horizons: Service) -> None:
    def work(session: Session) -> None:
        connection, site = session.connection(), session.scalars(select(Site.id)).one()
        (plain,) = _ADD.one(connection, AUTHOR | {"site_id": site})
        other = {"site_id": site, "key_hash": b"2", "trusted_at": NOON}
        (trusted,) = _ADD.one(connection, AUTHOR | other)
        expected = session.execute(select(*COLUMNS).order_by(Author.id)).all()
        found = _READ.rows(connection, {"name": "Wren"})
        assert [tuple(row) for row in found] == [tuple(row) for row in expected]
        assert [row[0] for row in found] == [plain, trusted]
        assert tuple(found[1][3:]) == (NOON, NOON)
        assert list(_RENAME.rows(connection, {"author": plain, "called": "Jenny"})) == []
        assert [row[0] for row in _READ.rows(connection, {"name": "Wren"})] == [trusted]

    horizons.write(work)


def test_first_finds_one_or_none_and_one_insists(horizons: Service) -> None:
    def work(session: Session) -> None:
        assert _READ.first(session.connection(), {"name": "Nobody"}) is None
        with pytest.raises(ValueError, match="not enough values"):
            _READ.one(session.connection(), {"name": "Nobody"})

    horizons.write(work)


def test_an_error_is_sqlalchemys_and_says_nothing_of_the_values(horizons: Service) -> None:
    def work(session: Session) -> None:
        values = AUTHOR | {"site_id": session.scalars(select(Site.id)).one(), "name": "Wren the secretive"}
        _ADD.rows(session.connection(), values)
        _ADD.rows(session.connection(), values)

    with pytest.raises(IntegrityError) as told:
        horizons.write(work)
    assert "secretive" not in str(told.value)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_what_needs_more_than_values_is_refused(horizons: Service) -> None:
    listed = Prepared(select(DayKey.key).where(DayKey.day.in_(bindparam("days", expanding=True))))

    def work(session: Session) -> None:
        listed.rows(session.connection(), {"days": ["2026-03-01"]})

    with pytest.raises(TypeError, match="cannot be prepared"):
        horizons.write(work)

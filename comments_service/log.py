"""The decision log: append-only, hash-chained per site, verifiable by anyone who kept its head."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from . import clock, db
from .errors import Conflict
from .models import Decision, DecisionNote, DecisionOrigin, LogHead
from .prepared import Prepared

NOTHING_YET = bytes(32)
ROWS_AT_ONCE = 1_000

# Built once: a moderator's hundred decisions run them a hundred times.
_COLUMNS = tuple(column.name for column in Decision.__table__.columns if column.name != "id")
_ADD = Prepared(insert(cast(Table, Decision.__table__)).returning(Decision.id))
_HEAD = Prepared(
    select(LogHead.count, LogHead.hash).where(LogHead.site_id == bindparam("site")).with_for_update()
)
_MOVE_HEAD = Prepared(
    update(cast(Table, LogHead.__table__))
    .where(LogHead.site_id == bindparam("site"))
    .values(count=bindparam("new_count"), hash=bindparam("new_hash"))
)


@dataclass(frozen=True)
class Entry:
    """What one decision says, before it has its place in the chain."""

    site_id: int
    comment_id: int
    revision: int
    text_hash: bytes
    action: str
    reason: str | None
    moderator_id: int | None
    before_status: str
    before_revision: int
    before_held_revision: int | None
    after_status: str
    note: str = ""
    reverses: int | None = None
    trusts: bool = False


@dataclass(frozen=True)
class Head:
    """The end of a chain: how many rows, and the hash of the last."""

    count: int
    hash: bytes


@dataclass(frozen=True)
class Broken:
    """The first row that does not follow from the ones before it."""

    seq: int
    why: str


def text_hash(salt: bytes, body: str) -> bytes:
    """The salted hash of a revision's text: proves what was judged, says nothing once the salt is erased."""
    return hashlib.sha256(salt + body.encode()).digest()


class Chain:
    """The end of one site's log while one transaction adds to it: read once, written once; see `growing`."""

    def __init__(self, session: Session, site_id: int) -> None:
        self._session, self._site_id = session, site_id
        self._found: Head | None = None
        self._head: Head | None = None

    def add(self, entry: Entry) -> int:
        """Add a row; returns the decision's id. The first takes the lock of the log's head."""
        if self._head is None:
            self._found = self._head = _locked_head(self._session, self._site_id)
        id, self._head = _add(self._session, self._head, entry)
        return id

    def keep(self) -> None:
        """Write down the new end, if there is one."""
        if self._head is not self._found and self._head is not None:
            values = {"site": self._site_id, "new_count": self._head.count, "new_hash": self._head.hash}
            _MOVE_HEAD.rows(self._session.connection(), values)


@contextmanager
def growing(session: Session, site_id: int) -> Iterator[Chain]:
    """Many rows for one site's log: its head is read before the first, and written after the last.

    Meanwhile nothing else in this transaction may add to that log. What fails must be rolled back.
    """
    chain = Chain(session, site_id)
    yield chain
    chain.keep()


def append(session: Session, entry: Entry) -> int:
    """Add a row to the site's log, under the lock of the log's head; returns the decision's id."""
    with growing(session, entry.site_id) as chain:
        return chain.add(entry)


def _add(session: Session, head: Head, entry: Entry) -> tuple[int, Head]:
    salt = secrets.token_bytes(16)
    row = Decision(
        site_id=entry.site_id,
        seq=head.count + 1,
        comment_id=entry.comment_id,
        revision=entry.revision,
        action=entry.action,
        reason=entry.reason,
        moderator_id=entry.moderator_id,
        reverses=entry.reverses,
        before_status=entry.before_status,
        before_revision=entry.before_revision,
        before_held_revision=entry.before_held_revision,
        after_status=entry.after_status,
        trusts=entry.trusts,
        text_hash=entry.text_hash,
        note_hash=text_hash(salt, entry.note) if entry.note else None,
        created_at=clock.now(),
    )
    row.hash = chained(head.hash, row)
    values = {name: getattr(row, name) for name in _COLUMNS}
    # On the connection: what else the session holds need not be flushed for it.
    connection = session.connection()
    id = int(_ADD.one(connection, values)[0])
    if entry.note:
        connection.execute(insert(DecisionNote), {"decision_id": id, "note": entry.note, "salt": salt})
    return id, Head(row.seq, row.hash)


def extend(
    session: Session, site_id: int, rows: Sequence[tuple[Decision, DecisionOrigin, DecisionNote | None]]
) -> None:
    """Add rows that were chained elsewhere, behind the log's present end.

    Raises Conflict when the first does not follow from that end, or one from the one before it.
    """
    head = _locked_head(session, site_id)
    for decision, origin, _note in rows:
        if decision.seq != head.count + 1 or chained(head.hash, decision, origin) != decision.hash:
            raise Conflict(f"Decision {decision.seq} does not follow from the end of the site's log.")
        head = Head(decision.seq, decision.hash)
        session.add(decision)
    session.flush()  # their ids are needed by what belongs to them
    for decision, origin, note in rows:
        origin.decision_id = decision.id
        session.add(origin)
        if note is not None:
            note.decision_id = decision.id
            session.add(note)
    session.execute(
        update(LogHead).where(LogHead.site_id == site_id).values(count=head.count, hash=head.hash)
    )


def chained(previous: bytes, row: Decision, origin: DecisionOrigin | None = None) -> bytes:
    """The hash of a row that stands behind the one whose hash is `previous`; `origin` as in `canonical`."""
    text = json.dumps(canonical(row, origin), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def canonical(row: Decision, origin: DecisionOrigin | None = None) -> dict[str, Any]:
    """What a row's hash is made of, as JSON says it.

    `origin` holds the numbers under which an imported row was chained; others are chained under their own.
    """
    content = {
        "action": row.action,
        "after_status": row.after_status,
        "before_held_revision": row.before_held_revision,
        "before_revision": row.before_revision,
        "before_status": row.before_status,
        "comment": origin.comment if origin else row.comment_id,
        "created_at": clock.microseconds(row.created_at),
        "moderator": (origin.moderator if origin else row.moderator_id) or "software",
        "note_hash": row.note_hash.hex() if row.note_hash else None,
        "reason": row.reason,
        "reverses": origin.reverses if origin else row.reverses,
        "revision": row.revision,
        "seq": row.seq,
        "site": origin.site if origin else row.site_id,
        "text_hash": row.text_hash.hex(),
    }
    if row.trusts:  # rows of the time before there was trust are chained without it
        content["trusts"] = True
    return content


def head(session: Session, site_id: int) -> Head:
    """The log's present end; (0, zeros) while it is empty."""
    row = session.execute(select(LogHead.count, LogHead.hash).where(LogHead.site_id == site_id)).first()
    return Head(*row) if row else Head(0, NOTHING_YET)


def verify(session: Session, site_id: int, *, kept: Head | None = None) -> Broken | None:
    """Walk the whole chain; the first broken row, or None.

    `kept` is a head that was noted elsewhere: it finds also a log that was cut or rewritten before it.
    """
    end = head(session, site_id)
    previous, seq = NOTHING_YET, 0
    numbers = _Numbers()
    for row, origin in _rows(session, site_id, end.count):
        seq += 1
        if row.seq != seq:
            return Broken(seq, f"row {seq} is missing")
        if chained(previous, row, origin) != row.hash or not numbers.agree(row, origin):
            return Broken(seq, f"row {seq} was altered, or the row before it was")
        broken = _note_mismatch(session, row)
        if broken is not None:
            return broken
        previous = row.hash
        if kept is not None and kept.count == seq and kept.hash != row.hash:
            return Broken(seq, f"row {seq} is not the one whose hash was kept")
    if (end.count, end.hash) != (seq, previous):
        return Broken(seq + 1, f"the log ends at row {seq}, but its head says {end.count}")
    if kept is not None and kept.count > seq:
        return Broken(seq + 1, f"the log ends at row {seq}, but the kept head says {kept.count}")
    beyond = _row_beyond_head(session, site_id)
    return Broken(beyond, f"row {beyond} was put in behind the head") if beyond is not None else None


def _locked_head(session: Session, site_id: int) -> Head:
    found = _select_for_update(session, site_id)
    if found is None:
        fresh = db.insert(session, LogHead).values(site_id=site_id, count=0, hash=NOTHING_YET)
        session.execute(fresh.on_conflict_do_nothing())
        found = _select_for_update(session, site_id)
    assert found is not None
    return found


def _select_for_update(session: Session, site_id: int) -> Head | None:
    row = _HEAD.first(session.connection(), {"site": site_id})
    return Head(*row) if row else None


def _rows(session: Session, site_id: int, last: int) -> Iterator[tuple[Decision, DecisionOrigin | None]]:
    """The rows up to seq `last` as the database has them, whatever this session remembers."""
    query = (
        select(Decision, DecisionOrigin)
        .outerjoin(DecisionOrigin, DecisionOrigin.decision_id == Decision.id)
        .where(Decision.site_id == site_id, Decision.seq <= last)
        .order_by(Decision.seq)
        .limit(ROWS_AT_ONCE)
        .execution_options(populate_existing=True)
    )
    rows = session.execute(query).all()
    while rows:
        yield from map(tuple, rows)
        rows = session.execute(query.where(Decision.seq > rows[-1][0].seq)).all()


class _Numbers:
    """Whether imported rows say the same of the same comment and person as where they were made."""

    def __init__(self) -> None:
        self._distance: int | None = None
        self._people: dict[int | None, int | None] = {}

    def agree(self, row: Decision, origin: DecisionOrigin | None) -> bool:
        if origin is None:
            return True
        distance = row.comment_id - origin.comment
        self._distance = distance if self._distance is None else self._distance
        person = self._people.setdefault(origin.moderator, row.moderator_id)
        return distance == self._distance and person == row.moderator_id


def _row_beyond_head(session: Session, site_id: int) -> int | None:
    # One statement, so that a log that grows meanwhile is seen with its head.
    return session.scalar(
        select(func.min(Decision.seq))
        .join(LogHead, LogHead.site_id == Decision.site_id, isouter=True)
        .where(Decision.site_id == site_id, Decision.seq > func.coalesce(LogHead.count, 0))
    )


def _note_mismatch(session: Session, row: Decision) -> Broken | None:
    if row.note_hash is None:
        return None
    note = session.get(DecisionNote, row.id, populate_existing=True)
    # A note may be erased with the person it speaks of; an altered one is a broken row.
    if note is not None and text_hash(note.salt, note.note) != row.note_hash:
        return Broken(row.seq, f"the note of row {row.seq} was altered")
    return None

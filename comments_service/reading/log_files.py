"""The decision log as a file: JSON Lines for programs, which prove it with them; CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock, log
from ..models import Decision, DecisionNote, DecisionOrigin, Moderator

ROWS_AT_ONCE = 1_000
COLUMNS = (
    *("id", "seq", "comment", "revision", "action", "reason", "note", "by", "trusts", "reverses"),
    *("before_status", "after_status", "created_at", "text_hash", "note_hash", "hash"),
)
# What makes a spreadsheet compute a cell instead of showing it, in any width.
FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def jsonl(session: Session, site_id: int) -> Iterator[str]:
    """One object a line, oldest first; `chained` is what `hash` was made of, after the hash before it."""
    for row in _rows(session, site_id):
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def comma_separated(session: Session, site_id: int) -> Iterator[str]:
    """A header and a row for each decision, as RFC 4180 asks; no cell is a formula."""
    yield _line(COLUMNS)
    for row in _rows(session, site_id):
        yield _line([_cell(row[name]) for name in COLUMNS])


FORMATS: Mapping[str, Callable[[Session, int], Iterator[str]]] = {"jsonl": jsonl, "csv": comma_separated}


def _rows(session: Session, site_id: int) -> Iterator[dict[str, Any]]:
    """The rows that the log has now; what is added meanwhile is not waited for."""
    query = (
        select(Decision, DecisionOrigin, DecisionNote.note, Moderator.name)
        .outerjoin(DecisionOrigin, DecisionOrigin.decision_id == Decision.id)
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .outerjoin(Moderator, Moderator.id == Decision.moderator_id)
        .where(Decision.site_id == site_id, Decision.seq <= log.head(session, site_id).count)
        .order_by(Decision.seq)
        .limit(ROWS_AT_ONCE)
    )
    last = 0
    while rows := session.execute(query.where(Decision.seq > last)).all():
        yield from (_row(*row) for row in rows)
        last = rows[-1][0].seq


def _row(
    decision: Decision, origin: DecisionOrigin | None, note: str | None, by: str | None
) -> dict[str, Any]:
    return {
        "id": decision.id,
        "seq": decision.seq,
        "comment": decision.comment_id,
        "revision": decision.revision,
        "action": decision.action,
        "reason": decision.reason,
        "note": note or "",
        "by": by or "software",
        "trusts": decision.trusts,
        "reverses": decision.reverses,
        "before_status": decision.before_status,
        "after_status": decision.after_status,
        "created_at": clock.rfc3339(decision.created_at),
        "text_hash": decision.text_hash.hex(),
        "note_hash": decision.note_hash.hex() if decision.note_hash else None,
        "hash": decision.hash.hex(),
        "chained": log.canonical(decision, origin),
    }


def _line(cells: Any) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text

"""Export: a site as lines, in an order and form that depend on nothing but what is stored."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from .. import clock
from ..models import (
    Author,
    Ban,
    Comment,
    Decision,
    DecisionNote,
    DecisionOrigin,
    Evidence,
    Moderator,
    Notice,
    Report,
    Revision,
    Site,
    Source,
    Thread,
    ThreadAlias,
    Vote,
)
from .records import FORMAT, KINDS, VERSION, Record, encoded

BATCH = 500
# What belongs to the comments of a batch is held in smaller pieces: texts may be long.
PIECE = 50
TOLD_EVERY = 50_000

Progress = Callable[[str], None]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]
Rows = Iterator[AnyRow]


def export(session: Session, site: Site, file: BinaryIO, tell: Progress) -> Counter[str]:
    """Write the site into `file` and return how many records of each kind it has.

    `session` sees one moment of the database (`cli.commands.snapshot`). `tell` is told now and then, in a
    sentence, how far it is.
    """
    counts: Counter[str] = Counter()
    digest = hashlib.sha256()
    for record in _records(session, site):
        line = encoded(record)
        digest.update(line)
        file.write(line)
        counts[record["type"]] += 1
        if record["type"] == "comment" and counts["comment"] % TOLD_EVERY == 0:
            tell(f"Exported {counts['comment']:,} comments")
    footer = {"type": "footer", "counts": {kind: counts[kind] for kind in KINDS[1:-1]}}
    file.write(encoded(footer | {"sha256": digest.digest()}))
    return counts


def bans_of_addresses(session: Session, site: Site) -> int:
    """How many bans in force an export leaves out: an address's hash says nothing in another database."""
    in_force = Ban.lifted_at.is_(None) & func.coalesce(Ban.expires_at > clock.now(), True)
    query = select(func.count()).where(Ban.site_id == site.id, Ban.author_id.is_(None), in_force)
    return session.scalar(query) or 0


def own_source(session: Session, site: Site) -> Source:
    """In whose name the site's comments are exported: its own, or the one it had before it moved here."""
    query = select(Source).where(Source.site_id == site.id, Source.is_own)
    moved = session.scalars(query).first()
    if moved is not None:
        return moved
    words = f"{site.key} {site.id} {clock.microseconds(site.created_at)}"
    name = hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
    return Source(
        site_id=site.id, source=name, is_own=True, site_number=site.id, distance=0, highest=0, last=0
    )


def _records(session: Session, site: Site) -> Iterator[Record]:
    source = own_source(session, site)
    yield _header(site, source)
    yield from _threads(session, site.id)
    yield from _authors(session, site.id)
    yield from _comments(session, source)
    yield from _decisions(session, source)
    yield from _bans(session, site.id)


def _header(site: Site, source: Source) -> Record:
    return {
        "type": "header",
        "format": FORMAT,
        "version": VERSION,
        "source": source.source,
        "site": {
            "key": site.key,
            "name": site.name,
            "number": source.site_number,
            "policy": dict(sorted(site.policy.items())),
            "created_at": site.created_at,
        },
    }


def _threads(session: Session, site_id: int) -> Iterator[Record]:
    query = select(Thread.__table__).where(Thread.site_id == site_id)
    for rows in _batches(session, query, Thread.id):
        ids = [row.id for row in rows]
        aliases = _Following(
            session,
            select(ThreadAlias.thread_id, ThreadAlias.slug, ThreadAlias.created_at)
            .where(ThreadAlias.thread_id.in_(ids))
            .order_by(ThreadAlias.thread_id, ThreadAlias.id),
        )
        for row in rows:
            former = [{"slug": one.slug, "created_at": one.created_at} for one in aliases.of(row.id)]
            yield {
                "type": "thread",
                "slug": row.slug,
                "aliases": former,
                "title": row.title,
                "url": row.url,
                "mode": row.mode,
                "closes_at": row.closes_at,
                "slow_seconds": row.slow_seconds,
                "last_n": row.last_n,
                "opened_at": row.opened_at,
                "created_at": row.created_at,
            }


def _authors(session: Session, site_id: int) -> Iterator[Record]:
    columns = (Author.id, Author.key_hash, Author.name, Author.trusted_at, Author.created_at)
    for rows in _batches(session, select(*columns).where(Author.site_id == site_id), Author.id):
        yield from ({"type": "author"} | _fields(row) for row in rows)


def _comments(session: Session, source: Source) -> Iterator[Record]:
    query = (
        select(
            Comment.id,
            Thread.slug.label("thread"),
            *(Comment.parent_id.label("parent"), Comment.root_id.label("root")),
            Author.key_hash.label("author"),
            *(Comment.name, Comment.badge, Comment.status, Comment.revision, Comment.held_revision),
            *(Comment.reason, Comment.n, Comment.shown, Comment.ups, Comment.downs, Comment.score),
            *(Comment.reviewed, Comment.created_at, Comment.edited_at, Comment.withdrawn_at),
        )
        .join(Thread, Thread.id == Comment.thread_id)
        .outerjoin(Author, Author.id == Comment.author_id)
        .where(Comment.site_id == source.site_id)
    )
    for rows in _batches(session, query, Comment.id):
        belongings = [
            (kind, _Following(session, rest)) for kind, rest in _belonging([row.id for row in rows])
        ]
        notices = _Following(session, _notices([row.id for row in rows]))
        for row in rows:
            number = _number(source, row.id)
            above = {"parent": _number(source, row.parent), "root": _number(source, row.root)}
            yield {"type": "comment", "id": number} | _fields(row) | above
            for kind, following in belongings:
                for one in following.of(row.id):
                    record = {"type": kind, "comment": number} | _fields(one)
                    if kind == "report":
                        theirs = notices.of(row.id, record.pop("id"))
                        record["notices"] = [_fields(notice, skip=2) for notice in theirs]
                    yield record


def _belonging(ids: list[int]) -> Iterator[tuple[str, AnySelect]]:
    yield (
        "revision",
        select(Revision.comment_id, Revision.revision, Revision.body, Revision.salt, Revision.created_at)
        .where(Revision.comment_id.in_(ids))
        .order_by(Revision.comment_id, Revision.revision),
    )
    yield (
        "evidence",
        select(
            *(Evidence.comment_id, Evidence.revision, Evidence.check.label("check"), Evidence.rule),
            *(Evidence.start.label("start"), Evidence.end.label("end"), Evidence.score, Evidence.message),
        )
        .where(Evidence.comment_id.in_(ids))
        .order_by(Evidence.comment_id, Evidence.id),
    )
    yield (
        "vote",
        select(Vote.comment_id, Author.key_hash.label("author"), Vote.value, Vote.created_at)
        .join(Author, Author.id == Vote.author_id)
        .where(Vote.comment_id.in_(ids))
        .order_by(Vote.comment_id, Vote.author_id),
    )
    yield (
        "report",
        select(
            *(Report.comment_id, Report.id, Report.revision, Report.reason, Report.text),
            *(Author.key_hash.label("author"), Report.created_at, Report.closed_at),
            Decision.seq.label("decision"),
        )
        .outerjoin(Author, Author.id == Report.author_id)
        .outerjoin(Decision, Decision.id == Report.decision_id)
        .where(Report.comment_id.in_(ids))
        .order_by(Report.comment_id, Report.id),
    )


def _notices(ids: list[int]) -> AnySelect:
    columns = (Notice.revision, Notice.text, Notice.name, Notice.email, Notice.receipt, Notice.created_at)
    return (
        select(Report.comment_id, Report.id, *columns)
        .join(Report, Report.id == Notice.report_id)
        .where(Report.comment_id.in_(ids))
        .order_by(Report.comment_id, Report.id, Notice.id)
    )


def _decisions(session: Session, source: Source) -> Iterator[Record]:
    reversed_one = aliased(Decision)
    query = (
        select(Decision, DecisionOrigin, DecisionNote, Moderator.name, reversed_one.seq)
        .outerjoin(DecisionOrigin, DecisionOrigin.decision_id == Decision.id)
        .outerjoin(DecisionNote, DecisionNote.decision_id == Decision.id)
        .outerjoin(Moderator, Moderator.id == Decision.moderator_id)
        .outerjoin(reversed_one, reversed_one.id == Decision.reverses)
        .where(Decision.site_id == source.site_id)
    )
    last = 0
    while rows := session.execute(query.where(Decision.seq > last).order_by(Decision.seq).limit(BATCH)).all():
        for decision, origin, note, by, reverses in rows:
            yield _decision(source, decision, origin, note, by, reverses)
        last = rows[-1][0].seq
        session.expunge_all()


def _decision(
    source: Source,
    row: Decision,
    origin: DecisionOrigin | None,
    note: DecisionNote | None,
    by: str | None,
    reverses: int | None,
) -> Record:
    chained = origin or DecisionOrigin(
        site=row.site_id, comment=row.comment_id, moderator=row.moderator_id, reverses=row.reverses
    )
    return {
        "type": "decision",
        "seq": row.seq,
        "comment": _number(source, row.comment_id),
        "revision": row.revision,
        "action": row.action,
        "reason": row.reason,
        "by": by,
        "reverses": reverses,
        "before_status": row.before_status,
        "before_revision": row.before_revision,
        "before_held_revision": row.before_held_revision,
        "after_status": row.after_status,
        "trusts": row.trusts,
        "text_hash": row.text_hash,
        "note_hash": row.note_hash,
        "note": {"text": note.note, "salt": note.salt} if note else None,
        "created_at": row.created_at,
        "chained": {
            "site": chained.site,
            "comment": chained.comment,
            "moderator": chained.moderator,
            "reverses": chained.reverses,
        },
        "hash": row.hash,
    }


def _bans(session: Session, site_id: int) -> Iterator[Record]:
    query = (
        select(
            Ban.id,
            Author.key_hash.label("author"),
            Ban.reason,
            Moderator.name.label("by"),
            *(Ban.created_at, Ban.expires_at, Ban.lifted_at),
        )
        .join(Author, Author.id == Ban.author_id)
        .outerjoin(Moderator, Moderator.id == Ban.moderator_id)
        .where(Ban.site_id == site_id)
    )
    for rows in _batches(session, query, Ban.id):
        yield from ({"type": "ban"} | _fields(row) for row in rows)


class _Following:
    """The rows that belong to the comments of a batch, streamed in the comments' order."""

    def __init__(self, session: Session, query: AnySelect) -> None:
        self._rows: Rows = iter(session.execute(query.execution_options(yield_per=PIECE)))
        self._next = next(self._rows, None)

    def of(self, *owner: int) -> Rows:
        """The rows whose first columns are `owner`; owners must be asked for in their order."""
        while self._next is not None and self._next[: len(owner)] == owner:
            yield self._next
            self._next = next(self._rows, None)


def _batches(session: Session, query: AnySelect, id_column: Any) -> Iterator[list[AnyRow]]:
    """Keyset pages by an id that is the query's column `id`."""
    last = 0
    while rows := list(session.execute(query.where(id_column > last).order_by(id_column).limit(BATCH))):
        yield rows
        last = rows[-1].id


def _number(source: Source, id: Any) -> Any:
    """What the source calls the comment with this id here; None for None."""
    is_moved = id is not None and 0 < id - source.distance <= source.highest
    return id - source.distance if is_moved else id


def _fields(row: AnyRow, skip: int = 1) -> Record:
    """A row's columns but the first, which are its id or its owners'."""
    return dict(zip(row._fields[skip:], row[skip:], strict=True))

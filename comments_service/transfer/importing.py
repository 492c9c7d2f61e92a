"""Import: what a checked file has and the site has not, in small transactions that may be broken off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, cast

from sqlalchemy import Insert, Table, exists, insert, select, text, update
from sqlalchemy.orm import Session

from .. import clock, db, log, publishing, searching
from ..db import Base, Database
from ..errors import Conflict, NotFound
from ..models import (
    Author,
    Ban,
    Comment,
    CommentWords,
    Decision,
    DecisionNote,
    Evidence,
    Grant,
    LogHead,
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
from ..models.comment import BANDS
from ..models.rank import rank
from ..text import duplicates, near
from ..text.render import POLICY_VERSION, render
from .checking import Checked, decision, origin
from .exporting import own_source
from .records import BELONGING, COUNTED, Record

BATCH = 100
# A comment and all that belongs to it are stored in one transaction, however much that is.
MOST_LINES = 500
# Of all texts in a transaction: with their renderings they take some ten times as much memory.
MOST_CHARACTERS = 50_000
# Of numbers alone; a break while they are looked at begins with the first of them again.
MOST_NUMBERS = 300
TOLD_EVERY = 10_000
# For SQLite's pages: nearly all of them are written once, and the system's own cache holds the others.
CACHE_KILOBYTES = 256

LOG_LEFT_OUT = (
    "The site has a decision log of its own, and a log cannot be merged: {:,} decisions are left out."
)
OTHER_NUMBER = (
    "The site has another number here ({} instead of {}): author keys were hashed under that, so readers"
    " are not recognised as the authors of their imported comments."
)
KEPT_POLICY = "The site is not empty: it keeps its own name and policy."
LIVED_ON = (
    "The site has lived on here since this source was first imported, so the numbers of the {:,} newer"
    " comments are taken. Import them into an empty site."
)

THREAD_LEFT = "A thread of the file was given another slug meanwhile. Run the command again."

# SQLite has no such row before the first comment.
_FIRST_NUMBER = (
    "INSERT INTO sqlite_sequence SELECT 'comment', 0"
    " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'comment')"
)
# Built once, and run on the connection: the session's own way costs several times as much.
_ADD: dict[type[Base], Insert] = {
    model: insert(cast(Table, model.__table__)) for model in (Revision, CommentWords, Vote, Report)
}
_PLAIN = {"execution_options": {"synchronize_session": False}}

Progress = Callable[[str], None]


@dataclass
class Added:
    """How many records of each kind were (or would be) added, and what people should know besides."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """Where the file goes: comment `number` of `source` becomes `number + distance` of the site.

    is_own: the site was empty, so the places that comments have in their threads (`n`) are theirs here too.
    """

    site_id: int
    source: str
    distance: int = 0
    is_own: bool = False


def store(database: Database, file: Checked, site_key: str, tell: Progress) -> Added:
    """Add to the site what it has not; again adds nothing, and after a break goes on where it stopped.

    Every batch is a transaction of `db.write`. Raises NotFound without such a site, Conflict when the site
    has lived on since an older import of the source, and Unavailable.
    """
    added = Added()
    if database.settings.is_sqlite:
        database.write(lambda session: session.execute(text(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")))
    place = _place(database, file, site_key, added)
    if place is None:
        return added
    for kind, add in (("thread", _add_threads), ("author", _add_authors)):
        tell(f"Importing {file.counts[kind]:,} {kind}s")
        for records in _batches(file.records(kind)):
            added.counts[kind] += database.write(partial(add, place=place, records=records))
    # Before the comments: once those can be seen, moderators decide, and what they decide ends a log that
    # could still be taken over.
    _store_decisions(database, file, place, added, tell)
    _store_comments(database, file, place, added, tell)
    for records in _batches(file.records("ban")):
        work = partial(_add_bans, place=place, records=records)
        added.counts["ban"] += database.write(work)
    return added


def missing(session: Session, file: Checked, site_key: str) -> Added:
    """What `store` would add to the site, which need not be there yet."""
    site = session.scalars(select(Site).where(Site.key == site_key)).first()
    if site is None:
        return Added(Counter({kind: file.counts[kind] for kind in COUNTED}))
    added = Added()
    if _is_home(session, file, site):
        return added
    source = session.get(Source, (site.id, file.header["source"]))
    place = _Place(site.id, file.header["source"])
    for records in _batches(file.records("thread")):
        added.counts["thread"] += len(_new_threads(session, place, records))
    for records in _batches(file.records("author")):
        added.counts["author"] += len(_new_authors(session, place, records))
    agreed = _agreed(session, file, site.id)
    if agreed is None:
        added.notes.append(LOG_LEFT_OUT.format(file.counts["decision"]))
    else:
        added.counts["decision"] = max(0, file.counts["decision"] - agreed)
    added.counts["comment"] = file.comments_after(source.last if source else 0)
    for records in _batches(file.records("ban")):
        added.counts["ban"] += sum(not _is_known_ban(session, place, record) for record in records)
    if source is None and not _is_empty(session, site.id):
        added.notes.append(KEPT_POLICY)
    return added


def _place(database: Database, file: Checked, site_key: str, added: Added) -> _Place | None:
    """The site made ready; None when the file comes from this very site, which has it all."""

    def known(session: Session) -> tuple[_Place | None, bool]:
        site = _site(session, site_key)
        source = session.get(Source, (site.id, file.header["source"]))
        if source is not None:
            _reserve_more(session, file, source)
            return _Place(site.id, source.source, source.distance, source.is_own), False
        # From here on no comment of anybody gets a number that the file has.
        _raise_numbers(session, Comment, file.highest)
        return None, _is_home(session, file, site)

    place, is_home = database.write(known)
    if place is not None or is_home:
        return place
    keeps = not any(_are_taken(database, numbers) for numbers in _batches(file.numbers(), MOST_NUMBERS))
    begun, notes = database.write(partial(_begin, file=file, site_key=site_key, keeps=keeps))
    added.notes.extend(notes)
    return begun


def _begin(session: Session, *, file: Checked, site_key: str, keeps: bool) -> tuple[_Place, list[str]]:
    site = _site(session, site_key)
    is_own = _is_empty(session, site.id)
    distance = 0 if keeps and is_own else _last_number(session)
    _raise_numbers(session, Comment, distance + file.highest)
    number = file.header["site"]["number"]
    site_id = _take_over(session, site, file.header["site"]) if is_own else site.id
    notes = [] if is_own else [KEPT_POLICY]
    if site_id != number and file.counts["author"]:
        notes.append(OTHER_NUMBER.format(site_id, number))
    session.add(
        Source(
            site_id=site_id,
            source=file.header["source"],
            is_own=is_own,
            site_number=number,
            distance=distance,
            highest=file.highest,
            last=0,
        )
    )
    return _Place(site_id, file.header["source"], distance, is_own), notes


def _site(session: Session, site_key: str) -> Site:
    site = session.scalars(select(Site).where(Site.key == site_key).with_for_update()).first()
    if site is None:
        raise NotFound(f"There is no site {site_key!r}.", code="site_not_found")
    return site


def _is_home(session: Session, file: Checked, site: Site) -> bool:
    """Whether the file was exported from this very site, which never moved."""
    ours = own_source(session, site).source
    is_ours = ours == file.header["source"] and session.get(Source, (site.id, ours)) is None
    return is_ours and not _is_empty(session, site.id)


def _is_empty(session: Session, site_id: int) -> bool:
    return not any(
        session.scalar(select(exists().where(model.site_id == site_id)))
        for model in (Thread, Author, Decision, Source)
    )


def _reserve_more(session: Session, file: Checked, source: Source) -> None:
    """For a newer export of a source that was imported before."""
    if file.highest <= source.highest:
        return
    first, last = source.highest + source.distance + 1, file.highest + source.distance
    if session.scalar(select(exists().where(Comment.id.between(first, last)))):
        raise Conflict(LIVED_ON.format(file.comments_after(source.highest)))
    _raise_numbers(session, Comment, last)
    source.highest = file.highest


def _are_taken(database: Database, numbers: list[int]) -> bool:
    taken = select(exists().where(Comment.id.in_(numbers)))
    return bool(database.write(lambda session: session.scalar(taken)))


def _take_over(session: Session, site: Site, there: Record) -> int:
    """Make an empty site the one of the file; returns its id, which is the one it had there if possible.

    Author keys are hashed under it.
    """
    site.name, site.policy, site.created_at = there["name"], there["policy"], there["created_at"]
    site.version = max(site.version + 1, clock.microseconds(clock.now()))
    session.flush()
    number = there["number"]
    is_used = session.scalar(select(exists().where(Site.id == number)))
    refers = [exists().where(model.site_id == site.id) for model in (Grant, LogHead)]
    if is_used or session.scalar(select(refers[0] | refers[1])):
        return site.id
    session.execute(update(Site).where(Site.id == site.id).values(id=number), **_PLAIN)
    session.expunge(site)
    _raise_numbers(session, Site, number)
    return int(number)


def _last_number(session: Session) -> int:
    """The last id that any comment was given."""
    if session.get_bind().dialect.name == "postgresql":
        query = "SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM comment_id_seq"
    else:
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'comment'"
    return session.scalar(text(query)) or 0


def _raise_numbers(session: Session, model: type[Base], to: int) -> None:
    """From now on, ids that the database gives are greater than `to`."""
    table = model.__tablename__
    if to < 1:
        return
    if session.get_bind().dialect.name == "postgresql":
        # Nobody may draw a number between the look and the raise.
        session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
        raised = f"SELECT setval('{table}_id_seq', greatest(:to, last_value)) FROM {table}_id_seq"  # noqa: S608
        session.execute(text(raised), {"to": to})
    elif table == "comment":
        session.execute(text(_FIRST_NUMBER))
        raised = "UPDATE sqlite_sequence SET seq = :to WHERE name = 'comment' AND seq < :to"
        session.execute(text(raised), {"to": to})
    # SQLite counts the other tables' ids from their greatest.


def _add_threads(session: Session, *, place: _Place, records: list[Record]) -> int:
    fresh = _new_threads(session, place, records)
    if not fresh:
        return 0
    now = clock.microseconds(clock.now())
    columns = (
        "slug",
        "title",
        "url",
        "mode",
        "closes_at",
        "slow_seconds",
        "last_n",
        "opened_at",
        "created_at",
    )
    rows = [
        {
            "site_id": place.site_id,
            "version": now if record["opened_at"] else 0,
            **{name: record[name] for name in columns},
            "last_n": record["last_n"] if place.is_own else 0,
        }
        for record in fresh
    ]
    # A reader may write the first comment on the slug at this moment.
    session.execute(db.insert(session, Thread).on_conflict_do_nothing(), rows)
    ids = _thread_ids(session, place, [record["slug"] for record in fresh])
    searching.keep_threads(session, [row.id for row in ids.values()])
    aliases = [
        {"site_id": place.site_id, "thread_id": ids[record["slug"]].id, **alias}
        for record in fresh
        for alias in record["aliases"]
    ]
    taken = _thread_ids(session, place, [alias["slug"] for alias in aliases])
    if free := [alias for alias in aliases if alias["slug"] not in taken]:
        session.execute(db.insert(session, ThreadAlias).on_conflict_do_nothing(), free)
    return len(fresh)


def _new_threads(session: Session, place: _Place, records: list[Record]) -> list[Record]:
    known = _thread_ids(session, place, [record["slug"] for record in records])
    return [record for record in records if record["slug"] not in known]


def _thread_ids(session: Session, place: _Place, slugs: Iterable[str]) -> dict[str, Any]:
    """(id, created_at) of the threads to which these slugs or aliases lead."""
    wanted = set(slugs)
    columns = (Thread.id, Thread.created_at)
    aliases = select(ThreadAlias.slug, *columns).join(Thread, Thread.id == ThreadAlias.thread_id)
    aliases = aliases.where(ThreadAlias.site_id == place.site_id, ThreadAlias.slug.in_(wanted))
    own = select(Thread.slug, *columns).where(Thread.site_id == place.site_id, Thread.slug.in_(wanted))
    return {row.slug: row for query in (aliases, own) for row in session.execute(query)}


def _add_authors(session: Session, *, place: _Place, records: list[Record]) -> int:
    fresh = _new_authors(session, place, records)
    if fresh:
        rows = [
            {"site_id": place.site_id, **{name: value for name, value in record.items() if name != "type"}}
            for record in fresh
        ]
        session.execute(db.insert(session, Author).on_conflict_do_nothing(), rows)
    return len(fresh)


def _new_authors(session: Session, place: _Place, records: list[Record]) -> list[Record]:
    known = _author_ids(session, place, (record["key_hash"] for record in records))
    return [record for record in records if record["key_hash"] not in known]


def _author_ids(session: Session, place: _Place, hashes: Iterable[bytes | None]) -> dict[bytes, int]:
    ids: dict[bytes, int] = {}
    for some in _batches(iter({one for one in hashes if one is not None})):
        query = select(Author.key_hash, Author.id).where(Author.site_id == place.site_id)
        ids.update({row.key_hash: row.id for row in session.execute(query.where(Author.key_hash.in_(some)))})
    return ids


def _moderator_ids(session: Session, names: Iterable[str | None]) -> dict[str | None, int | None]:
    """Moderators by name; None, which is software, has no id.

    One who is not here is added as removed: decisions name them, but a file gives nobody a right.
    """
    ids: dict[str | None, int | None] = {None: None}
    for name in sorted({name for name in names if name is not None}):
        found = session.scalar(select(Moderator.id).where(Moderator.name == name))
        if found is None:
            person = Moderator(name=name, created_at=clock.now(), removed_at=clock.now())
            session.add(person)
            session.flush()  # its id is the answer
            found = person.id
        ids[name] = found
    return ids


def _store_decisions(database: Database, file: Checked, place: _Place, added: Added, tell: Progress) -> None:
    agreed = database.write(lambda session: _agreed(session, file, place.site_id))
    for records in _batches(file.records("decision")):
        if agreed is None:
            break
        if records[-1]["seq"] <= agreed:
            continue
        tell(f"Importing decisions up to {records[-1]['seq']:,} of {file.counts['decision']:,}")
        fresh = [record for record in records if record["seq"] > agreed]
        try:
            database.write(partial(_add_decisions, file=file, place=place, records=fresh))
        except Conflict:  # somebody decided meanwhile
            agreed = None
            break
        added.counts["decision"] += len(fresh)
        agreed = fresh[-1]["seq"]
    if agreed is None:
        left_out = file.counts["decision"] - added.counts["decision"]
        added.notes.append(LOG_LEFT_OUT.format(left_out))


def _agreed(session: Session, file: Checked, site_id: int) -> int | None:
    """How many decisions of the file the site's log begins with; None if it begins with others."""
    common = min(log.head(session, site_id).count, file.counts["decision"])
    if common == 0:
        return 0
    ours = session.scalar(select(Decision.hash).where(Decision.site_id == site_id, Decision.seq == common))
    return common if ours == file.decision_hash(common) else None


def _add_decisions(session: Session, *, file: Checked, place: _Place, records: list[Record]) -> None:
    moderators = _moderator_ids(session, (record["by"] for record in records))
    rows = []
    for record in records:
        row = decision(record)
        row.site_id, row.comment_id = place.site_id, record["comment"] + place.distance
        row.moderator_id = moderators[record["by"]]
        note = record["note"]
        kept = DecisionNote(note=note["text"], salt=note["salt"]) if note else None
        rows.append((row, origin(record), kept))
    log.extend(session, place.site_id, rows)
    ids = _decision_ids(session, place, file, (record["reverses"] for record in records))
    for record, (row, _, _) in zip(records, rows, strict=True):
        row.reverses = ids.get(record["reverses"])


def _decision_ids(
    session: Session, place: _Place, file: Checked, places: Iterable[int | None]
) -> dict[int | None, int]:
    """The ids of the file's decisions at these places in the log, but of those that were left out."""
    wanted = {seq for seq in places if seq is not None}
    if not wanted:
        return {}
    query = select(Decision.seq, Decision.id, Decision.hash)
    query = query.where(Decision.site_id == place.site_id, Decision.seq.in_(wanted))
    return {row.seq: row.id for row in session.execute(query) if row.hash == file.decision_hash(row.seq)}


@dataclass(frozen=True)
class _Whole:
    """A comment with all that belongs to it, rendered."""

    record: Record
    belonging: dict[str, list[Record]]
    html: dict[int, str]
    fingerprint: bytes | None
    bands: near.Bands


def _store_comments(database: Database, file: Checked, place: _Place, added: Added, tell: Progress) -> None:
    last = database.write(lambda session: _source(session, place).last)
    total, done, told = file.counts["comment"], 0, 0
    for wholes in _some(file.records("comment"), after=last):
        work = partial(_add_comments, file=file, place=place, wholes=wholes)
        added.counts["comment"] += database.write(work)
        done += len(wholes)
        if done - told >= TOLD_EVERY:
            tell(f"Imported {done:,} of {total:,} comments")
            told = done


def _some(records: Iterator[Record], *, after: int) -> Iterator[list[_Whole]]:
    """Batches of comments with greater numbers than `after`, each good until the next is asked for.

    Rendered here, outside any transaction.
    """
    batch: list[_Whole] = []
    lines = characters = 0
    for group in _groups(records):
        if group[0]["id"] <= after:
            continue
        batch.append(_whole(group))
        lines += len(group)
        characters += sum(len(record.get("body", "")) for record in group)
        if len(batch) >= BATCH or lines >= MOST_LINES or characters >= MOST_CHARACTERS:
            yield batch
            # The next one is not to be made beside it.
            batch.clear()
            lines = characters = 0
    if batch:
        yield batch


def _groups(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Each comment with the lines that follow it."""
    group: list[Record] = []
    for record in records:
        if record["type"] == "comment" and group:
            yield group
            group = []
        group.append(record)
    if group:
        yield group


def _whole(group: list[Record]) -> _Whole:
    belonging: dict[str, list[Record]] = {kind: [] for kind in BELONGING}
    for record in group[1:]:
        belonging[record["type"]].append(record)
    # What the file may say of html counts for nothing: it is made here, from the source text.
    html = {one["revision"]: render(one["body"]).html if one["body"] else "" for one in belonging["revision"]}
    latest = belonging["revision"][-1]["body"]
    # Who took back what they said may say it again.
    bands = near.bands(latest) if latest and not group[0]["withdrawn_at"] else near.NO_BANDS
    return _Whole(group[0], belonging, html, duplicates.fingerprint(latest) if latest else None, bands)


def _add_comments(session: Session, *, file: Checked, place: _Place, wholes: list[_Whole]) -> int:
    """Store comments, leaving what publishing would have left; returns how many were not there yet."""
    source = _source(session, place)
    wholes = [whole for whole in wholes if whole.record["id"] > source.last]
    if not wholes:
        return 0
    threads = _thread_ids(session, place, (whole.record["thread"] for whole in wholes))
    if any(whole.record["thread"] not in threads for whole in wholes):
        raise Conflict(THREAD_LEFT)
    authors = _author_ids(session, place, _authors_of(wholes))
    rows = [_comment(whole, place, threads, authors) for whole in wholes]
    # A thread that somebody else began goes on counting its places.
    renumbered = {
        row.id
        for slug, row in threads.items()
        if not place.is_own or clock.microseconds(row.created_at) != file.thread_made(slug)
    }
    html = [whole.html[whole.record["revision"]] for whole in wholes]
    publishing.add_all(session, rows, html, renumbered=renumbered)
    _add_belongings(session, place, file, wholes, authors)
    source.last = wholes[-1].record["id"]
    return len(rows)


def _source(session: Session, place: _Place) -> Source:
    return session.get_one(Source, (place.site_id, place.source), with_for_update=True)


def _authors_of(wholes: list[_Whole]) -> Iterator[bytes | None]:
    for whole in wholes:
        yield whole.record["author"]
        for kind in ("vote", "report"):
            yield from (record["author"] for record in whole.belonging[kind])


def _comment(
    whole: _Whole, place: _Place, threads: dict[str, Any], authors: dict[bytes, int]
) -> dict[str, Any]:
    record = whole.record
    names = ("name", "badge", "status", "revision", "held_revision", "reason", "n", "ups", "downs", "score")
    more = ("reviewed", "created_at", "edited_at", "withdrawn_at")
    return {
        "id": record["id"] + place.distance,
        "site_id": place.site_id,
        "thread_id": threads[record["thread"]].id,
        "parent_id": record["parent"] and record["parent"] + place.distance,
        "root_id": record["root"] and record["root"] + place.distance,
        "author_id": record["author"] and authors[record["author"]],
        **{name: record[name] for name in (*names, *more)},
        "rank": rank(record["ups"], record["downs"]),
        "open_reports": sum(one["closed_at"] is None for one in whole.belonging["report"]),
        "fingerprint": whole.fingerprint,
        **dict(zip(BANDS, whole.bands, strict=False)),
    }


def _add_belongings(
    session: Session, place: _Place, file: Checked, wholes: list[_Whole], authors: dict[bytes, int]
) -> None:
    """Address hashes stay behind: without the keys of their days they say nothing."""
    decisions = _decision_ids(
        session, place, file, (one["decision"] for whole in wholes for one in whole.belonging["report"])
    )
    rows: dict[type[Base], list[Record]] = {model: [] for model in _ADD}
    evidence: list[Record] = []
    for whole in wholes:
        made_here = {"comment_id": whole.record["id"] + place.distance}
        judged = whole.record["held_revision"] or whole.record["revision"]
        for one in whole.belonging["revision"]:
            markup = {"html": whole.html[one["revision"]], "policy_version": POLICY_VERSION}
            rows[Revision].append(_stored(one) | made_here | markup)
            if one["revision"] == judged and one["body"]:
                words = searching.of_comment(whole.record["name"], one["body"])
                rows[CommentWords].append(made_here | {"words": words})
        evidence += (_stored(one) | made_here for one in whole.belonging["evidence"])
        for one in whole.belonging["vote"]:
            rows[Vote].append(_stored(one) | made_here | {"author_id": authors[one["author"]]})
        for one in whole.belonging["report"]:
            author = {"author_id": one["author"] and authors[one["author"]]}
            answer = {"decision_id": decisions.get(one["decision"])}
            report = _stored(one) | made_here | author | answer
            if one["notices"]:
                _add_noticed(session, report, one["notices"])
            else:
                rows[Report].append(report)
    for model, theirs in rows.items():
        if theirs:
            session.connection().execute(_ADD[model], theirs)
    if evidence:
        session.execute(insert(Evidence), evidence)


def _add_noticed(session: Session, report: dict[str, Any], notices: list[Record]) -> None:
    report_id = session.execute(insert(Report).values(report).returning(Report.id)).scalar_one()
    rows = [{"report_id": report_id, **notice} for notice in notices]
    # A receipt is good for one notice: where another site here has it already, it stays that site's.
    session.execute(db.insert(session, Notice).on_conflict_do_nothing(), rows)


def _stored(record: Record) -> Record:
    """The fields that are columns of the same name."""
    return {
        name: value
        for name, value in record.items()
        if name not in ("type", "comment", "author", "decision", "by", "notices")
    }


def _add_bans(session: Session, *, place: _Place, records: list[Record]) -> int:
    authors = _author_ids(session, place, (record["author"] for record in records))
    fresh = [record for record in records if not _is_known_ban(session, place, record)]
    moderators = _moderator_ids(session, (record["by"] for record in fresh))
    for record in fresh:
        ids = {"author_id": authors[record["author"]], "moderator_id": moderators[record["by"]]}
        session.add(Ban(site_id=place.site_id, **_stored(record), **ids))
    return len(fresh)


def _is_known_ban(session: Session, place: _Place, record: Record) -> bool:
    author = select(Author.id).where(Author.site_id == place.site_id, Author.key_hash == record["author"])
    query = exists().where(
        Ban.site_id == place.site_id,
        Ban.author_id == author.scalar_subquery(),
        Ban.created_at == record["created_at"],
    )
    return bool(session.scalar(select(query)))


def _batches(items: Iterable[Any], most: int | None = None) -> Iterator[list[Any]]:
    items = iter(items)
    while batch := list(islice(items, most or BATCH)):
        yield batch

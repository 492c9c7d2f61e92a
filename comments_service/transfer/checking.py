"""Checking a whole file before anything is stored: footer, lines, and what lines say of each other."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

from .. import clock, log
from ..errors import Invalid
from ..models import PUBLISHED, WITHDRAWN, Decision, DecisionOrigin
from ..text import bodies
from .records import BELONGING, KINDS, LONGEST_LINE, Record, bad, decoded

TOLD_EVERY = 200_000
# What the lines say of each other, on disk: a million comments would not fit into the memory we allow.
SCRATCH = """
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -256; PRAGMA temp_store = FILE;
    CREATE TABLE slug (slug TEXT PRIMARY KEY, thread INTEGER) WITHOUT ROWID;
    CREATE TABLE thread (id INTEGER PRIMARY KEY, last_n INTEGER, created_at INTEGER);
    CREATE TABLE author (key_hash BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE comment (
        id INTEGER PRIMARY KEY, thread INTEGER, parent INTEGER, root INTEGER, n INTEGER, shown INTEGER,
        status TEXT, line INTEGER, decided TEXT
    );
    CREATE TABLE decision (seq INTEGER PRIMARY KEY, comment INTEGER, hash BLOB);
    CREATE TABLE answer (decision INTEGER, comment INTEGER, line INTEGER);
"""
CONTRADICTIONS = (
    (
        "SELECT c.line FROM comment c JOIN comment p ON p.id = c.parent WHERE c.shown AND NOT p.shown",
        "this comment is shown, but the one it replies to is not.",
    ),
    (
        "SELECT p.line FROM comment p WHERE p.shown AND p.status <> 'published'"
        " AND NOT EXISTS (SELECT 1 FROM comment c WHERE c.parent = p.id AND c.shown)",
        "this comment is shown, but neither published nor above a comment that is.",
    ),
    (
        "SELECT max(line) FROM comment WHERE n IS NOT NULL GROUP BY thread, n HAVING count(*) > 1",
        "another comment of the thread has the same n.",
    ),
    (
        "SELECT line FROM comment WHERE decided IS NOT NULL AND status NOT IN (decided, 'withdrawn')",
        "the last decision on this comment left it in another status.",
    ),
    (
        "SELECT a.line FROM answer a LEFT JOIN decision d ON d.seq = a.decision"
        " WHERE d.comment IS NULL OR d.comment <> a.comment",
        "no decision on this comment has the number that the report names.",
    ),
)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Checked:
    """A file that is whole and agrees with itself.

    `highest` is the greatest number of a comment that it speaks of. `_starts` says at which byte and line
    each section begins.
    """

    header: Record
    counts: Counter[str]
    highest: int
    _file: BinaryIO
    _starts: dict[str, tuple[int, int]]
    _scratch: sqlite3.Connection

    def records(self, kind: str) -> Iterator[Record]:
        """The records of a section: `thread`, `author`, `comment` (with all that belongs to them), ..."""
        if kind not in self._starts:
            return
        offset, number = self._starts[kind]
        section = (kind, *BELONGING) if kind == "comment" else (kind,)
        self._file.seek(offset)
        for line in iter(self._file.readline, b""):
            record = decoded(line, number)
            if record["type"] not in section:
                return
            yield record
            number += 1

    def thread_made(self, slug: str) -> int:
        """When the file says the thread was made, in microseconds."""
        query = "SELECT created_at FROM thread JOIN slug ON slug.thread = thread.id WHERE slug = ?"
        return int(self._scratch.execute(query, (slug,)).fetchone()[0])

    def numbers(self) -> Iterator[int]:
        """Every number of a comment that the file speaks of, some of them again and again."""
        # To sort them out would take two megabytes.
        query = "SELECT id FROM comment UNION ALL SELECT comment FROM decision"
        return (row[0] for row in self._scratch.execute(query))

    def decision_hash(self, seq: int) -> bytes | None:
        """The hash of the decision with this place in the log; None if the file has no such decision."""
        row = self._scratch.execute("SELECT hash FROM decision WHERE seq = ?", (seq,)).fetchone()
        return row[0] if row else None

    def comments_after(self, number: int) -> int:
        """How many comments have a greater number."""
        query = "SELECT count(*) FROM comment WHERE id > ?"
        return int(self._scratch.execute(query, (number,)).fetchone()[0])

    def close(self) -> None:
        """Drop what was noted on disk."""
        self._scratch.close()


def check(file: BinaryIO, *, longest: int, tell: Progress) -> Checked:
    """Read a whole file; `longest` is the greatest length of a body.

    Raises Invalid, with the number of the line where there is one, when the file is cut or altered, when a
    value is out of bounds, and when lines contradict each other.
    """
    scratch = sqlite3.connect("", isolation_level=None)
    try:
        scratch.executescript(SCRATCH)
        scratch.execute("BEGIN")
        reading = _Reading(scratch, longest)
        _read(file, reading, tell)
        reading.look_for_contradictions()
        # From here on few of its pages are looked at.
        scratch.executescript("PRAGMA cache_size = -64; PRAGMA shrink_memory;")
    except BaseException:
        scratch.close()
        raise
    assert reading.header is not None
    return Checked(reading.header, reading.counts, reading.highest, file, reading.starts, scratch)


def _read(file: BinaryIO, reading: _Reading, tell: Progress) -> None:
    digest, offset, number = hashlib.sha256(), 0, 0
    file.seek(0)
    while line := file.readline(LONGEST_LINE):
        number += 1
        if reading.footer is not None:
            raise bad(number, "the footer must be the last line.")
        if not line.endswith(b"\n"):
            if len(line) == LONGEST_LINE:
                raise bad(number, f"a line has less than {LONGEST_LINE:,} bytes.")
            raise Invalid(message=f"The file is cut off in line {number:,}; export it again.")
        record = decoded(line, number)
        reading.take(record, number, offset)
        if record["type"] == "footer" and record["sha256"] != digest.digest():
            raise Invalid(
                message="The file was altered or damaged: its SHA-256 is not the one in its footer."
            )
        digest.update(line)
        offset += len(line)
        if number % TOLD_EVERY == 0:
            tell(f"Checked {number:,} lines")
    if reading.footer is None:
        raise Invalid(message="The file is cut off: it has no footer; export it again.")


class _Reading:
    """What the lines so far have said, and whether the next one agrees with it."""

    def __init__(self, scratch: sqlite3.Connection, longest: int) -> None:
        self.header: Record | None = None
        self.footer: Record | None = None
        self.counts: Counter[str] = Counter()
        self.highest = 0
        self.starts: dict[str, tuple[int, int]] = {}
        self._do = scratch.execute
        self._longest = longest
        self._section = 0
        self._comment: _Comment | None = None
        self._threads = 0
        self._end = log.NOTHING_YET
        self._slug = lru_cache(maxsize=1_000)(self._find_slug)

    def take(self, record: Record, line: int, offset: int) -> None:
        """Note one record. Raises Invalid."""
        kind = record["type"]
        if (kind == "header") != (line == 1):
            raise bad(line, "the header must be the first line, and only that.")
        self._enter(kind, line, offset)
        if kind not in BELONGING:
            self._finish_comment()
        self.counts[kind] += 1
        getattr(self, f"_take_{kind}")(record, line)

    def look_for_contradictions(self) -> None:
        """What only the whole file shows. Raises Invalid."""
        self._do("CREATE INDEX shown_reply ON comment (parent) WHERE shown")
        for query, message in CONTRADICTIONS:
            row = self._do(f"{query} LIMIT 1").fetchone()
            if row is not None:
                raise bad(row[0], message)

    def _enter(self, kind: str, line: int, offset: int) -> None:
        if kind in BELONGING:
            if self._comment is None:
                raise bad(line, f"a {kind} follows the comment it belongs to.")
            return
        place = KINDS.index(kind)
        if place < self._section:
            raise bad(line, f"the order is {', '.join(KINDS)}; what belongs to a comment follows it.")
        self._section = place
        self.starts.setdefault(kind, (offset, line))

    def _take_header(self, record: Record, line: int) -> None:
        self.header = record

    def _take_thread(self, record: Record, line: int) -> None:
        if record["last_n"] and record["opened_at"] is None:
            raise bad(line, "a thread that gave places (last_n) has an opened_at.")
        self._threads += 1
        made = clock.microseconds(record["created_at"])
        self._do("INSERT INTO thread VALUES (?, ?, ?)", (self._threads, record["last_n"], made))
        for slug in (record["slug"], *(alias["slug"] for alias in record["aliases"])):
            self._once("slug", (slug, self._threads), line, "another thread has this slug already.")

    def _take_author(self, record: Record, line: int) -> None:
        self._once("author", (record["key_hash"],), line, "this author is in the file already.")

    def _take_comment(self, record: Record, line: int) -> None:
        thread, last_n = self._thread(record["thread"], line)
        _check_comment(record, last_n, line)
        if record["id"] <= self.highest:
            raise bad(line, "comments stand in the order of their ids.")
        self.highest = record["id"]
        self._check_author(record["author"], line)
        self._check_parent(record, thread, line)
        values = (
            record["parent"],
            record["root"],
            record["n"],
            record["shown"],
            record["status"],
            line,
            None,
        )
        self._do("INSERT INTO comment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (record["id"], thread, *values))
        self._comment = _Comment(record, line)

    def _take_revision(self, record: Record, line: int) -> None:
        owner = self._owner(record, line)
        if record["body"] != "" or owner.record["status"] != WITHDRAWN:
            try:
                body = bodies.normalise(record["body"], longest=self._longest)
            except Invalid as error:
                raise bad(line, f"in the revision, body: {error.errors[0].message}") from None
            if body != record["body"]:
                raise bad(line, "in the revision, a body's lines end with LF alone.")
        if owner.written and record["revision"] <= max(owner.written):
            raise bad(line, "revisions stand in the order of their numbers.")
        owner.written[record["revision"]] = record["created_at"]

    def _take_evidence(self, record: Record, line: int) -> None:
        self._owner(record, line)

    def _take_vote(self, record: Record, line: int) -> None:
        owner = self._owner(record, line)
        self._check_author(record["author"], line)
        if record["author"] in owner.voters:
            raise bad(line, "this author has voted on the comment already.")
        owner.voters.add(record["author"])
        owner.votes[record["value"]] += 1

    def _take_report(self, record: Record, line: int) -> None:
        owner = self._owner(record, line)
        self._check_author(record["author"], line)
        if record["decision"] is not None:
            if record["closed_at"] is None:
                raise bad(line, "a report that a decision answered is closed.")
            self._do("INSERT INTO answer VALUES (?, ?, ?)", (record["decision"], owner.record["id"], line))

    def _take_decision(self, record: Record, line: int) -> None:
        if record["seq"] != self.counts["decision"]:
            raise bad(line, f"decision {self.counts['decision']} is missing before this one.")
        if log.chained(self._end, decision(record), origin(record)) != record["hash"]:
            raise bad(line, "the log is broken here: the hash does not follow from this row and the last.")
        self._end = record["hash"]
        _check_decision(record, line)
        if record["reverses"] is not None:
            query = "SELECT 1 FROM decision WHERE seq = ? AND comment = ?"
            if self._do(query, (record["reverses"], record["comment"])).fetchone() is None:
                raise bad(line, "the decision that this one reverses is not on the same comment.")
        self.highest = max(self.highest, record["comment"])
        self._do("INSERT INTO decision VALUES (?, ?, ?)", (record["seq"], record["comment"], record["hash"]))
        self._do("UPDATE comment SET decided = ? WHERE id = ?", (record["after_status"], record["comment"]))

    def _take_ban(self, record: Record, line: int) -> None:
        self._check_author(record["author"], line)

    def _take_footer(self, record: Record, line: int) -> None:
        self.footer = record
        for kind, count in record["counts"].items():
            if count != self.counts[kind]:
                raise bad(line, f"the footer counts {count:,} of {kind}; there are {self.counts[kind]:,}.")

    def _finish_comment(self) -> None:
        if self._comment is not None:
            self._comment.check()
            self._comment = None

    def _owner(self, record: Record, line: int) -> _Comment:
        assert self._comment is not None
        if record["comment"] != self._comment.record["id"]:
            raise bad(line, f"a {record['type']} follows the comment it belongs to.")
        return self._comment

    def _once(self, table: str, values: tuple[Any, ...], line: int, message: str) -> None:
        places = ", ".join("?" * len(values))
        try:
            self._do(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608 (our own words)
        except sqlite3.IntegrityError:
            raise bad(line, message) from None

    def _thread(self, slug: str, line: int) -> tuple[int, int]:
        found = self._slug(slug)
        if found is None:
            raise bad(line, "the file has no thread with this slug.")
        return found

    def _find_slug(self, slug: str) -> tuple[int, int] | None:
        query = "SELECT thread.id, last_n FROM slug JOIN thread ON thread.id = thread WHERE slug = ?"
        row: tuple[int, int] | None = self._do(query, (slug,)).fetchone()
        return row

    def _check_author(self, key_hash: bytes | None, line: int) -> None:
        query = "SELECT 1 FROM author WHERE key_hash = ?"
        if key_hash is not None and self._do(query, (key_hash,)).fetchone() is None:
            raise bad(line, "the file has no author with this key_hash.")

    def _check_parent(self, record: Record, thread: int, line: int) -> None:
        if record["parent"] is None:
            if record["root"] is not None:
                raise bad(line, "a comment without parent has no root.")
            return
        query = "SELECT thread, root, n FROM comment WHERE id = ?"
        above = self._do(query, (record["parent"],)).fetchone()
        if above is None:
            raise bad(line, "the comment this one replies to must stand before it.")
        if above[0] != thread or record["root"] != (above[1] or record["parent"]):
            raise bad(line, "a reply has the thread and the root of the comment it replies to.")
        if above[2] is None or (record["n"] is not None and record["n"] < above[2]):
            raise bad(line, "a reply comes after its parent: that was published once, with a lower n.")


class _Comment:
    """A comment and what has followed it so far."""

    def __init__(self, record: Record, line: int) -> None:
        self.record = record
        self.line = line
        self.written: dict[int, Any] = {}
        self.voters: set[bytes] = set()
        self.votes: Counter[int] = Counter()

    def check(self) -> None:
        """Once all that belongs to it was read. Raises Invalid."""
        held = self.record["held_revision"]
        if not {self.record["revision"], held or self.record["revision"]} <= self.written.keys():
            raise bad(self.line, "the revision this comment speaks of does not follow it.")
        edited_at = self.written[self.record["revision"]] if self.record["revision"] > 1 else None
        if self.record["status"] == PUBLISHED and self.record["edited_at"] != edited_at:
            raise bad(self.line, "a published comment was edited when its revision was written.")
        if self.votes[1] > self.record["ups"] or self.votes[-1] > self.record["downs"]:
            raise bad(self.line, "more votes follow this comment than it counts.")


def decision(record: Record) -> Decision:
    """The row of the log that a record describes, still without what is particular to one database."""
    names = ("seq", "revision", "action", "reason", "before_status", "before_revision")
    more = ("before_held_revision", "after_status", "trusts", "text_hash", "note_hash", "created_at", "hash")
    return Decision(**{name: record[name] for name in (*names, *more)})


def origin(record: Record) -> DecisionOrigin:
    """The numbers under which the record was chained."""
    return DecisionOrigin(**record["chained"])


def _check_comment(record: Record, last_n: int, line: int) -> None:
    status, n = record["status"], record["n"]
    if status == PUBLISHED and (n is None or not record["shown"]):
        raise bad(line, "a published comment has an n and is shown.")
    if record["shown"] and n is None:
        raise bad(line, "what is shown was published once, and has an n.")
    if n is not None and n > last_n:
        raise bad(line, "n is greater than the last_n of the thread.")
    if record["held_revision"] is not None and not (
        status == PUBLISHED and record["held_revision"] > record["revision"]
    ):
        raise bad(line, "held_revision is a later edit of a published comment.")
    if record["score"] != record["ups"] - record["downs"]:
        raise bad(line, "score is ups less downs.")
    if record["name"] == "" and status != WITHDRAWN:
        raise bad(line, "only a withdrawn comment has no name.")


def _check_decision(record: Record, line: int) -> None:
    chained = record["chained"]
    for ours, theirs in ((record["by"], "moderator"), (record["reverses"], "reverses")):
        if (ours is None) != (chained[theirs] is None):
            raise bad(line, f"chained.{theirs} says another thing than the decision.")
    note = record["note"]
    if note is not None and log.text_hash(note["salt"], note["text"]) != record["note_hash"]:
        raise bad(line, "the note is not the one whose hash the log holds.")

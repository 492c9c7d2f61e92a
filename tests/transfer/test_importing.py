"""Import: a round trip changes no byte, again adds nothing, and a break does no harm."""

from __future__ import annotations

import gc
import json
import os
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session, aliased

from comments_service import log, sites
from comments_service.db import Database
from comments_service.errors import Unavailable
from comments_service.grouping import Work
from comments_service.identity import Signer
from comments_service.models import Author, Comment, Decision, Grant, Moderator, Revision, Site, Thread
from comments_service.text import duplicates, near
from comments_service.transfer import exporting, importing
from comments_service.transfer.records import COUNTED
from tests.databases import NOON, add_comment, add_site, add_thread, open_database
from tests.scene import Scene
from tests.transfer.conftest import Rows, stored
from tests.transfer.files import plain
from tests.transfer.lively import checked, exported, imported, written

Open = Callable[[], Database]


def copied(empty: Path, file: Path) -> str:
    file.write_bytes(empty.read_bytes())
    return f"sqlite:///{file}"


@pytest.fixture
def fresh(tmp_path: Path, migrated_file: Path) -> Iterator[Open]:
    """Opens empty SQLite databases with an empty site."""
    with ExitStack() as stack:

        def opened() -> Database:
            number = len(list(tmp_path.glob("fresh-*.db")))
            url = copied(migrated_file, tmp_path / f"fresh-{number}.db")
            database = stack.enter_context(open_database(url))
            origin = "https://news.example"
            database.write(lambda s: sites.add(s, key="horizons", name="News", origins=[origin]))
            return database

        yield opened


def test_the_lively_site_has_some_of_everything(content: bytes) -> None:
    records = [json.loads(line) for line in content.splitlines()]
    counts = Counter(record["type"] for record in records)
    assert all(counts[kind] > 1 for kind in COUNTED)
    assert all(counts[kind] > 1 for kind in ("revision", "evidence", "vote", "report"))
    comments = [record for record in records if record["type"] == "comment"]
    assert {record["status"] for record in comments} == {
        "published",
        "pending",
        "rejected",
        "spam",
        "withdrawn",
    }
    assert any(record["held_revision"] for record in comments)
    assert any(record["shown"] and record["status"] != "published" for record in comments)
    assert any(record["name"] == "" for record in comments), "some are erased"
    decisions = [record for record in records if record["type"] == "decision"]
    assert any(record["reverses"] for record in decisions)
    assert any(record["notices"] for record in records if record["type"] == "report")


def test_a_site_moves_to_another_database_and_back_without_a_byte_changed(
    migrated_url: str, content: bytes, original: Rows, fresh: Open
) -> None:
    with open_database(migrated_url) as there:
        there.write(lambda session: add_site(session))
        imported(there, content)
        assert exported(there) == content
        for table, rows in stored(there).items():
            assert rows == original[table], table
        assert there.write(lambda session: log.verify(session, 1)) is None
        back = fresh()
        imported(back, exported(there))
    assert exported(back) == content


def test_a_second_import_adds_nothing(migrated_url: str, content: bytes) -> None:
    with open_database(migrated_url) as there:
        there.write(lambda session: add_site(session))
        assert sum(imported(there, content).counts.values()) > 0
        before = stored(there)
        with checked(content) as file:
            foreseen = there.write(lambda session: importing.missing(session, file, "horizons"))
        again = imported(there, content)
        assert +again.counts == +foreseen.counts == Counter()
        assert again.notes == foreseen.notes == []
        assert stored(there) == before


def test_a_dry_run_foresees_what_is_added(fresh: Open, content: bytes) -> None:
    there = fresh()
    before = stored(there)
    with checked(content) as file:
        foreseen = there.write(lambda session: importing.missing(session, file, "horizons"))
    assert stored(there) == before
    assert +imported(there, content).counts == +foreseen.counts


class Breaking(Database):
    """A database that is gone after some transactions."""

    left = 0

    def write(self, work: Work[Any]) -> Any:
        if self.left == 0:
            raise Unavailable("Gone.")
        self.left -= 1
        return super().write(work)


def test_an_import_that_is_broken_off_again_and_again_comes_to_the_same_end(
    migrated_url: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 7)
    chance = random.Random(20265)
    breaks = 0
    with open_database(migrated_url) as there:
        there.write(lambda session: add_site(session))
        breaking = Breaking(there.settings)
        while True:
            breaking.left = chance.randint(3, 9)
            try:
                imported(breaking, content)
            except Unavailable:
                breaks += 1
                assert there.write(lambda session: log.verify(session, 1)) is None
            else:
                break
        breaking.writer.dispose()
        assert breaks > 3
        assert exported(there) == content


def test_an_import_beside_other_sites_gets_other_numbers_and_exports_the_old_ones(
    migrated_url: str, content: bytes, fresh: Open
) -> None:
    with open_database(migrated_url) as crowded:
        Scene.on(crowded).post()
        crowded.write(lambda session: update_key(session, "elsewhere"))
        site_id = crowded.write(lambda session: add_site(session))
        added = imported(crowded, content)
        assert "another number" in added.notes[0]
        assert exported(crowded) == content
        assert crowded.write(lambda session: log.verify(session, site_id)) is None
        assert crowded.write(reversed_elsewhere) == 0
        assert +imported(crowded, content).counts == Counter()

        # The site lives on, and moves once more.
        add_comments(crowded, site_id)
        later = exported(crowded)
    assert later != content
    home = fresh()
    imported(home, later)
    assert exported(home) == later
    assert home.write(lambda session: log.verify(session, 1)) is None


def reversed_elsewhere(session: Session) -> int | None:
    """How many reversals are of a decision on another comment, which is none of course."""
    reversed_one = aliased(Decision)
    wrong = reversed_one.comment_id.is_(None) | (reversed_one.comment_id != Decision.comment_id)
    query = select(func.count()).select_from(Decision)
    query = query.outerjoin(reversed_one, reversed_one.id == Decision.reverses)
    return session.scalar(query.where(Decision.action == "reverse", wrong))


def update_key(session: Session, key: str) -> None:
    session.execute(update(Site).where(Site.id == 1).values(key=key))


def add_comments(database: Database, site_id: int) -> None:
    """A thread with a held comment and a decision on it."""
    named = select(Moderator.id).where(Moderator.name == "Ada")
    ada = database.write(lambda session: session.scalars(named).one())
    thread = database.write(lambda session: add_thread(session, site_id, "later"))
    scene = Scene(database, site_id, thread, ada)
    scene.decided(scene.post("pending"), "approve")


def test_a_site_keeps_its_number_so_that_authors_stay_who_they_were(migrated_url: str, fresh: Open) -> None:
    here = fresh()
    signer = Signer(here.settings.secret_key)
    key, site_id = "k" * 22, 4

    def write(session: Session) -> None:
        session.execute(update(Site).values(id=site_id))
        thread = add_thread(session, site_id)
        hashed = signer.author(site_id, key)
        author = Author(site_id=site_id, key_hash=hashed, name="Wren", created_at=NOON)
        session.add(author)
        session.flush()
        add_comment(session, thread, author_id=author.id, status="pending")

    here.write(write)
    with open_database(migrated_url) as there:
        there.write(lambda session: add_site(session))
        imported(there, exported(here))
        moved = there.write(lambda session: session.scalars(select(Site.id)).one())
        found = there.write(
            lambda session: session.scalar(
                select(Comment.name).join(Author).where(Author.key_hash == signer.author(moved, key))
            )
        )
        assert found == "Wren"
        assert there.write(lambda session: add_site(session, "another")) > site_id


def test_the_sites_own_export_adds_nothing_to_it(fresh: Open) -> None:
    database = fresh()
    thread = database.write(lambda session: add_thread(session, 1))
    database.write(lambda session: add_comment(session, thread, status="pending"))
    content = exported(database)
    database.write(lambda session: session.execute(delete(Comment)))
    added = imported(database, content)
    assert +added.counts == Counter()
    assert database.write(lambda session: session.scalar(select(func.count(Comment.id)))) == 0


def test_what_was_taken_back_since_does_not_return(fresh: Open, content: bytes) -> None:
    database = fresh()
    imported(database, content)
    newest = database.write(lambda session: session.scalar(select(func.max(Comment.id))))
    database.write(lambda session: session.execute(delete(Comment).where(Comment.id == newest)))
    imported(database, content)
    assert database.write(lambda session: session.get(Comment, newest)) is None


def test_comments_join_a_site_and_a_thread_that_are_there(migrated_url: str) -> None:
    with open_database(migrated_url) as database:
        scene = Scene.on(database)
        first = scene.post()
        added = imported(database, plain(thread="tarn", statuses=("published", "pending", "published")))
        assert added.counts["comment"] == 3
        assert added.counts["thread"] == 0
        assert any("keeps its own name and policy" in note for note in added.notes)
        later = scene.post()
        places = database.write(
            lambda session: [
                (row.status, row.n) for row in session.scalars(select(Comment).order_by(Comment.id))
            ]
        )
        assert places == [
            ("published", 1),
            ("published", 2),
            ("pending", None),
            ("published", 3),
            ("published", 4),
        ]
        thread = database.write(lambda session: session.get_one(Thread, scene.thread))
        assert (thread.count, thread.last_n) == (4, 4)
        assert first < later


def test_a_pending_comment_leaves_no_public_trace(fresh: Open) -> None:
    database = fresh()
    imported(database, plain(statuses=("pending", "pending")))
    thread = database.write(lambda session: session.scalars(select(Thread)).one())
    assert (thread.version, thread.count, thread.last_n, thread.opened_at) == (0, 0, 0, None)


def test_a_log_of_the_sites_own_stays_and_the_files_is_left_out(fresh: Open, content: bytes) -> None:
    database = fresh()
    scene = Scene(database, 1, database.write(lambda session: add_thread(session, 1, "own")), 0)
    scene.post("pending")
    added = imported(database, content)
    assert any("decision log of its own" in note for note in added.notes)
    assert added.counts["decision"] == 0
    assert added.counts["comment"] > 0
    assert database.write(lambda session: log.verify(session, 1)) is None
    assert database.write(lambda session: log.head(session, 1).count) == 1


def test_html_is_made_again_from_the_source(fresh: Open) -> None:
    database = fresh()
    body = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"
    imported(database, plain(body=body))
    html = database.write(lambda session: session.scalars(select(Revision.html)).one())
    assert html == "<p><strong>Bold</strong> &lt;script&gt;alert(1)&lt;/script&gt; x</p>"
    row = database.write(lambda session: session.scalars(select(Comment)).one())
    assert row.fingerprint == duplicates.fingerprint(body)
    assert b"<strong>Bold</strong> &lt;script&gt;" in (row.leaf or b"")


def test_an_imported_text_is_known_when_it_comes_again(fresh: Open) -> None:
    database = fresh()
    body = "The ferry leaves at seven, carries nobody, and the council still pays for every single crossing."
    imported(database, plain(body=body))
    row = database.write(lambda session: session.scalars(select(Comment)).one())
    assert (row.band_1, row.band_2) == near.bands(body)[:2] != (None, None)


def test_people_of_the_file_get_no_rights(fresh: Open, content: bytes) -> None:
    database = fresh()
    imported(database, content)
    assert database.write(lambda session: session.scalars(select(Moderator.removed_at)).all()) != [None]
    assert database.write(lambda session: session.scalars(select(Grant)).all()) == []


def test_a_newer_export_goes_on_where_the_last_ended(fresh: Open) -> None:
    older = plain(statuses=("published",))
    newer = plain(statuses=("published", "pending"))
    database = fresh()
    imported(database, older)
    assert imported(database, newer).counts["comment"] == 1
    assert exported(database).splitlines()[1:-1] == newer.splitlines()[1:-1]


def test_an_altered_decision_of_an_imported_log_is_found(fresh: Open, content: bytes) -> None:
    database = fresh()
    imported(database, content)
    statement = "UPDATE decision SET comment_id = comment_id + 1 WHERE seq = 3"
    database.write(lambda session: session.execute(text(statement)))
    broken = database.write(lambda session: log.verify(session, 1))
    assert broken is not None
    assert broken.seq == 3


@pytest.mark.parametrize(("bound", "most"), [("BATCH", 2), ("MOST_CHARACTERS", 16_000)])
def test_memory_does_not_grow_with_the_file(
    fresh: Open, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(importing, bound, most)
    monkeypatch.setattr(exporting, "PIECE", 2)
    body = "Lovely. " * 1_200
    peaks(fresh(), plain(body=body))  # what is made once is made
    few, many = (peaks(fresh(), plain(statuses=("published",) * size, body=body)) for size in (15, 40))
    # 25 long comments more, with their renderings some 2,500,000 bytes, and by far not as much more memory.
    assert many[0] < few[0] + 500_000
    assert many[1] < few[1] + 150_000


def peaks(database: Database, content: bytes) -> tuple[int, int]:
    """The most bytes that importing and then exporting hold at once, besides the file."""
    # What tests before this one left would have the collector look for garbage less often.
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    imported(database, content)
    importing_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    with Path(os.devnull).open("wb") as nowhere:
        written(database, nowhere)
    exporting_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    gc.unfreeze()
    return importing_most, exporting_most

"""The search: it finds what was written, in every script, follows edits, and forgets what was erased."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from comments_service import publishing, purging, searching, threads
from comments_service.db import Database
from comments_service.models import Comment, CommentWords, ThreadWords
from comments_service.publishing import State
from comments_service.text import terms
from tests.databases import NOON, add_comment
from tests.scene import Scene

TEXTS = (
    "Cheap books: 100% off!",
    "The book is cheap, and the books are not.",
    "Günstige Bücher in Größe XL",
    "東京都に行きました",
    "Я купил новую книгу",
    "हिन्दी में किताब",
    "ซื้อหนังสือราคาถูก",
    "서울에서 책을 샀다",
    "Great 🎉 party",
    "see http://books.example/cheap_ones?q=1",
)
# What somebody looks for, and which of the texts hold it.
FOUND = {
    "cheap": [0, 1, 9],
    "books cheap": [0, 1, 9],
    "boo": [0, 1, 9],
    "boo cheap": [],
    '"cheap books"': [0],
    '"cheap boo"': [],
    '"cheap boo': [0],
    "100%": [0],
    "BUCHER": [2],
    "grösse": [2],
    "東京": [3],
    "京都に": [3],
    "京": [3],
    "京東": [],
    "книг": [4],
    "किताब": [5],
    "หนังสือ": [6],
    "서울": [7],
    "🎉": [8],
    "books.example": [9],
    "Wren": [*range(10)],
    "wren party": [8],
    "%": [],
    "' OR 1=1 --": [],
    'book* NEAR(cheap "': [],
    "cheap:* | books & !off": [0],
}


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def found(scene: Scene, question: str) -> list[int]:
    """The comments that hold the terms: the same along the rows as by the index."""

    def work(session: Session) -> list[int]:
        asked = terms.asked(question)
        query = select(Comment.id).order_by(Comment.id)
        by_index = query.where(searching.holders(session, asked))
        along = searching.with_words(query).where(searching.hold(session, asked))
        ids = list(session.scalars(along))
        assert list(session.scalars(by_index)) == ids, question
        return ids

    return scene.do(work) if terms.asked(question) else []


def raise_mark(scene: Scene, until: int) -> None:
    """On SQLite: take the comments so far into the index, as the 256th does."""

    def work(session: Session) -> None:
        if session.get_bind().dialect.name == "sqlite":
            marked = "UPDATE search_mark SET until = :until WHERE name = 'comment_words'"
            session.execute(text(marked), {"until": until})

    scene.do(work)


def withdraw(scene: Scene, comment_id: int) -> None:
    def work(session: Session) -> None:
        comment = publishing.lock(session, scene.site, comment_id)
        assert comment is not None
        comment.withdrawn_at = NOON
        publishing.change(session, comment, State("withdrawn", comment.revision))

    scene.do(work)


def test_words_are_found_in_every_script_and_nothing_is_an_error(scene: Scene) -> None:
    ids = scene.do(lambda session: [add_comment(session, scene.thread, body=body) for body in TEXTS])
    for indexed in (0, 5, 10):
        raise_mark(scene, ids[indexed - 1] if indexed else 0)
        for question, places in FOUND.items():
            assert found(scene, question) == [ids[place] for place in places], (question, indexed)


def test_an_article_is_found_by_its_slug_and_its_title_as_they_are_now(scene: Scene) -> None:
    comment = scene.post()
    assert found(scene, "tarn") == [comment]
    scene.do(
        lambda session: threads.patch(
            session, site_id=scene.site, slug="tarn", changes={"title": "Die Prüfung am See"}
        )
    )
    scene.do(lambda session: threads.move(session, site_id=scene.site, slug="tarn", to="fells/mere"))
    assert found(scene, "prufung see") == found(scene, "fells/mere") == [comment]
    assert found(scene, "tarn") == []


@pytest.mark.parametrize("is_indexed", [False, True])
def test_the_text_that_is_judged_is_searched(scene: Scene, is_indexed: bool) -> None:
    comment = scene.post(body="First words.")
    if is_indexed:
        raise_mark(scene, comment)
    scene.edit(comment, "Second thoughts.", held=True)
    assert (found(scene, "second"), found(scene, "first")) == ([comment], [])
    scene.decided(comment, "reject")
    assert (found(scene, "second"), found(scene, "first")) == ([], [comment])
    scene.edit(comment, "Third attempt.")
    assert (found(scene, "third"), found(scene, "first")) == ([comment], [])


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_every_256th_comment_takes_those_before_it_into_the_index(scene: Scene) -> None:
    first = scene.post(body="Early.")
    assert indexed(scene, "early") == []
    scene.post(body="The last.", id=512)
    assert indexed(scene, "early") == [first]
    assert indexed(scene, "last") == [], "it comes with the next ones"
    late = scene.post(body="Imported early.", id=400)
    assert indexed(scene, "early") == found(scene, "early") == [first, late]


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_what_was_erased_is_nowhere_in_the_file(scene: Scene) -> None:
    gone = scene.post(body="Unspeakable words.")
    for number in range(20):
        scene.post(body=f"Other words {number}.")
        raise_mark(scene, gone + number)
    withdraw(scene, gone)
    purging.purge(scene.database, NOON + timedelta(hours=1))
    assert found(scene, "unspeakable") == []
    assert len(found(scene, "other")) == 20
    database = scene.database.settings.database_path
    files = list(database.parent.glob(f"{database.name}*"))
    assert database in files
    assert not [path.name for path in files if b"nspeakable" in path.read_bytes()]
    check = "INSERT INTO search_comment_words (search_comment_words, rank) VALUES ('integrity-check', 0)"
    scene.do(lambda session: session.execute(text(check)))


def test_what_is_erased_takes_its_words_along(scene: Scene) -> None:
    comment, kept = scene.post(body="Regretted."), scene.post()
    raise_mark(scene, kept)
    withdraw(scene, comment)
    purging.purge(scene.database, NOON + timedelta(hours=1))
    assert found(scene, "regretted") == []
    assert scene.do(lambda session: list(session.scalars(select(CommentWords.comment_id)))) == [kept]
    scene.do(lambda session: session.execute(text("DELETE FROM site")))
    for model in (CommentWords, ThreadWords):
        assert scene.do(lambda session, model=model: session.scalars(select(model)).all()) == []  # type: ignore[misc]
    assert found(scene, "lovely") == found(scene, "tarn") == []


def indexed(scene: Scene, word: str) -> list[int]:
    """What SQLite's index alone finds."""
    asked = "SELECT rowid FROM search_comment_words WHERE search_comment_words MATCH :word ORDER BY rowid"
    return scene.do(lambda session: list(session.scalars(text(asked), {"word": word})))

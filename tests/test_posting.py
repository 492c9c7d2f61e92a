"""What a post costs the database, and what happens when two meet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from comments_service import db, posting, threads
from comments_service.db import Database
from comments_service.errors import Refused
from comments_service.identity import Reader
from comments_service.models import Author
from comments_service.reading import finding
from tests.app import Service, new_author_key
from tests.statements import statements

on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


@on_postgres
def test_a_post_takes_at_most_six_round_trips(horizons: Service) -> None:
    author = new_author_key()
    root = horizons.posted("A first comment makes thread, author and day key.", author_key=author, key="1")
    with _trips(horizons.database) as trips:
        horizons.posted("The usual comment.", author_key=author, key="2")
    assert trips.pop(0) == "ping"
    assert trips.pop(0) == "begin"
    assert trips.pop() == "commit"
    assert len(trips) == 3, trips
    with _trips(horizons.database) as trips:
        horizons.posted("A reply.", parent=root["id"], author_key=author, key="3")
    assert len(trips) == 6, trips


@on_sqlite
def test_a_post_that_waits_for_its_turn_has_asked_three_times(horizons: Service) -> None:
    author = new_author_key()
    horizons.posted("A first comment makes thread, author and day key.", author_key=author, key="1")
    with horizons.app.app_context():
        reader = horizons.app.extensions["sqlalchemy"].engine
    with statements(reader) as asked:
        horizons.posted("The usual comment.", author_key=author, key="2")
    # The site; thread, author, earlier request and day key; and all that must be exact.
    assert len(asked) == 3, asked


@on_sqlite
def test_a_post_keeps_its_turn_for_no_more_than_eightstatements(horizons: Service) -> None:
    author = new_author_key()
    horizons.posted("A first comment makes thread, author and day key.", author_key=author, key="1")
    with statements(horizons.database.writer) as sent:
        horizons.posted("The usual comment.", author_key=author, key="2")
    assert (sent.pop(0), sent.pop()) == ("BEGIN IMMEDIATE", "COMMIT")
    # Both as they are; all that must be exact; two counted up; the comment and what stands beside it.
    assert len(sent) == 8, sent


def test_what_changed_after_the_look_counts(horizons: Service) -> None:
    author = new_author_key()
    horizons.posted("Before.", author_key=author, name="Wren")
    closed, moved = _prepared(horizons, author, "Late."), _prepared(horizons, author, "After the move.")
    horizons.write(lambda s: threads.move(s, site_id=moved.arrival.site.id, slug="tarn", to="mere"))
    comment = horizons.write(moved.store).comment
    assert horizons.page("mere")["comments"][0]["id"] == comment["id"]
    horizons.write(
        lambda s: threads.patch(s, site_id=moved.arrival.site.id, slug="mere", changes={"mode": "closed"})
    )
    with pytest.raises(Refused):
        horizons.write(closed.store)
    assert horizons.page("mere")["thread"]["count"] == 2


def test_an_author_is_called_as_in_their_latest_comment(horizons: Service) -> None:
    author = new_author_key()
    for nth, name in enumerate(("Wren", "Wren", "Jenny")):
        horizons.posted(f"From {name}, the {nth}.", author_key=author, name=name)
    called = horizons.write(lambda session: session.scalars(select(Author.name)).all())
    assert called == ["Jenny"]


def test_twins_in_flight_are_one_comment_and_get_one_answer(horizons: Service) -> None:
    fields = {"author_key": new_author_key(), "key": "twin"}
    answers = _at_once([lambda: horizons.app.test_client().post(PATH, json=WORDS | fields)] * 4)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_json()["comment"]["id"] for answer in answers}) == 1
    assert horizons.page()["thread"]["count"] == 1


def test_the_same_words_at_the_same_moment_are_stored_once(horizons: Service) -> None:
    fields = {"author_key": new_author_key()}
    answers = _at_once([lambda: horizons.app.test_client().post(PATH, json=WORDS | fields)] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert horizons.page()["thread"]["count"] == 1


@pytest.mark.parametrize("mode", ["open", "premoderated"])
def test_the_answer_to_a_post_is_what_will_be_read_back(horizons: Service, mode: str) -> None:
    horizons.set_policy(mode=mode)
    fields = {"author_key": new_author_key(), "key": "the same"}
    first, again = (horizons.post("Once, *please*.", **fields) for _ in range(2))
    assert first.status_code == again.status_code == (201 if mode == "open" else 202)
    assert first.get_json() == again.get_json()


@on_postgres
def test_a_post_that_is_held_takes_few_round_trips(horizons: Service) -> None:
    author = new_author_key()
    horizons.posted("A first comment makes thread, author and day key.", author_key=author, key="1")
    horizons.set_policy(words_held=["lamppost"])
    horizons.post("A lamppost, the first of the log.", author_key=author, key="2")
    with _trips(horizons.database) as trips:
        assert horizons.post("Another lamppost.", author_key=author, key="3").status_code == 202
    # Beside those of any other post: the evidence, and three for the log, which grows under its own lock.
    assert len(trips) == 10, trips


def test_a_refused_request_leaves_its_key_free(horizons: Service) -> None:
    author = new_author_key()
    horizons.set_policy(words_refused=["clown"])
    assert horizons.post("You clown", author_key=author, key="again").status_code == 422
    assert horizons.post("You person", author_key=author, key="again").status_code == 201


def test_a_key_of_one_author_says_nothing_to_another(horizons: Service) -> None:
    first = horizons.posted("Mine.", author_key=new_author_key(), key="the same key")
    other = horizons.posted("Mine.", author_key=new_author_key(), key="the same key")
    assert other["id"] != first["id"]


PATH = "/api/v1/sites/horizons/comments"
WORDS = {"slug": "tarn", "name": "Wren", "body": "Twins."}


def _prepared(service: Service, author: str, body: str) -> posting.Post:
    """A post that has been looked at and judged, and waits to be stored."""
    with service.app.app_context():
        site = finding.site(db.reading(), "horizons")
        assert site is not None
        arrival = posting.arrive(
            db.reading(),
            signer=service.signer,
            site=site,
            reader=Reader(author, "198.51.100.7"),
            words=posting.Words("tarn", body, "Wren", key=body),
        )
        return posting.prepare(db.reading(), arrival)


def _at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda call=call: answers.append(call())) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@contextmanager
def _trips(database: Database) -> Iterator[list[str]]:
    """What the writer sends to PostgreSQL and waits for, one entry for each round trip."""
    trips: list[str] = []
    dialect: Any = database.writer.dialect
    ping = dialect.do_ping

    def note_ping(*args: Any) -> Any:
        trips.append("ping")
        return ping(*args)

    with statements(database.writer, trips):
        dialect.do_ping = note_ping
        try:
            yield trips
        finally:
            del dialect.do_ping

"""Votes: one for each author and comment, few for each address, none on one's own."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from comments_service.voting import MOST_PER_BUCKET
from comments_service.web import hot
from tests.app import Service, new_author_key
from tests.databases import rows


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a page may be a quarter of a second old, as test_hot shows; here it is made anew."""
    monkeypatch.setattr(hot, "POSTGRES_SECONDS", 0)


def vote(
    service: Service, comment: int, value: int, key: str = "", address: str = "192.0.2.1"
) -> TestResponse:
    return service.client.post(
        f"/api/v1/sites/horizons/comments/{comment}/votes",
        json={"value": value, "author_key": key or new_author_key()},
        environ_base={"REMOTE_ADDR": address},
    )


def score(service: Service, comment: int) -> int:
    shown = service.get(f"horizons/comments/{comment}").get_json()["comment"]
    assert isinstance(shown["score"], int)
    return shown["score"]


def stored(service: Service) -> int:
    with service.database.writer.connect() as connection:
        return len(rows(connection)["vote"])


def test_a_vote_is_set_changed_and_taken_back(horizons: Service) -> None:
    comment, key = horizons.posted()["id"], new_author_key()
    for value, count in ((1, 1), (1, 1), (-1, 1), (0, 0), (0, 0), (-1, 1), (1, 1)):
        answer = vote(horizons, comment, value, key)
        assert answer.status_code == 200
        assert answer.get_json() == {"comment": comment, "score": value, "value": value}
        assert score(horizons, comment) == value
        assert stored(horizons) == count


def test_votes_of_several_authors_add_up(horizons: Service) -> None:
    comment = horizons.posted()["id"]
    for number, value in enumerate((1, 1, -1, 1)):
        vote(horizons, comment, value, address=f"192.0.2.{number}")
    assert score(horizons, comment) == 2
    other = horizons.posted("Another")["id"]
    assert score(horizons, other) == 0


def test_a_form_votes_like_json(horizons: Service) -> None:
    comment = horizons.posted()["id"]
    form = {"value": "-1", "author_key": new_author_key()}
    answer = horizons.client.post(f"/api/v1/sites/horizons/comments/{comment}/votes", data=form)
    assert answer.get_json()["score"] == -1


def test_nobody_votes_on_their_own_comment(horizons: Service) -> None:
    key = new_author_key()
    comment = horizons.posted(author_key=key)["id"]
    for value in (1, -1):
        answer = vote(horizons, comment, value, key)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "own_comment")
    assert (score(horizons, comment), stored(horizons)) == (0, 0)


def test_one_network_gives_a_comment_three_votes(horizons: Service) -> None:
    comment, keys = horizons.posted()["id"], [new_author_key() for _ in range(MOST_PER_BUCKET)]
    for key in keys:
        assert vote(horizons, comment, 1, key).status_code == 200
    answer = vote(horizons, comment, 1)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "too_many_votes")
    assert score(horizons, comment) == MOST_PER_BUCKET == 3
    # Who voted already may still change their mind, and then there is room for another.
    assert vote(horizons, comment, -1, keys[0]).status_code == 200
    assert vote(horizons, comment, 1).status_code == 409
    assert vote(horizons, comment, 0, keys[0]).status_code == 200
    assert vote(horizons, comment, 1).status_code == 200
    # Another network, and another comment, have votes of their own.
    assert vote(horizons, comment, 1, address="192.0.2.2").status_code == 200
    assert vote(horizons, horizons.posted("Another")["id"], 1).status_code == 200


def test_an_ipv6_network_is_its_64(horizons: Service) -> None:
    comment = horizons.posted()["id"]
    for number in range(MOST_PER_BUCKET):
        assert vote(horizons, comment, 1, address=f"2001:db8::{number + 1}").status_code == 200
    assert vote(horizons, comment, 1, address="2001:db8::ffff:1").status_code == 409
    assert vote(horizons, comment, 1, address="2001:db8:0:1::1").status_code == 200


def test_a_header_makes_no_other_network(horizons: Service) -> None:
    comment = horizons.posted()["id"]
    statuses = [
        horizons.client.post(
            f"/api/v1/sites/horizons/comments/{comment}/votes",
            json={"value": 1, "author_key": new_author_key()},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        ).status_code
        for number in range(4)
    ]
    assert statuses == [200, 200, 200, 409]


def test_a_site_may_have_no_votes_or_only_those_in_favour(horizons: Service) -> None:
    comment, key = horizons.posted()["id"], new_author_key()
    horizons.set_policy(votes="up")
    answer = vote(horizons, comment, -1, key)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "only_up_votes")
    assert vote(horizons, comment, 1, key).status_code == 200
    assert vote(horizons, comment, 0, key).status_code == 200
    horizons.set_policy(votes="none")
    for value in (1, 0, -1):
        answer = vote(horizons, comment, value, key)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "no_votes")
    assert stored(horizons) == 0


def test_votes_keep_neither_key_nor_address(horizons: Service) -> None:
    comment, key = horizons.posted()["id"], new_author_key()
    vote(horizons, comment, 1, key, address="198.51.100.77")
    with horizons.database.writer.connect() as connection:
        everything = repr(rows(connection))
    assert key not in everything
    assert "198.51.100.77" not in everything

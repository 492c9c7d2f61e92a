"""Every documented limit: the value at it is taken, one past it is refused and stores nothing."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from werkzeug.test import TestResponse

from comments_service.config import Settings
from tests.app import Service, new_author_key
from tests.databases import rows

SITE = "/api/v1/sites/horizons"
LARGEST_REQUEST = 64 * 1024
MAX_BODY = 10_000
WIDE = "\U0001f426"  # one character, four bytes
NUMBERS = count(1)


def tables(service: Service) -> dict[str, Any]:
    with service.database.writer.connect() as connection:
        return rows(connection)


def refused_at(answer: TestResponse, field: str) -> None:
    problem = answer.get_json(force=True)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json"), problem
    assert [error["field"] for error in problem["errors"]] == [field]


def words(**changes: str) -> dict[str, str]:
    """A comment that no other is a duplicate of."""
    return {"slug": "tarn", "name": "Wren", "body": f"Thought {next(NUMBERS)}", **changes}


@pytest.mark.parametrize(
    ("field", "longest"), [("slug", 512), ("name", 60), ("body", MAX_BODY), ("key", 255), ("author_key", 64)]
)
def test_the_lengths_of_a_comments_fields(horizons: Service, field: str, longest: int) -> None:
    letters = ("a",) if field == "author_key" else ("a", "é", WIDE)
    for letter in letters:
        sent = words(author_key=new_author_key())
        answer = horizons.post_json("horizons/comments", sent | {field: letter * longest})
        assert answer.status_code == 201, answer.get_json()
        before = tables(horizons)
        refused_at(horizons.post_json("horizons/comments", sent | {field: letter * (longest + 1)}), field)
        assert tables(horizons) == before


@pytest.mark.parametrize(("field", "empties"), [("slug", "/ "), ("name", " \u200b"), ("body", "\n\t ")])
def test_one_character_is_enough_and_none_is_not(horizons: Service, field: str, empties: str) -> None:
    assert horizons.post_json("horizons/comments", words() | {field: "x"}).status_code == 201
    before = tables(horizons)
    for nothing in ("", *empties, empties * 3):
        refused_at(horizons.post_json("horizons/comments", words() | {field: nothing}), field)
    assert tables(horizons) == before


def test_the_body_has_the_length_that_the_operator_set(settings: Settings) -> None:
    service = Service(Settings(**(vars_of(settings) | {"max_body": 50})))
    service.add_site()
    token = service.post("x" * 50, author_key=new_author_key()).get_json()
    assert token["comment"]["html"] == f"<p>{'x' * 50}</p>"
    before = tables(service)
    refused_at(service.post("y" * 51), "body")
    refused_at(service.post_json("horizons/previews", {"body": "y" * 51}), "body")
    path = f"horizons/comments/{token['comment']['id']}/revisions"
    refused_at(service.post_json(path, {"body": "y" * 51, "edit_token": token["edit_token"]}), "body")
    assert tables(service) == before
    assert service.post_json("horizons/previews", {"body": "y" * 50}).status_code == 200
    assert service.post_json(path, {"body": "y" * 50, "edit_token": token["edit_token"]}).status_code == 201
    service.close()


def test_an_author_key_has_at_least_22_characters_of_base64url(horizons: Service) -> None:
    comment = horizons.posted(author_key="a" * 22)
    doors: dict[str, dict[str, Any]] = {
        "comments": words(),
        "mine": {"slug": "tarn"},
        f"comments/{comment['id']}/votes": {"value": 1},
        f"comments/{comment['id']}/reports": {"reason": "spam"},
        f"comments/{comment['id']}/withdrawal": {},
    }
    before = tables(horizons)
    for path, body in doors.items():
        for bad in ("", "a" * 21, "a" * 65, "a" * 21 + "+", "a" * 21 + "é", "a" * 22 + "\n", " " * 22):
            refused_at(horizons.post_json(f"horizons/{path}", body | {"author_key": bad}), "author_key")
    assert tables(horizons) == before


def test_an_idempotency_key_has_1_to_255_characters_in_the_header_too(horizons: Service) -> None:
    author = {"author_key": new_author_key()}
    for good in ("k", "k" * 255):
        answer = horizons.post_json("horizons/comments", words(**author), **{"Idempotency-Key": good})
        assert answer.status_code == 201
    before = tables(horizons)
    for bad in ("", "k" * 256):
        answer = horizons.post_json("horizons/comments", words(**author), **{"Idempotency-Key": bad})
        refused_at(answer, "Idempotency-Key")
    refused_at(horizons.post_json("horizons/comments", words(**author, key="")), "key")
    assert tables(horizons) == before


def test_the_text_of_a_report_has_up_to_2000_characters(horizons: Service) -> None:
    path = f"horizons/comments/{horizons.posted()['id']}/reports"
    before = tables(horizons)
    refused_at(horizons.post_json(path, {"reason": "spam", "text": WIDE * 2_001}), "text")
    assert tables(horizons) == before
    assert horizons.post_json(path, {"reason": "spam", "text": WIDE * 2_000}).status_code == 201


def test_a_note_has_up_to_2000_characters(horizons: Service) -> None:
    token, comment = horizons.add_moderator(), horizons.posted()["id"]
    decision = {"comment": comment, "revision": 1, "from": "published", "action": "reject", "reason": "other"}
    horizons.get("horizons/moderation/queues")
    horizons.decide(token)  # the first use of a token is noted
    before = tables(horizons)
    refused_at(horizons.decide(token, decision | {"note": WIDE * 2_001}), "decisions.0.note")
    assert tables(horizons) == before
    answer = horizons.decide(token, decision | {"note": WIDE * 2_000})
    assert answer.get_json()["results"][0]["result"] == "done"


def test_up_to_100_decisions_are_taken_at_once(horizons: Service) -> None:
    token = horizons.add_moderator()
    one = {"comment": 1, "revision": 1, "from": "published", "action": "approve"}
    refused_at(horizons.decide(token), "decisions")
    refused_at(horizons.decide(token, *[one] * 101), "decisions")
    answer = horizons.decide(token, *({**one, "comment": id} for id in range(1, 101)))
    assert [result["result"] for result in answer.get_json()["results"]] == ["not_found"] * 100


def test_a_search_has_up_to_200_characters(horizons: Service) -> None:
    headers = {"Authorization": f"Bearer {horizons.add_moderator()}"}

    def search(text: str) -> TestResponse:
        query = {"q": text}
        return horizons.client.get(f"{SITE}/moderation/queues/pending", query_string=query, headers=headers)

    assert search(WIDE * 200).status_code == 200
    refused_at(search(WIDE * 201), "q")


def test_a_page_has_1_to_100_comments(horizons: Service) -> None:
    comment = horizons.posted()["id"]
    for path, query in (("comments", {"slug": "tarn"}), (f"comments/{comment}/replies", {})):
        for good in (1, 100):
            assert horizons.get(f"horizons/{path}", **query, limit=good).status_code == 200
        for bad in (0, 101):
            refused_at(horizons.get(f"horizons/{path}", **query, limit=bad), "limit")


def test_a_cursor_has_up_to_300_characters(horizons: Service) -> None:
    for length in (300, 301, 5_000):
        refused_at(horizons.get("horizons/comments", slug="tarn", cursor="a" * length), "cursor")


def test_up_to_100_slugs_are_counted_at_once(horizons: Service) -> None:
    slugs = [f"{number}-".ljust(512, "x") for number in range(101)]
    answer = horizons.get("horizons/counts", slug=slugs[:100])
    assert answer.get_json() == {"counts": dict.fromkeys(slugs[:100], 0)}
    refused_at(horizons.get("horizons/counts", slug=slugs), "slug")


@pytest.mark.parametrize("path", ["comments", "previews", "mine", "forms"])
def test_a_request_has_up_to_64_kb(horizons: Service, path: str) -> None:
    before = tables(horizons)
    data = b'{"slug": "tarn"' + b" " * LARGEST_REQUEST

    def send(length: int) -> TestResponse:
        body = data[: length - 1] + b"}"
        return horizons.client.post(f"{SITE}/{path}", data=body, content_type="application/json")

    assert send(LARGEST_REQUEST).status_code == 422
    answer = send(LARGEST_REQUEST + 1)
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert tables(horizons) == before


def test_json_may_be_16_deep(horizons: Service) -> None:
    for depth, status in ((16, 422), (17, 400)):
        data = b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
        answer = horizons.client.post(f"{SITE}/previews", data=data, content_type="application/json")
        assert answer.status_code == status
    brackets = {"body": "[{" * 2_000}
    assert horizons.post_json("horizons/previews", brackets).status_code == 200


def vars_of(settings: Settings) -> dict[str, Any]:
    """The settings as the arguments that made them."""
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}

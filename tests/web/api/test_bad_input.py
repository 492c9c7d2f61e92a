"""Whatever is sent to the API: a problem with the right status for any page, and nothing stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from comments_service import clock
from tests.app import ORIGIN, Service, new_author_key
from tests.databases import rows

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SITE = "/api/v1/sites/horizons"
LONE = "\ud800"
BEYOND_REASON = b"9" * 5_000


@dataclass
class Door:
    """One way to write: its address and a body that it takes."""

    path: str
    body: dict[str, Any]
    method: str = "POST"
    headers: dict[str, str] | None = None

    @property
    def texts(self) -> list[str]:
        return [name for name, value in self.body.items() if isinstance(value, str)]


@dataclass
class Scene:
    """A site with a published and a pending comment, a neighbour with one, and a moderator's token."""

    service: Service
    comment: int
    pending: int
    neighbours: int
    edit_token: str
    author_key: str
    token: str

    def doors(self, comment: int | str | None = None) -> dict[str, Door]:
        """Every way to write; those about a comment lead to `comment`."""
        one = f"{SITE}/comments/{self.comment if comment is None else comment}"
        moderation = f"{SITE}/moderation"
        who = {"Authorization": f"Bearer {self.token}"}
        words = {"slug": "tarn", "name": "Wren", "body": "Another thought", "author_key": new_author_key()}
        seen = {"comment": self.comment, "revision": 1, "from": "published", "action": "approve"}
        reader = {
            "comments": Door(f"{SITE}/comments", words | {"key": "k1", "form": "x", "subject": "x"}),
            "revisions": Door(f"{one}/revisions", {"body": "Better", "edit_token": self.edit_token}),
            "votes": Door(f"{one}/votes", {"value": 1, "author_key": new_author_key()}),
            "reports": Door(
                f"{one}/reports", {"reason": "spam", "text": "Look", "author_key": self.author_key}
            ),
            "withdrawal": Door(
                f"{one}/withdrawal", {"author_key": self.author_key, "edit_token": self.edit_token}
            ),
            "previews": Door(f"{SITE}/previews", {"body": "*so*"}),
            "mine": Door(f"{SITE}/mine", {"author_key": self.author_key, "slug": "tarn"}),
            "forms": Door(f"{SITE}/forms", {}),
        }
        moderator = {
            "decisions": Door(f"{moderation}/decisions", {"decisions": [seen]}),
            "bans": Door(f"{moderation}/bans", {"kind": "author", "comment": self.comment, "reason": "Spam"}),
            "threads": Door(f"{moderation}/threads?slug=tarn", {"mode": "open", "title": "Tarn"}, "PATCH"),
            "settings": Door(f"{moderation}/settings", {"contact": "Ada", "mode": "open"}, "PATCH"),
            "moves": Door(f"{moderation}/threads/moves", {"slug": "tarn", "to": "tarn-2"}),
        }
        for door in moderator.values():
            door.headers = who
        return reader | moderator

    def knock(self, door: Door, data: bytes, content_type: str | None = JSON, **headers: str) -> TestResponse:
        return self.service.client.open(
            door.path,
            method=door.method,
            data=data,
            content_type=content_type,
            headers={**(door.headers or {}), **headers},
        )

    def send(self, door: Door, body: Any, **headers: str) -> TestResponse:
        return self.knock(door, self.service.app.json.dumps(body, ensure_ascii=True).encode(), **headers)


@pytest.fixture
def scene(horizons: Service) -> Scene:
    horizons.add_site("neighbours")
    author = new_author_key()
    first = horizons.post("First", author_key=author).get_json()
    neighbours = horizons.posted("Hello", site="neighbours", author_key=author)
    horizons.set_policy(words_held=["clowns"])
    pending = horizons.posted("What clowns")
    token = horizons.add_moderator(role="admin")
    made = Scene(
        horizons, first["comment"]["id"], pending["id"], neighbours["id"], first["edit_token"], author, token
    )
    # The token's first use is noted, which is no doing of what the tests send.
    used = horizons.client.get(f"{SITE}/moderation/queues", headers={"Authorization": f"Bearer {token}"})
    assert used.status_code == 200
    return made


@pytest.fixture
def nothing_stored(scene: Scene) -> Iterator[None]:
    """The test leaves every table as it was."""
    with scene.service.database.writer.connect() as connection:
        before = rows(connection)
    yield
    with scene.service.database.writer.connect() as connection:
        assert rows(connection) == before


def refused(answer: TestResponse, status: int, field: str | None = None) -> dict[str, Any]:
    """The problem that the answer must be."""
    problem: dict[str, Any] = answer.get_json(force=True)
    assert answer.status_code == status, problem
    assert answer.content_type == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"/docs/problems#{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "RateLimit-Policy" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("errors" in problem) == (status == 422)
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]], problem
    return problem


def test_every_door_opens_for_what_it_expects(scene: Scene) -> None:
    for name, door in scene.doors().items():
        answer = scene.send(door, door.body, Origin=ORIGIN)
        assert answer.status_code < 300, (name, answer.get_data(as_text=True))


UNREADABLE = (
    (b"{", JSON),
    (b'{"body": }', JSON),
    (b"{'body': 1}", JSON),
    (b"{} {}", JSON),
    (b'{"body": "a", "body": "b"}', JSON),
    (b'{"body": "\xff"}', JSON),
    (b'{"body": "\xed\xa0\x80"}', JSON),
    (b"\xef\xbb\xbf{}", JSON),
    ("{}".encode("utf-16"), JSON),
    (b'{"body": "raw \x00 inside"}', JSON),
    (b'{"body": ' + b"[" * 17 + b"]" * 17 + b"}", JSON),
    (b"[" * 60_000, JSON),
    (b'{"a":' * 10_000, JSON),
    (b'{"value": ' + BEYOND_REASON + b"}", JSON),
    (b'{"value": -' + BEYOND_REASON + b"}", JSON),
    (b'{"value": 1e999}', JSON),
    (b'{"value": 0.' + BEYOND_REASON + b"}", JSON),
    (b'{"value": NaN}', JSON),
    (b"{" + b",".join(b'"a%d": 1' % i for i in range(201)) + b"}", JSON),
    (b'{"value": -Infinity}', JSON),
    (b"body=%FF", FORM),
    (b"body=\xff", FORM),
    (b"%C3=body", FORM),
    (b"body=%ED%A0%80", FORM),
    (b"&".join(b"a%d=1" % i for i in range(201)), FORM),
)


def test_what_cannot_be_read_is_400(scene: Scene, nothing_stored: None) -> None:
    for data, content_type in UNREADABLE:
        for door in scene.doors().values():
            refused(scene.knock(door, data, content_type), 400)


OTHER_KINDS = (
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "json",
    None,
)


def test_another_kind_of_content_is_415(scene: Scene, nothing_stored: None) -> None:
    for content_type in OTHER_KINDS:
        for door in scene.doors().values():
            refused(scene.knock(door, b'{"body": "a"}', content_type), 415)


NO_OBJECTS = (
    b"null",
    b"[]",
    b'"text"',
    b"5",
    b"true",
    b"[{}]",
)


def test_json_that_is_no_object_is_422(scene: Scene, nothing_stored: None) -> None:
    for data in NO_OBJECTS:
        for door in scene.doors().values():
            refused(scene.knock(door, data), 422)


def test_unknown_fields_are_422_and_named(scene: Scene, nothing_stored: None) -> None:
    for door in scene.doors().values():
        refused(scene.send(door, door.body | {"unexpected": 1}), 422, "unexpected")
        refused(scene.send(door, door.body | {"website": None}), 422, "website")
        refused(scene.send(door, door.body | {"bad\x00" + LONE: 1}), 422)
    for door in scene.doors().values():
        if "decisions" not in door.body:
            form = urlencode(door.body | {"unexpected": ""})
            refused(scene.knock(door, form.encode(), FORM), 422, "unexpected")


UNSTORABLE = (
    "\0",
    "a\0b",
    LONE,
    "\udfff" + "\ud83d",
)


def test_nul_and_lone_surrogates_are_422_at_their_field(scene: Scene, nothing_stored: None) -> None:
    for bad in UNSTORABLE:
        for door in scene.doors().values():
            for field in door.texts:
                refused(scene.send(door, door.body | {field: bad}), 422, field)
        decide = scene.doors()["decisions"]
        (decision,) = decide.body["decisions"]
        for field in ("from", "action", "reason", "note"):
            refused(scene.send(decide, {"decisions": [decision | {field: bad}]}), 422)


def test_what_is_wrong_with_a_text_has_a_code_of_its_own(scene: Scene, nothing_stored: None) -> None:
    door = scene.doors()["comments"]
    for field, bad, code in (
        ("subject", "a\0b", "characters"),
        ("form", "x" * 501, "too_long"),
        ("key", "x" * 256, "too_long"),
        ("key", "", "length"),
    ):
        problem = refused(scene.send(door, door.body | {field: bad}), 422, field)
        assert [error["code"] for error in problem["errors"]] == [code]
    counted = scene.service.get("horizons/counts", slug=[f"tarn-{number}" for number in range(101)])
    assert [error["code"] for error in refused(counted, 422, "slug")["errors"]] == ["length"]


def test_nul_in_a_form_is_422(scene: Scene, nothing_stored: None) -> None:
    for door in scene.doors().values():
        for field in door.texts:
            refused(scene.knock(door, urlencode(door.body | {field: "a\0b"}).encode(), FORM), 422, field)


def test_values_of_another_type_are_422_at_their_field(scene: Scene, nothing_stored: None) -> None:
    for door in scene.doors().values():
        for field in door.body:
            for bad in ({}, {"a": [1]}, True, 1.5):
                refused(scene.send(door, door.body | {field: bad}), 422)
        for field in door.texts:
            for no_text in (5, [], ["x"]):
                refused(scene.send(door, door.body | {field: no_text}), 422, field)


def test_missing_and_null_fields_are_422(scene: Scene, nothing_stored: None) -> None:
    required = {
        "comments": ("slug", "name", "body"),
        "revisions": ("body", "edit_token"),
        "votes": ("value", "author_key"),
        "reports": ("reason",),
        "previews": ("body",),
        "mine": ("author_key", "slug"),
        "decisions": ("decisions",),
        "bans": ("kind", "reason"),
        "moves": ("slug", "to"),
    }
    doors = scene.doors()
    for name, fields in required.items():
        for field in fields:
            body = {key: value for key, value in doors[name].body.items() if key != field}
            refused(scene.send(doors[name], body), 422, field)
            refused(scene.send(doors[name], body | {field: None}), 422, field)
    refused(scene.send(doors["withdrawal"], {}), 422, "author_key")


def test_repeated_fields_of_a_form_are_422(scene: Scene, nothing_stored: None) -> None:
    for door in scene.doors().values():
        for field in door.texts:
            twice = urlencode([*door.body.items(), (field, door.body[field])])
            refused(scene.knock(door, twice.encode(), FORM), 422, field)
            empty = urlencode([*door.body.items(), (field, "")])
            refused(scene.knock(door, empty.encode(), FORM), 422, field)


def test_numbers_out_of_bounds_are_422(scene: Scene, nothing_stored: None) -> None:
    doors = scene.doors()
    votes = (2, -2, 0.5, True, None, "", "x", "1.0", "9" * 5_000, "\u0661", 2**63)
    for bad in votes:
        refused(scene.send(doors["votes"], doors["votes"].body | {"value": bad}), 422, "value")
    for no_id in (0, -1, 2**63, 1.0, "x", "-1", "9" * 5_000, "\u0661", True, [1]):
        refused(scene.send(doors["comments"], doors["comments"].body | {"parent": no_id}), 422, "parent")
        refused(scene.send(doors["bans"], doors["bans"].body | {"comment": no_id}), 422, "comment")
    for no_time in (
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-01-01T00:00:00",
        "now",
        5,
    ):
        refused(scene.send(doors["threads"], {"closes_at": no_time}), 422, "closes_at")
        refused(scene.send(doors["bans"], doors["bans"].body | {"expires_at": no_time}), 422, "expires_at")


def test_what_is_not_to_be_seen_answers_like_what_is_not_there(scene: Scene, nothing_stored: None) -> None:
    strangers = new_author_key()
    bodies: dict[str, tuple[int, dict[str, Any]]] = {
        "votes": (404, {"value": 1, "author_key": strangers}),
        "reports": (404, {"reason": "spam"}),
        "withdrawal": (404, {"author_key": strangers}),
        "revisions": (403, {"body": "Mine now", "edit_token": scene.edit_token}),
    }
    for name, (status, body) in bodies.items():
        answers = [
            scene.send(scene.doors(id)[name], body) for id in (999_999, scene.neighbours, scene.pending)
        ]
        for answer in answers:
            refused(answer, status)
        assert len({answer.data for answer in answers}) == 1, name
    for end in ("", "/replies"):
        answers = [
            scene.service.client.get(f"{SITE}/comments/{id}{end}")
            for id in (999_999, scene.neighbours, scene.pending)
        ]
        for answer in answers:
            refused(answer, 404)
        assert len({answer.data for answer in answers}) == 1
    # A token tells no more than a key does.
    for token in ("x", scene.edit_token, scene.service.signer.form_token("horizons")):
        gone, held = (
            scene.send(scene.doors(id)["withdrawal"], {"edit_token": token})
            for id in (999_999, scene.pending)
        )
        assert gone.data == held.data
        refused(gone, 403)
    words = scene.doors()["comments"]
    for parent in (999_999, scene.neighbours, scene.pending):
        refused(scene.send(words, words.body | {"parent": parent}), 404)


NO_IDS = (
    "0",
    str(2**63),
    str(2**64),
    "9" * 5_000,
    "-1",
    "1.5",
    "x",
    "%00",
    "%FF",
    "%D9%A1",
)


def test_ids_that_cannot_be_are_404(scene: Scene, nothing_stored: None) -> None:
    for id in NO_IDS:
        for name in ("revisions", "votes", "reports", "withdrawal"):
            door = scene.doors(id)[name]
            refused(scene.send(door, door.body), 404)
        for end in ("", "/replies"):
            refused(scene.service.client.get(f"{SITE}/comments/{id}{end}"), 404)
        moderator = {"Authorization": f"Bearer {scene.token}"}
        refused(scene.service.client.get(f"{SITE}/moderation/comments/{id}", headers=moderator), 404)
        refused(scene.service.client.delete(f"{SITE}/moderation/bans/{id}", headers=moderator), 404)
        reversal = f"{SITE}/moderation/decisions/{id}/reversal"
        refused(scene.service.client.post(reversal, headers=moderator), 404)


NO_SITES = (
    "nowhere",
    "HORIZONS",
    "a%00b",
    "%FF",
    "x" * 500,
    "horizons%20",
    "%27",
)


def test_a_site_that_is_not_there_is_404(scene: Scene, nothing_stored: None) -> None:
    for site in NO_SITES:
        for door in scene.doors().values():
            door.path = door.path.replace("/horizons/", f"/{site}/")
            refused(scene.send(door, door.body), 404)
        for path in ("comments?slug=a", "counts?slug=a", "comments/1", "comments/1/replies"):
            refused(scene.service.client.get(f"/api/v1/sites/{site}/{path}"), 404)


def test_wrong_and_late_edit_tokens_are_403(
    scene: Scene, nothing_stored: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = scene.edit_token
    others = scene.service.signer.edit_token(scene.neighbours, clock.now() + timedelta(hours=1))
    forged = (good[:-1], good + "A", "A" + good, good.upper(), "x", "é", ".", others, "a.b.c", "." * 500)
    for token in (*forged, scene.service.signer.form_token("horizons")):
        revise, withdraw = scene.doors()["revisions"], scene.doors()["withdrawal"]
        refused(scene.send(revise, revise.body | {"edit_token": token}), 403)
        refused(scene.send(withdraw, {"edit_token": token}), 403)
        refused(scene.send(withdraw, {"edit_token": token, "author_key": new_author_key()}), 403)
    later = clock.now() + timedelta(minutes=15)
    monkeypatch.setattr(clock, "now", lambda: later)
    for name in ("revisions", "withdrawal"):
        door = scene.doors()[name]
        body = {field: value for field, value in door.body.items() if field != "author_key"}
        assert refused(scene.send(door, body), 403)["code"] == "edit_late"


def test_a_right_author_key_helps_where_the_token_is_late(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    door = scene.doors()["withdrawal"]
    assert scene.send(door, door.body).status_code == 200


NO_TOKENS = (
    "",
    "x",
    "Bearer",
    "Bearer ",
    "Bearer x",
    "Basic x",
    "Bearer \xff",
    "Bearer " + "x" * 5_000,
)


def test_a_wrong_api_token_is_401_before_anything_is_read(scene: Scene, nothing_stored: None) -> None:
    for token in NO_TOKENS:
        for door in scene.doors().values():
            if door.headers:
                answer = scene.knock(door, b"{", Authorization=token)
                refused(answer, 401)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")


OTHER_ORIGINS = (
    "null",
    "",
    "https://evil.example",
    "http://news.example",
    "https://news.example:444",
    "https://news.example.evil.example",
    "https://news.example/",
    "https://NEWS.example",
    "\xff",
)


def test_a_page_of_another_origin_is_403(scene: Scene, nothing_stored: None) -> None:
    for origin in OTHER_ORIGINS:
        for door in scene.doors().values():
            assert refused(scene.send(door, door.body, Origin=origin), 403)["code"] == "origin"


def test_queries_are_read_strictly(scene: Scene, nothing_stored: None) -> None:
    one = f"{SITE}/comments/{scene.comment}"
    paths = (f"{SITE}/comments?slug=tarn&", f"{SITE}/counts?slug=tarn&", f"{one}?", f"{one}/replies?")

    def get(path: str, more: str) -> TestResponse:
        return scene.service.client.get(path + more)

    for path in paths:
        assert get(path, "").status_code == 200
        for more in ("debug=1", "debug=", "debug", "Slug=a", "%00=1", "callback=x", "limit%00=1"):
            refused(get(path, more), 422)
        for more in ("a=%FF", "a=%ED%A0%80", "%C3=1", "&".join(f"a{i}=1" for i in range(201))):
            refused(get(path, more), 400)
        if "counts" not in path:
            for more in ("slug=a&slug=b", "limit=5&limit=5", "cursor=&cursor="):
                refused(get(path, more), 422)
        if "counts" not in path and path != f"{one}?":
            for bad in ("0", "101", "-1", "1.5", "x", "9" * 4_000, "1e2", "\u0661", "%2B5", "%20"):
                refused(get(path, f"limit={bad}"), 422, "limit")
    for bad in ("new", "NEWEST", "best%00", "n"):
        refused(get(paths[0], f"sort={bad}"), 422, "sort")


NO_SLUGS = ("%00", "a%00b", "", "%20", "/", "%0A", "%C2%85", "%E2%80%A8")


def test_slugs_that_cannot_be_are_422(scene: Scene, nothing_stored: None) -> None:
    for slug in NO_SLUGS:
        for path in ("comments", "counts"):
            refused(scene.service.client.get(f"{SITE}/{path}?slug={slug}"), 422)
    refused(scene.service.client.get(f"{SITE}/comments?sort=newest"), 422, "slug")
    refused(scene.service.client.get(f"{SITE}/counts"), 422, "slug")


def test_a_write_takes_nothing_from_its_query(scene: Scene, nothing_stored: None) -> None:
    for query in ("debug=1", "slug=tarn", "debug=", "body=x&body=y"):
        for door in scene.doors().values():
            if not door.headers:
                door.path += f"?{query}"
                refused(scene.send(door, door.body), 422)


def test_an_idempotency_key_in_the_header_has_the_bounds_of_the_field(
    scene: Scene, nothing_stored: None
) -> None:
    door = scene.doors()["comments"]
    del door.body["key"]
    for value in ("", "x" * 256, "a\0b", "\udcff", "\u00e9\ud800"):
        answer = scene.service.client.post(
            door.path, json=door.body, environ_overrides={"HTTP_IDEMPOTENCY_KEY": value}
        )
        refused(answer, 422, "Idempotency-Key")


def test_other_methods_are_405_and_named(scene: Scene, nothing_stored: None) -> None:
    for name, door in scene.doors().items():
        path = door.path.partition("?")[0]
        wrong = {"PUT", "DELETE", "PATCH", "TRACE"} - {door.method}
        for method in wrong if name != "moves" else wrong - {"DELETE"}:
            answer = scene.service.client.open(path, method=method, headers=door.headers)
            refused(answer, 405)
            assert door.method in answer.headers["Allow"]
    for path in (f"{SITE}/previews", f"{SITE}/mine", f"{SITE}/forms"):
        refused(scene.service.client.get(path), 405)
        assert scene.service.client.head(path).status_code == 405


NOWHERE = ("/api/v1/nothing", "/api/", f"{SITE}/", f"{SITE}/comments/", "/api/v1/%00")


def test_an_address_of_nothing_is_404(scene: Scene, nothing_stored: None) -> None:
    for path in NOWHERE:
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            refused(scene.service.client.open(path, method=method), 404)


def test_outside_of_the_api_errors_are_problems_too(service: Service) -> None:
    answer = service.client.get("/nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    answer = service.client.put("/healthz")
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert "GET" in answer.headers["Allow"]


def test_the_routers_redirects_stay_at_this_service(service: Service) -> None:
    for path in ("/moderate", "//moderate", "/moderate//"):
        environ = {"PATH_INFO": path, "HTTP_HOST": "evil.example"}
        answer = service.client.get("/", environ_overrides=environ)
        assert answer.status_code == 308, path
        assert answer.headers["Location"].startswith("/")
        assert not answer.headers["Location"].startswith("//")
        assert answer.data == b""


def test_a_head_is_a_get_without_its_body(scene: Scene, nothing_stored: None) -> None:
    for path in ("comments?slug=tarn", "counts?slug=tarn", f"comments/{scene.comment}"):
        head, get = (scene.service.client.open(f"{SITE}/{path}", method=m) for m in ("HEAD", "GET"))
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control", "Vary"):
            assert head.headers[name] == get.headers[name]


def test_a_preflight_allows_what_the_door_takes(scene: Scene, nothing_stored: None) -> None:
    for door in scene.doors().values():
        asked = {"Origin": "https://any.example", "Access-Control-Request-Method": door.method}
        answer = scene.service.client.options(door.path.partition("?")[0], headers=asked)
        assert answer.status_code == 200
        assert answer.data == b""
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert door.method in answer.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers

"""The moderators' endpoints: who may ask, what is refused, and the journey of a comment through them."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from comments_service import clock, people
from comments_service.models import Decision, Thread, Token
from tests.app import ORIGIN, Service, new_author_key

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ROOT = "/api/v1/sites"

ENDPOINTS = [
    ("GET", "queues"),
    ("GET", "queues/pending"),
    ("GET", "comments/1"),
    ("POST", "decisions"),
    ("POST", "decisions/1/reversal"),
    ("GET", "log"),
    ("GET", "log/export"),
    ("GET", "figures"),
    ("GET", "bans"),
    ("POST", "bans"),
    ("DELETE", "bans/1"),
    ("GET", "threads?slug=tarn"),
    ("PATCH", "threads?slug=tarn"),
    ("POST", "threads/moves"),
    ("DELETE", "threads/aliases?slug=tarn"),
    ("GET", "settings"),
    ("PATCH", "settings"),
]
FOR_ADMINS = [
    ("POST", "threads/moves", {"slug": "tarn", "to": "lake"}),
    ("DELETE", "threads/aliases?slug=tarn", None),
    ("GET", "settings", None),
    ("PATCH", "settings", {}),
]


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone: the verbs behind these endpoints are tested on PostgreSQL too."""
    return sqlite_url


@pytest.fixture
def ada(horizons: Service) -> str:
    """The token of an admin of `horizons`."""
    return horizons.add_moderator("Ada", sites=["horizons"], role="admin")


def ask(
    service: Service,
    token: str | None,
    method: str,
    path: str,
    body: Any = None,
    *,
    site: str = "horizons",
    **headers: str,
) -> TestResponse:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    sent = {} if body is None else {"json": body}
    return service.client.open(f"{ROOT}/{site}/moderation/{path}", method=method, headers=headers, **sent)


def content(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.get_json()


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found: dict[str, Any] = answer.get_json()
    return found


def fields(answer: TestResponse) -> list[str]:
    return [error["field"] for error in problem(answer, 422)["errors"]]


def held(service: Service, body: str = "A thought.", **fields: Any) -> int:
    service.set_policy(mode="premoderated")
    return int(service.posted(body, **fields)["id"])


def item(comment: int, action: str = "approve", **changes: Any) -> dict[str, Any]:
    reason = {} if action == "approve" else {"reason": "abuse"}
    return {"comment": comment, "revision": 1, "from": "pending", "action": action, **reason, **changes}


def test_nobody_is_told_to_send_a_token(horizons: Service) -> None:
    tokens = (None, "", "unknown", "x" * 1000, "é")
    for (method, path), token in product(ENDPOINTS, tokens):
        answer = ask(horizons, token, method, path)
        assert problem(answer, 401)["code"] == "unauthorised"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_person_without_a_role_on_the_site_is_refused(horizons: Service) -> None:
    horizons.add_site("fells")
    token = horizons.add_moderator("Bo", sites=["fells"], role="admin")
    for method, path in ENDPOINTS:
        assert problem(ask(horizons, token, method, path), 403)["code"] == "role"


def test_some_things_need_an_admin(horizons: Service) -> None:
    token = horizons.add_moderator("Bo", sites=["horizons"])
    for method, path, body in FOR_ADMINS:
        assert problem(ask(horizons, token, method, path, body), 403)["code"] == "role"


def test_a_role_on_all_sites_reaches_every_site(horizons: Service) -> None:
    token = horizons.add_moderator("Cy")
    content(ask(horizons, token, "GET", "queues"))


def test_an_unknown_site_is_not_found(horizons: Service, ada: str) -> None:
    problem(ask(horizons, ada, "GET", "queues", site="nowhere"), 404)


def test_another_scheme_is_not_a_token(horizons: Service, ada: str) -> None:
    answer = ask(horizons, None, "GET", "queues", Authorization=f"Basic {ada}")
    problem(answer, 401)
    content(ask(horizons, None, "GET", "queues", Authorization=f"bearer {ada}"))


def test_a_revoked_token_and_a_removed_person_are_unknown(horizons: Service, ada: str) -> None:
    bo = horizons.add_moderator("Bo", sites=["horizons"])
    horizons.write(lambda session: people.revoke_token(session, 1))
    horizons.write(lambda session: people.remove(session, "Bo"))
    for token in (ada, bo):
        problem(ask(horizons, token, "GET", "queues"), 401)


def test_the_use_of_a_token_is_noted_once_a_minute(
    horizons: Service, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used() -> Any:
        return horizons.write(lambda session: session.scalars(select(Token.last_used_at)).one())

    assert used() is None
    ask(horizons, ada, "GET", "queues")
    first = used()
    ask(horizons, ada, "GET", "queues")
    assert used() == first
    later = first + people.USE_NOTED_EVERY
    monkeypatch.setattr(clock, "now", lambda: later)
    ask(horizons, ada, "GET", "queues")
    assert used() == later


def test_a_write_from_a_foreign_page_is_refused(horizons: Service, ada: str) -> None:
    for origin in ("https://elsewhere.example", "null"):
        answer = ask(horizons, ada, "PATCH", "threads?slug=tarn", {"title": "x"}, Origin=origin)
        assert problem(answer, 403)["code"] == "origin"
    content(ask(horizons, ada, "PATCH", "threads?slug=tarn", {"title": "x"}, Origin=ORIGIN))


def test_a_comment_goes_from_the_queue_to_its_page_and_back(horizons: Service, ada: str) -> None:
    comment = held(horizons)
    assert content(ask(horizons, ada, "GET", "queues"))["queues"]["pending"] == 1
    (row,) = content(ask(horizons, ada, "GET", "queues/pending"))["comments"]
    assert (row["id"], row["status"], row["revision"], row["body"]) == (comment, "pending", 1, "A thought.")
    assert row["thread"] == {"slug": "tarn", "title": None, "url": None}
    assert row["site"] == "horizons"
    assert TIME.fullmatch(row["created_at"])

    (result,) = content(horizons.decide(ada, item(comment)))["results"]
    assert (result["comment"], result["result"]) == (comment, "done")
    assert [one["id"] for one in horizons.page()["comments"]] == [comment]

    undone = ask(horizons, ada, "POST", f"decisions/{result['decision']}/reversal")
    assert content(undone)["decision"] > result["decision"]
    assert horizons.page()["comments"] == []
    problem(ask(horizons, ada, "POST", f"decisions/{result['decision']}/reversal"), 409)


def test_every_result_says_what_became_of_it(horizons: Service, ada: str) -> None:
    first, second = held(horizons, "One."), held(horizons, "Two.")
    answer = horizons.decide(
        ada, item(second, revision=2), item(10**9), item(first), item(second, "reject"), item(first)
    )
    results = [(result["comment"], result["result"]) for result in content(answer)["results"]]
    assert results == [
        (second, "stale"),
        (10**9, "not_found"),
        (first, "done"),
        (second, "done"),
        (first, "unchanged"),
    ]


BAD_DECISIONS: list[tuple[dict[str, Any], str]] = [
    ({"comment": "one"}, "decisions.0.comment"),
    ({"comment": 0}, "decisions.0.comment"),
    ({"comment": 2**63}, "decisions.0.comment"),
    ({"comment": True}, "decisions.0.comment"),
    ({"revision": 0}, "decisions.0.revision"),
    ({"revision": 2**31}, "decisions.0.revision"),
    ({"from": "held"}, "decisions.0.from"),
    ({"action": "delete"}, "decisions.0.action"),
    ({"action": "reject"}, "decisions.0.reason"),
    ({"action": "spam", "reason": "ugly"}, "decisions.0.reason"),
    ({"action": "spam", "reason": "other"}, "decisions.0.note"),
    ({"note": "x" * 2001}, "decisions.0.note"),
    ({"note": "a\0b"}, "decisions.0.note"),
    ({"site": "fells"}, "decisions.0.site"),
    ({"trust": "yes"}, "decisions.0.trust"),
    ({"trust": None}, "decisions.0.trust"),
    ({"action": "reject", "reason": "abuse", "trust": True}, "decisions.0.trust"),
]


def test_a_bad_decision_is_refused_by_field(horizons: Service, ada: str) -> None:
    comment = held(horizons)
    for change, field in BAD_DECISIONS:
        assert fields(horizons.decide(ada, item(comment) | change)) == [field], change
    assert content(ask(horizons, ada, "GET", "queues"))["queues"]["pending"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"decisions": []}, {"decisions": [item(1)] * 101}, {"decisions": "all"}]
)
def test_one_to_a_hundred_decisions_are_read(horizons: Service, ada: str, body: Any) -> None:
    assert fields(ask(horizons, ada, "POST", "decisions", body)) == ["decisions"]


def test_what_cannot_be_read_is_refused(horizons: Service, ada: str) -> None:
    def sent(data: bytes, content_type: str) -> TestResponse:
        return horizons.client.post(
            f"{ROOT}/horizons/moderation/decisions",
            data=data,
            content_type=content_type,
            headers={"Authorization": f"Bearer {ada}"},
        )

    for data in (b"{", b"\xff", b"[" * 1000, b'{"decisions": ' + b"9" * 5000 + b"}"):
        problem(sent(data, "application/json"), 400)
    problem(sent(b"{}", "text/plain"), 415)
    note = rb'{"decisions": [{"comment": 1, "revision": 1, "from": "pending", "action": "approve",'
    assert fields(sent(note + rb' "note": "\ud800"}]}', "application/json")) == ["decisions.0.note"]


BAD_PARAMETERS = [
    ("queues?x=1", "x"),
    ("queues/pending?limit=0", "limit"),
    ("queues/pending?limit=101", "limit"),
    ("queues/pending?author=x", "author"),
    ("queues/pending?cluster=0", "cluster"),
    ("queues/pending?cursor=x", "cursor"),
    ("queues/pending?q=" + "x" * 201, "q"),
    ("queues/pending?q=a&q=b", "q"),
    ("queues/pending?slug=/", "slug"),
    ("log?cursor=x", "cursor"),
    ("log/export?format=xml", "format"),
    ("log/export?cursor=x", "cursor"),
    ("figures?from=yesterday", "from"),
    ("figures?from=2026-11-01", "from"),
    ("figures?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "to"),
    ("figures?from=2020-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "to"),
    ("figures?to=0001-01-01T00:00:00Z", "to"),
    ("bans?cursor=x", "cursor"),
    ("comments/1?x=1", "x"),
    ("threads", "slug"),
    ("settings?x=1", "x"),
]


def test_a_bad_parameter_is_refused_by_name(horizons: Service, ada: str) -> None:
    for path, field in BAD_PARAMETERS:
        assert fields(ask(horizons, ada, "GET", path)) == [field], path


def test_a_write_takes_nothing_from_a_query_it_does_not_know(horizons: Service, ada: str) -> None:
    writes = (
        ("POST", "decisions"),
        ("POST", "decisions/1/reversal"),
        ("POST", "bans"),
        ("DELETE", "bans/1"),
        ("POST", "threads/moves"),
        ("PATCH", "settings"),
        ("PATCH", "threads?slug=tarn"),
        ("DELETE", "threads/aliases?slug=tarn"),
    )
    for method, path in writes:
        mark = "&" if "?" in path else "?"
        assert fields(ask(horizons, ada, method, f"{path}{mark}notify=1", {})) == ["notify"], path


def test_a_reversal_takes_no_fields(horizons: Service, ada: str) -> None:
    assert fields(ask(horizons, ada, "POST", "decisions/1/reversal", {"reason": "x"})) == ["reason"]


def test_ids_that_are_nowhere_are_not_found(horizons: Service, ada: str) -> None:
    for number in (10**9, 2**63, 10**30):
        problem(ask(horizons, ada, "GET", f"comments/{number}"), 404)
        problem(ask(horizons, ada, "POST", f"decisions/{number}/reversal"), 404)
        problem(ask(horizons, ada, "DELETE", f"bans/{number}"), 404)
    problem(ask(horizons, ada, "GET", "queues/withdrawn"), 404)


def test_ids_of_another_site_answer_like_unknown_ones(horizons: Service, ada: str) -> None:
    horizons.add_site("fells")
    bo = horizons.add_moderator("Bo", sites=["fells"], role="admin")
    comment = held(horizons)
    (result,) = content(horizons.decide(ada, item(comment)))["results"]
    ban = content(
        ask(horizons, ada, "POST", "bans", {"kind": "address", "comment": comment, "reason": "x"}), 201
    )
    for method, known, unknown, body in (
        ("GET", f"comments/{comment}", "comments/99999", None),
        ("POST", f"decisions/{result['decision']}/reversal", "decisions/99999/reversal", None),
        ("DELETE", f"bans/{ban['id']}", "bans/99999", None),
        ("GET", "threads?slug=tarn", "threads?slug=nowhere", None),
    ):
        answers = [ask(horizons, bo, method, path, body, site="fells") for path in (known, unknown)]
        assert problem(answers[0], 404) == problem(answers[1], 404)
    (seen,) = content(horizons.decide(bo, item(comment), site="fells"))["results"]
    assert seen == {"comment": comment, "result": "not_found", "decision": None}


def test_a_card_tells_everything(horizons: Service, ada: str) -> None:
    comment = held(horizons)
    horizons.decide(ada, item(comment, "reject", reason="other", note="Seen before."))
    card = content(ask(horizons, ada, "GET", f"comments/{comment}"))
    assert [one["body"] for one in card["revisions"]] == ["A thought."]
    assert [(one["action"], one["by"], one["note"]) for one in card["decisions"]][-1] == (
        "reject",
        "Ada",
        "Seen before.",
    )
    assert card["reports"] == []
    assert card["status"] == "rejected"


def test_reports_are_listed_until_they_are_answered(horizons: Service, ada: str) -> None:
    comment = horizons.posted()["id"]
    path = f"horizons/comments/{comment}/reports"
    assert horizons.post_json(path, {"reason": "abuse", "text": "Rude."}).status_code < 300
    (row,) = content(ask(horizons, ada, "GET", "queues/reported"))["comments"]
    assert [(one["reason"], one["text"], one["closed_at"]) for one in row["reports"]] == [
        ("abuse", "Rude.", None)
    ]
    content(horizons.decide(ada, item(comment, **{"from": "published"})))
    assert content(ask(horizons, ada, "GET", "queues/reported"))["comments"] == []
    (report,) = content(ask(horizons, ada, "GET", f"comments/{comment}"))["reports"]
    assert TIME.fullmatch(report["closed_at"])


def test_the_log_is_chained_and_comes_in_pages(horizons: Service, ada: str) -> None:
    comment = held(horizons)
    horizons.decide(ada, item(comment))
    first = content(ask(horizons, ada, "GET", "log?limit=1"))
    (row,) = first["decisions"]
    assert (row["comment"], row["action"], row["by"], len(row["hash"])) == (comment, "approve", "Ada", 64)
    second = content(ask(horizons, ada, "GET", f"log?limit=1&cursor={first['next']}"))
    assert second["decisions"][0]["seq"] == row["seq"] - 1
    stored = horizons.write(
        lambda session: session.scalars(select(Decision.hash).order_by(Decision.seq)).all()
    )
    assert stored[-1].hex() == row["hash"]


def test_the_log_leaves_as_a_file(horizons: Service, ada: str) -> None:
    comment = held(horizons)
    horizons.decide(ada, item(comment, "reject", reason="other", note="=cmd()"))
    for form, content_type in (("jsonl", "application/x-ndjson"), ("csv", "text/csv")):
        answer = ask(horizons, ada, "GET", f"log/export?format={form}")
        assert (answer.status_code, answer.content_type) == (200, f"{content_type}; charset=utf-8")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="horizons-log.{form}"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert ("'=cmd()" in answer.text) == (form == "csv")
        assert len(answer.text.splitlines()) == 2 + (form == "csv")


def test_figures_of_the_last_month_need_no_dates(horizons: Service, ada: str) -> None:
    horizons.decide(ada, item(held(horizons), "reject"))
    found = content(ask(horizons, ada, "GET", "figures"))
    assert (found["by_people"], found["by_software"], found["pending"]) == (1, 1, 0)
    assert (found["actions"], found["reasons"]) == ({"hold": 1, "reject": 1}, {"abuse": 1})
    assert 0 <= found["median_seconds"] == found["p90_seconds"] < 60
    assert TIME.fullmatch(found["from"])
    assert found["from"] < found["to"]


def test_who_is_trusted_is_not_held_for_a_first_comment(horizons: Service, ada: str) -> None:
    horizons.set_policy(mode="first")
    key = new_author_key()
    first, second = (horizons.posted(body, author_key=key) for body in ("One.", "Two."))
    assert (first["status"], second["status"]) == ("pending", "pending")
    horizons.decide(ada, item(first["id"], trust=True))
    withdrawn = f"horizons/comments/{first['id']}/withdrawal"
    assert horizons.post_json(withdrawn, {"author_key": key}).status_code == 200
    (row,) = content(ask(horizons, ada, "GET", f"queues/pending?cluster={second['id']}"))["comments"]
    assert (row["id"], row["cluster"], row["author"]["trusted"]) == (second["id"], second["id"], True)
    assert horizons.posted("Three.", author_key=key)["status"] == "published"
    assert [row["trusts"] for row in content(ask(horizons, ada, "GET", "log"))["decisions"]] == [
        True,
        False,
        False,
    ]


def test_whatever_software_holds_is_in_the_log(horizons: Service, ada: str) -> None:
    horizons.set_policy(words_held=["ferry"], hide_after_reports=1)
    by_post = horizons.posted("The ferry.", author_key=new_author_key())["id"]
    sent = horizons.post("A thought.", author_key=new_author_key()).get_json()
    by_edit = sent["comment"]["id"]
    edit = {"body": "The ferry sank.", "edit_token": sent["edit_token"]}
    assert horizons.post_json(f"horizons/comments/{by_edit}/revisions", edit).status_code == 202
    by_reports = horizons.posted("Another.", author_key=new_author_key())["id"]
    for reason in ("abuse", "spam"):
        horizons.post_json(f"horizons/comments/{by_reports}/reports", {"reason": reason})
    rows = content(ask(horizons, ada, "GET", "log"))["decisions"]
    assert [(row["comment"], row["revision"], row["action"], row["by"]) for row in rows] == [
        (by_reports, 1, "hold", "software"),
        (by_edit, 2, "hold", "software"),
        (by_post, 1, "hold", "software"),
    ]


def test_a_banned_author_may_not_write_until_it_is_lifted(horizons: Service, ada: str) -> None:
    key = "k" * 22
    comment = horizons.posted(author_key=key)["id"]
    asked = {"kind": "author", "comment": comment, "reason": "Insults."}
    ban = content(ask(horizons, ada, "POST", "bans", asked), 201)
    assert (ban["kind"], ban["by"], ban["expires_at"]) == ("author", "Ada", None)
    assert content(ask(horizons, ada, "GET", "bans"))["bans"] == [ban]
    assert horizons.post("Another.", author_key=key).status_code == 403
    lifted = ask(horizons, ada, "DELETE", f"bans/{ban['id']}")
    assert (lifted.status_code, lifted.data) == (204, b"")
    assert content(ask(horizons, ada, "GET", "bans"))["bans"] == []
    assert horizons.post("A third.", author_key=key).status_code == 201


def test_an_address_ban_tells_no_address(horizons: Service, ada: str) -> None:
    comment = horizons.posted()["id"]
    asked = {"kind": "address", "comment": comment, "reason": "A flood."}
    ban = content(ask(horizons, ada, "POST", "bans", asked), 201)
    assert set(ban) == {"id", "kind", "author", "author_name", "reason", "by", "created_at", "expires_at"}
    assert TIME.fullmatch(ban["expires_at"])
    assert horizons.post("Another.").status_code in (202, 403)


BAD_BANS = [
    ({"kind": "author", "comment": 1}, "reason"),
    ({"kind": "author", "comment": 1, "reason": ""}, "reason"),
    ({"kind": "name", "comment": 1, "reason": "x"}, "kind"),
    ({"kind": "author", "reason": "x"}, "author"),
    ({"kind": "author", "comment": 1, "reason": "x", "expires_at": "soon"}, "expires_at"),
    ({"kind": "author", "comment": 1, "reason": "x", "expires_at": "2030-01-01T00:00:00"}, "expires_at"),
    ({"kind": "author", "comment": 1, "reason": "x", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ({"kind": "author", "comment": 1, "reason": "x", "address": "10.0.0.1"}, "address"),
]


def test_a_bad_ban_is_refused_by_field(horizons: Service, ada: str) -> None:
    horizons.posted(author_key="k" * 22)
    for body, field in BAD_BANS:
        assert fields(ask(horizons, ada, "POST", "bans", body)) == [field], body


def test_a_closed_thread_takes_no_comments(horizons: Service, ada: str) -> None:
    patched = content(ask(horizons, ada, "PATCH", "threads?slug=tarn", {"mode": "closed"}))
    assert (patched["slug"], patched["mode"], patched["aliases"]) == ("tarn", "closed", [])
    assert horizons.post().status_code == 403
    assert horizons.page()["thread"]["mode"] == "closed"
    content(ask(horizons, ada, "PATCH", "threads?slug=tarn", {"mode": None}))
    assert horizons.post().status_code == 201


def test_a_thread_closes_at_its_time(horizons: Service, ada: str) -> None:
    changes = {"closes_at": "2030-01-01T00:00:00+02:00", "slow_seconds": 30}
    content(ask(horizons, ada, "PATCH", "threads?slug=tarn", changes))
    found = content(ask(horizons, ada, "GET", "threads?slug=tarn"))
    assert (found["closes_at"], found["slow_seconds"]) == ("2029-12-31T22:00:00Z", 30)
    assert horizons.page()["thread"]["closes_at"] == "2029-12-31T22:00:00Z"


BAD_CHANGES = [
    ({"mode": "quiet"}, "mode"),
    ({"closes_at": "tomorrow"}, "closes_at"),
    ({"slow_seconds": -1}, "slow_seconds"),
    ({"slow_seconds": 86_401}, "slow_seconds"),
    ({"title": "x" * 501}, "title"),
    ({"url": "javascript:alert(1)"}, "url"),
    ({"count": 3}, "count"),
]


def test_a_bad_change_of_a_thread_is_refused_by_field(horizons: Service, ada: str) -> None:
    for body, field in BAD_CHANGES:
        assert fields(ask(horizons, ada, "PATCH", "threads?slug=tarn", body)) == [field], body
    assert horizons.write(lambda session: session.scalars(select(Thread.id)).all()) == []


def test_a_moved_thread_is_read_by_both_slugs_until_the_old_one_is_dropped(
    horizons: Service, ada: str
) -> None:
    comment = horizons.posted()["id"]
    moved = content(ask(horizons, ada, "POST", "threads/moves", {"slug": "tarn", "to": "lake"}))
    assert (moved["slug"], moved["aliases"], moved["count"]) == ("lake", ["tarn"], 1)
    for slug in ("lake", "tarn"):
        page = horizons.page(slug)
        assert page["thread"]["slug"] == "lake"
        assert [one["id"] for one in page["comments"]] == [comment]
    problem(ask(horizons, ada, "POST", "threads/moves", {"slug": "lake", "to": "lake"}), 409)
    problem(ask(horizons, ada, "POST", "threads/moves", {"slug": "nowhere", "to": "lake"}), 404)
    assert ask(horizons, ada, "DELETE", "threads/aliases?slug=tarn").status_code == 204
    assert horizons.page("tarn")["comments"] == []
    problem(ask(horizons, ada, "DELETE", "threads/aliases?slug=tarn"), 404)


def test_the_settings_of_a_site_are_read_and_changed(horizons: Service, ada: str) -> None:
    before = content(ask(horizons, ada, "GET", "settings"))
    assert (before["mode"], before["origins"]) == ("open", [ORIGIN])
    changed = content(ask(horizons, ada, "PATCH", "settings", {"links_max": 0, "words_held": ["casino"]}))
    assert changed == before | {"links_max": 0, "words_held": ["casino"]}
    assert content(ask(horizons, ada, "GET", "settings")) == changed
    assert content(ask(horizons, ada, "PATCH", "settings", {"links_max": None})) == before | {
        "words_held": ["casino"]
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [({"mode": "quiet"}, "mode"), ({"links_max": -1}, "links_max"), ({"colour": "red"}, "colour")],
)
def test_a_bad_setting_is_refused_by_name(horizons: Service, ada: str, body: Any, field: str) -> None:
    assert fields(ask(horizons, ada, "PATCH", "settings", body)) == [field]

"""Posting, editing and withdrawing through the public API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from comments_service import clock
from tests.app import ORIGIN, Service, new_author_key


def test_a_comment_is_published_at_once_and_stands_on_the_page(horizons: Service) -> None:
    answer = horizons.post("Hello **there**", author_key=new_author_key())
    assert answer.status_code == 201
    sent = answer.get_json()
    assert sent["comment"]["html"] == "<p>Hello <strong>there</strong></p>"
    assert sent["edit_token"]
    assert sent["edit_until"].endswith("Z")
    assert sent["reason"] is None
    page = horizons.page()
    assert page["thread"]["count"] == 1
    assert page["comments"][0]["id"] == sent["comment"]["id"]


def test_a_form_posts_like_json(horizons: Service) -> None:
    form = {"slug": "tarn", "name": "Wren", "body": "From a form", "parent": "", "subject": ""}
    answer = horizons.client.post("/api/v1/sites/horizons/comments", data=form, headers={"Origin": ORIGIN})
    assert answer.status_code == 201
    assert horizons.page()["comments"][0]["html"] == "<p>From a form</p>"


def test_a_reply_stands_under_its_root(horizons: Service) -> None:
    root = horizons.posted("Root")
    first = horizons.posted("First", parent=root["id"])
    second = horizons.posted("Second", parent=first["id"])
    shown = horizons.page()["comments"][0]
    assert shown["replies_total"] == 2
    assert [(reply["id"], reply["parent"]) for reply in shown["replies"]] == [
        (first["id"], root["id"]),
        (second["id"], first["id"]),
    ]


def test_a_reply_needs_a_published_parent_in_the_same_thread(horizons: Service) -> None:
    elsewhere = horizons.posted("Root", slug="elsewhere")
    for parent in (elsewhere["id"], 999_999):
        answer = horizons.post("Reply", parent=parent)
        assert answer.status_code == 404
        assert answer.get_json()["code"] == "parent_not_found"


def test_a_held_comment_leaves_no_public_trace(horizons: Service) -> None:
    before = horizons.get("horizons/comments", slug="tarn")
    horizons.set_policy(words_held=["clowns"])
    unknown = horizons.get("horizons/comments", slug="tarn")
    answer = horizons.post("What clowns", author_key=new_author_key())
    assert answer.status_code == 202
    assert answer.get_json()["comment"]["status"] == "pending"
    assert answer.get_json()["reason"]
    after = horizons.get("horizons/comments", slug="tarn")
    assert after.data == unknown.data == before.data
    assert after.headers["ETag"] == unknown.headers["ETag"]
    assert horizons.get("horizons/counts", slug="tarn").get_json() == {"counts": {"tarn": 0}}
    assert horizons.get(f"horizons/comments/{answer.get_json()['comment']['id']}").status_code == 404


def test_refused_words_are_named_at_their_field(horizons: Service) -> None:
    horizons.set_policy(words_refused=["viagra"])
    answer = horizons.post("Buy v1agra now")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "body"
    assert horizons.page()["thread"]["count"] == 0


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        ({"links_max": 0}, {"body": "See https://spam.example/now"}),
        ({"mode": "premoderated"}, {}),
        ({"mode": "first"}, {}),
        ({"name_reserved": ["The Editor"]}, {"name": "the  edit0r"}),
        ({"form_token": "hold"}, {}),
        ({}, {"subject": "I am a program"}),
    ],
)
def test_what_needs_a_look_is_held_with_a_reason(
    horizons: Service, policy: dict[str, Any], fields: dict[str, Any]
) -> None:
    horizons.set_policy(**policy)
    answer = horizons.post(**{"body": "Hello", "author_key": new_author_key(), **fields})
    assert answer.status_code == 202, answer.get_json()
    assert answer.get_json()["reason"]
    assert horizons.page()["thread"]["count"] == 0


def test_what_was_typed_faster_than_a_person_types_is_held(horizons: Service, tick: Any) -> None:
    form = horizons.post_json("horizons/forms", {}).get_json()["form"]
    tick(timedelta(seconds=1))
    assert horizons.post("Fast", form=form).status_code == 202
    tick(timedelta(seconds=1))
    assert horizons.post("Slow enough", form=form).status_code == 201
    horizons.set_policy(form_token="hold")
    tick(timedelta(hours=23))
    assert horizons.post("Thought over", form=form).status_code == 201
    tick(timedelta(hours=1))
    assert horizons.post("Kept in store", form=form).status_code == 202
    horizons.add_site("elsewhere")
    foreign = horizons.post_json("elsewhere/forms", {}).get_json()["form"]
    tick(timedelta(seconds=5))
    assert horizons.post("Replayed", form=foreign).status_code == 202
    assert horizons.post("Forged", form=foreign[:-3] + "AAA").status_code == 202


def test_closed_threads_and_unregistered_slugs_refuse(horizons: Service) -> None:
    horizons.set_policy(mode="closed")
    assert horizons.post().get_json()["code"] == "closed"
    horizons.set_policy(mode="open", threads="registered")
    answer = horizons.post()
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not_registered")


def test_an_author_cannot_say_the_same_twice(horizons: Service) -> None:
    key = new_author_key()
    horizons.posted("Same words", author_key=key)
    answer = horizons.post("same  WORDS", author_key=key)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "duplicate")
    assert horizons.post("Same words", author_key=new_author_key()).status_code == 201


def test_a_retry_with_its_key_stores_nothing_twice(horizons: Service) -> None:
    key = new_author_key()
    first = horizons.post("Once", author_key=key, key="k1")
    again = horizons.post("Once", author_key=key, key="k1")
    assert first.status_code == again.status_code == 201
    assert first.get_json()["comment"] == again.get_json()["comment"]
    assert horizons.page()["thread"]["count"] == 1


def test_a_retry_tells_the_first_status_and_the_comment_as_it_is_now(horizons: Service) -> None:
    horizons.set_policy(mode="premoderated")
    token, key = horizons.add_moderator(), new_author_key()
    first = horizons.post("Wait", author_key=key, key="k1")
    decision = {"comment": first.get_json()["comment"]["id"], "revision": 1, "from": "pending"}
    assert horizons.decide(token, {**decision, "action": "approve"}).status_code == 200
    again = horizons.post("Wait", author_key=key, key="k1")
    assert again.status_code == first.status_code == 202
    assert again.get_json()["comment"]["status"] == "published"


def test_a_key_with_other_words_or_without_an_author_is_invalid(horizons: Service) -> None:
    key = new_author_key()
    horizons.posted("Once", author_key=key, key="k1")
    assert horizons.post("Other", author_key=key, key="k1").status_code == 422
    assert horizons.post("Once", key="k1").status_code == 422
    assert horizons.post("Once more", author_key=new_author_key(), key="k1").status_code == 201


def test_an_idempotency_key_may_come_in_its_header(horizons: Service) -> None:
    words = {"slug": "tarn", "name": "Wren", "body": "Hello", "author_key": new_author_key()}
    for _ in range(2):
        answer = horizons.post_json("horizons/comments", words, **{"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    assert horizons.page()["thread"]["count"] == 1
    both = horizons.post_json("horizons/comments", words | {"key": "k2"}, **{"Idempotency-Key": "k1"})
    assert both.status_code == 422


def test_slow_mode_makes_an_author_wait(horizons: Service, tick: Any) -> None:
    key = new_author_key()
    horizons.posted("First", author_key=key)
    slow_down(horizons, 60)
    answer = horizons.post("Second", author_key=key)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "slow")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    tick(timedelta(seconds=61))
    assert horizons.post("Second", author_key=key).status_code == 201


def test_slow_mode_holds_for_writers_without_an_author_key_too(horizons: Service, tick: Any) -> None:
    slow_down(horizons, 60)
    assert horizons.post("First").status_code == 201
    assert horizons.post("Second").get_json()["code"] == "slow"
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    words = {"slug": "tarn", "name": "Ada", "body": "From another house"}
    path = "/api/v1/sites/horizons/comments"
    assert horizons.client.post(path, json=words, environ_base=elsewhere).status_code == 201


def test_slow_mode_makes_nobody_wait_for_others_at_their_address(horizons: Service, tick: Any) -> None:
    slow_down(horizons, 3_600)
    assert horizons.post("First", author_key=new_author_key()).status_code == 201
    assert horizons.post("Somebody else's", author_key=new_author_key()).status_code == 201


def test_slow_mode_goes_on_over_midnight_for_writers_without_an_author_key(
    horizons: Service, tick: Any
) -> None:
    slow_down(horizons, 3_600)
    midnight = (clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    tick(midnight - timedelta(minutes=10) - clock.now())
    assert horizons.post("First").status_code == 201
    tick(timedelta(minutes=20))
    answer = horizons.post("Second")
    assert answer.get_json()["code"] == "slow"
    assert int(answer.headers["Retry-After"]) == 40 * 60
    tick(timedelta(minutes=40))
    assert horizons.post("Second").status_code == 201


def test_an_edit_replaces_the_text_and_says_so(horizons: Service) -> None:
    sent = horizons.post("Befor", author_key=new_author_key()).get_json()
    path = f"horizons/comments/{sent['comment']['id']}/revisions"
    answer = horizons.post_json(path, {"body": "Before", "edit_token": sent["edit_token"]})
    assert answer.status_code == 201
    shown = horizons.page()["comments"][0]
    assert (shown["html"], shown["revision"]) == ("<p>Before</p>", 2)
    assert shown["edited_at"]


def test_a_held_edit_leaves_the_last_revision_public(horizons: Service) -> None:
    horizons.set_policy(words_held=["clowns"])
    sent = horizons.post("Fine", author_key=new_author_key()).get_json()
    path = f"horizons/comments/{sent['comment']['id']}/revisions"
    answer = horizons.post_json(path, {"body": "You clowns", "edit_token": sent["edit_token"]})
    assert answer.status_code == 202
    assert answer.get_json()["comment"]["html"] == "<p>You clowns</p>"
    shown = horizons.page()["comments"][0]
    assert (shown["html"], shown["revision"], shown["edited_at"]) == ("<p>Fine</p>", 1, None)


def test_an_edit_never_publishes_what_waits(horizons: Service) -> None:
    horizons.set_policy(words_held=["clowns"])
    sent = horizons.post("You clowns", author_key=new_author_key()).get_json()
    path = f"horizons/comments/{sent['comment']['id']}/revisions"
    answer = horizons.post_json(path, {"body": "You people", "edit_token": sent["edit_token"]})
    assert answer.status_code == 202
    assert horizons.page()["thread"]["count"] == 0


def test_an_edit_token_is_good_for_its_comment_and_its_time(horizons: Service, tick: Any) -> None:
    sent = horizons.post("Mine", author_key=new_author_key()).get_json()
    other = horizons.posted("Other", author_key=new_author_key())
    words = {"body": "Changed", "edit_token": sent["edit_token"]}
    assert horizons.post_json(f"horizons/comments/{other['id']}/revisions", words).status_code == 403
    good = sent["edit_token"]
    # The letter before the last: the last one's lowest bits are no part of the signature.
    forged = words | {"edit_token": f"{good[:-2]}{'B' if good[-2] == 'A' else 'A'}{good[-1]}"}
    path = f"horizons/comments/{sent['comment']['id']}/revisions"
    assert horizons.post_json(path, forged).status_code == 403
    tick(timedelta(minutes=15))
    assert horizons.post_json(path, words).get_json()["code"] == "edit_late"


def test_an_author_takes_a_comment_back(horizons: Service) -> None:
    key = new_author_key()
    root = horizons.posted("Regret", author_key=key)
    horizons.posted("Answer", parent=root["id"], author_key=new_author_key())
    path = f"horizons/comments/{root['id']}/withdrawal"
    assert horizons.post_json(path, {"author_key": new_author_key()}).status_code == 403
    assert horizons.post_json(path, {}).status_code == 422
    assert horizons.post_json(path, {"author_key": key}).status_code == 200
    assert horizons.post_json(path, {"author_key": key}).status_code == 200
    page = horizons.page()
    assert page["thread"]["count"] == 1
    assert page["comments"][0]["removed"] == "author"
    assert "Regret" not in str(page)


def test_an_author_finds_what_waits_and_what_was_refused(horizons: Service) -> None:
    horizons.set_policy(mode="premoderated")
    token, key = horizons.add_moderator(), new_author_key()
    waiting = horizons.posted("Waiting", author_key=key)
    refused = horizons.posted("Refused", author_key=key)
    decision = {"comment": refused["id"], "revision": 1, "from": "pending", "action": "reject"}
    horizons.decide(token, {**decision, "reason": "personal_data"})
    mine = horizons.post_json("horizons/mine", {"author_key": key, "slug": "tarn"}).get_json()["comments"]
    assert [(c["id"], c["status"]) for c in mine] == [
        (waiting["id"], "pending"),
        (refused["id"], "rejected"),
    ]
    assert mine[1]["reason"] == "Not published: personal data"
    assert [c["statement"]["action"] for c in mine] == ["hold", "reject"]
    statement = mine[1]["statement"]
    assert set(statement) == {
        *("decision", "action", "revision", "decided_at", "decided_by", "found_by", "ground", "reason"),
        *("note", "facts", "rules_url", "contact", "text"),
    }
    assert (statement["ground"], statement["reason"], statement["rules_url"]) == (
        "rules",
        "personal_data",
        None,
    )
    strangers = horizons.post_json("horizons/mine", {"author_key": new_author_key(), "slug": "tarn"})
    assert strangers.get_json() == {"comments": []}


def test_only_pages_of_the_site_may_post(horizons: Service) -> None:
    words = {"slug": "tarn", "name": "Wren", "body": "Hello"}
    for origin, status in ((ORIGIN, 201), ("https://evil.example", 403), ("null", 403)):
        answer = horizons.post_json("horizons/comments", words | {"body": f"From {origin}"}, Origin=origin)
        assert answer.status_code == status
    assert "site set" in answer.get_json()["detail"]


def test_a_preview_shows_the_rendering_and_stores_nothing(horizons: Service) -> None:
    answer = horizons.post_json("horizons/previews", {"body": "*so*"})
    assert answer.get_json() == {"html": "<p><em>so</em></p>"}
    assert horizons.page()["thread"]["count"] == 0


def slow_down(service: Service, seconds: int) -> None:
    """Have a moderator put the thread that tests post to into slow mode."""
    patched = service.client.patch(
        "/api/v1/sites/horizons/moderation/threads?slug=tarn",
        json={"slow_seconds": seconds},
        headers={"Authorization": f"Bearer {service.add_moderator()}"},
    )
    assert patched.status_code == 200, patched.get_json()


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moves the service's clock on, which stands still but for that."""
    now = clock.now()

    def move(by: timedelta) -> None:
        nonlocal now
        now += by

    monkeypatch.setattr(clock, "now", lambda: now)
    return move
